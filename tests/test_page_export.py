"""Exports: the walk as a file without a server, the run as a trace file, figures, tables."""

import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from tests.browser import finished, scripts, settled, tabs, tokens, visitor

PROMPT = "=1+1 </script>&"


@pytest.fixture
def shown(page, server):
    """The page with a short run whose text contains markup and a formula."""
    page.goto(f"{server}?p={PROMPT.replace('+', '%2B').replace('&', '%26')}&n=3")
    finished(page)
    assert page.get_attribute("#tbt", "data-prompt") == PROMPT
    return page


def taken(page, name: str, path):
    """Clicks an entry of the menu and saves the file."""
    page.click(".take-summary")
    with page.expect_download(timeout=120_000) as download:
        page.click(f".take-item:has-text('{name}')")
    download.value.save_as(path)
    return path


def probabilities(page) -> list[str]:
    page.click("#tab-decode")
    page.wait_for_selector(".bars tbody tr >> nth=10")
    return page.locator(".bars tbody tr").all_inner_texts()


def lens(page) -> str:
    """The lens's text for one cell, and for the last row of another position."""
    page.click("#tab-layers")
    page.wait_for_selector(".lens-place canvas")
    for _ in range(60):
        page.mouse.move(0, 0)
        page.hover(".lens-place canvas", position={"x": 140, "y": 60})
        if "entropy" in (said := page.inner_text(".layers-said >> nth=0")):
            return said
        page.wait_for_timeout(250)
    raise AssertionError(said)


def residual(page, position: int) -> str:
    page.click(f".strip .chip[data-position='{position}']")
    page.wait_for_selector(f".panel-layers .card:has-text('(position {position})')")
    return page.text_content(f".panel-layers .card:has-text('(position {position})')")


def test_the_walk_as_one_file_opens_offline_with_the_same_numbers(shown, chromium, tmp_path):
    live = [tokens(shown), tokens(shown, "prompt"), probabilities(shown), lens(shown), residual(shown, 1)]
    shown.click("#tab-text")
    file = taken(shown, "Walk as one page", tmp_path / "walk.html")
    text = file.read_text(encoding="utf-8")
    assert len(text) < 2_500_000
    assert "default-src 'none'" in text
    # Text from the visitor appears only in the title, escaped, and in the data.
    assert text.count("</script>") == 2
    with visitor(chromium, offline=True) as tab:
        problems, asked = [], []
        tab.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(file.as_uri())
        finished(tab)
        assert [tokens(tab), tokens(tab, "prompt"), probabilities(tab), lens(tab), residual(tab, 1)] == live
        for stage in tabs(tab):
            settled(tab, stage)
            assert len(tab.inner_text(f"#panel-{stage}")) > 80, stage
        # What is not in the file says so, and nothing breaks.
        settled(tab, "cache")
        tab.locator(".panel-cache button.primary").first.click()
        tab.wait_for_selector(".refused:has-text('needs the live page')")
        assert problems == []
        assert file.as_uri() in asked
        assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []


def test_recording_can_be_stopped(shown):
    shown.click(".take-summary")
    shown.click(".take-item:has-text('Walk as one page')")
    shown.wait_for_selector(".status:has-text('Recording the walk')")
    shown.wait_for_selector(".walk-copy", state="attached")
    shown.click(".status button")
    shown.wait_for_selector(".take-said:has-text('Nothing was saved')")
    shown.wait_for_selector(".walk-copy", state="detached")


def opened(page, path) -> str:
    page.set_input_files(".take input[type=file]", path)
    page.wait_for_selector(".take-said:not([hidden]), .status .refused")
    return page.inner_text(".take-said:not([hidden]), .status .refused")


def test_a_trace_file_opens_again_and_a_changed_one_is_found_out(shown, page, server, tmp_path):
    file = taken(shown, "Trace file", tmp_path / "run.json")
    made = json.loads(file.read_text(encoding="utf-8"))
    assert made["recipe"]["prompt"] == PROMPT
    before = tokens(shown)
    assert [step["token"]["id"] for step in made["steps"]] == before
    page.goto(f"{server}?p=Something+else&n=2")
    finished(page)
    said = opened(page, file)
    assert "the same 3 tokens" in said
    assert "All logits are equal to the last bit" in said
    page.wait_for_function("p => document.querySelector('#tbt').dataset.prompt === p", arg=PROMPT)
    finished(page)
    assert tokens(page) == before
    made["steps"][1]["candidates"]["probability"][0] -= 0.01
    file.write_text(json.dumps(made))
    page.click(".take-said button")
    assert "more than 1.0 %" in opened(page, file)
    # A file that names its model and dtype opens them.
    made["recipe"]["dtype"] = "bfloat16"
    file.write_text(json.dumps(made))
    page.click(".take-said button")
    assert "bfloat16" in opened(page, file)
    page.wait_for_function("() => document.querySelector('button.model').innerText.includes('bfloat16')")
    finished(page)
    made["recipe"]["dtype"] = ""
    made["model"]["model_id"] = "other/model"
    file.write_text(json.dumps(made))
    page.click(".take-said button")
    assert "Choose that model at the top of the page" in opened(page, file)
    file.write_text("{")
    assert "not JSON" in opened(page, file)


def item(page, name: str, kind: str, path):
    page.click(".take-summary")
    with page.expect_download() as download:
        page.click(f".figure-list button[aria-label='Save “{name}” as {kind}']")
    download.value.save_as(path)
    page.keyboard.press("Escape")
    return download.value.suggested_filename


def test_tables_become_csv_in_which_no_token_is_a_formula(shown, tmp_path):
    shown.click("#tab-tokenize")
    shown.wait_for_selector(".panel-tokenize table tbody tr")
    name = item(shown, "Every token", "CSV", tmp_path / "t.csv")
    assert name.startswith("token-by-token-1-1-script-tokenize-every-token")
    raw = (tmp_path / "t.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    fields = re.findall(r'(?:^|,)("(?:[^"]|"")*"|[^,"\r\n]*)', raw.decode("utf-8-sig"), re.MULTILINE)
    assert '"\'="' in fields
    assert [
        field for field in fields if re.match(r'"?[=+@-]', field) and not re.fullmatch(r'"?[-+]?[\d.]+"?', field)
    ] == []


FIELDS = {
    "plain": "plain",
    "a,b": '"a,b"',
    'say "x"': '"say ""x"""',
    "=SUM(A1)": '"\'=SUM(A1)"',
    "@x": '"\'@x"',
    " =x": '"\' =x"',
    "-x": '"\'-x"',
    "-1.5": "-1.5",
    "+3 %": "+3 %",
    "2e-5": "2e-5",
    "＝1": '"\'＝1"',
}


def test_fields_of_a_csv_are_quoted_and_made_safe(page, server):
    found = page.evaluate(
        "async ([csv, texts]) => texts.map((await import(csv)).field)",
        [f"{scripts(page, server)}maths/csv.js", list(FIELDS)],
    )
    assert dict(zip(FIELDS, found, strict=True)) == FIELDS


def test_a_figure_as_svg_and_png_stands_alone(shown, tmp_path):
    settled(shown, "layers")
    shown.wait_for_selector(".panel-layers svg")
    item(shown, "By layer", "SVG", tmp_path / "f.svg")
    text = (tmp_path / "f.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "var(" not in text
    assert "class=" not in text
    item(shown, "By layer", "PNG", tmp_path / "f.png")
    picture = np.asarray(Image.open(tmp_path / "f.png").convert("RGB"))
    assert picture.shape[1] == pytest.approx(2 * float(root.get("width")), abs=2)
    # Its bars are there, in the colours of attention and MLP.
    for colour in ((0x00, 0x67, 0xA8), (0xB0, 0x48, 0x02)):
        assert (np.abs(picture.astype(int) - colour).max(-1) < 8).sum() > 20
    item(shown, "Logit lens: what the model would say if it ended here", "PNG", tmp_path / "l.png")
    assert np.asarray(Image.open(tmp_path / "l.png").convert("L")).std() > 10
