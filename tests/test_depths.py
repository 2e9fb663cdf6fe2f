"""Three depths: the formulas of a panel with the run's numbers, and the source code."""

import ast
import math
import re
import textwrap
from pathlib import Path

import pytest
import transformers

from model.engine.source_code import FUNCTIONS, source_code
from model.request.errors import UserError
from tests.browser import ROOT, finished

PACKAGES = Path(transformers.__file__).resolve().parent.parent
AROUND = {"model", "branches", "cache", "latency", "batching", "speculative", "whatif", "compare"}


def test_the_code_of_every_stage_is_what_its_file_says(lm):
    stages = re.search(r"STAGES = \[(.*?)\]", (ROOT / "assets/js/maths/stops.js").read_text(encoding="utf-8"))[1]
    assert set(FUNCTIONS) == {name.strip(" '") for name in stages.split(",")} | AROUND
    for stage in FUNCTIONS:
        listings = source_code(lm, stage)
        assert len(listings) == len(FUNCTIONS[stage]) + (stage == "layers") > 0
        for shown in listings:
            path = (PACKAGES if shown.file.startswith("transformers/") else ROOT) / shown.file
            source = path.read_text(encoding="utf-8")
            wanted = shown.name.split(".")[-1]
            nodes = [node for node in ast.walk(ast.parse(source)) if getattr(node, "name", None) == wanted]
            starts = [min([node.lineno, *(one.lineno for one in node.decorator_list)]) for node in nodes]
            node = nodes[starts.index(shown.line)]
            lines = source.splitlines()[shown.line - 1 : node.end_lineno]
            assert shown.text == textwrap.dedent("\n".join(lines))


def test_the_block_shown_is_the_models_own(lm):
    block = source_code(lm, "layers")[0]
    assert block.file == "transformers/models/llama/modeling_llama.py"
    assert "self.self_attn(" in block.text


@pytest.mark.parametrize("stage", ["", "../model", None, 3, ["text"], "x" * 500])
def test_a_stage_that_is_none_is_refused(lm, stage):
    with pytest.raises(UserError, match="must be one of: text, tokenize"):
        source_code(lm, stage)


def test_formulas_and_code_stand_at_the_foot_of_a_panel(page, server):
    page.goto(server)
    finished(page)
    page.click("#tab-decode")
    page.click("#panel-decode .depths summary >> nth=0")
    said = page.locator("#panel-decode .formulas li").first.locator("..").inner_text()
    top, total, share = re.search(r"e\^([\d.]+) / e\^([\d.]+) = ([\d.]+) %", said).groups()
    assert math.exp(float(top) - float(total)) == pytest.approx(float(share) / 100, abs=0.01)
    p, bits = re.search(r"−log₂ ([\d.]+) = ([\d.]+) bits", said).groups()
    assert -math.log2(float(p)) == pytest.approx(float(bits), abs=0.01)

    page.keyboard.press("ArrowRight")  # the summary has the focus, so the walk does not move
    page.click(".player button[aria-label=Next]")
    page.click("#panel-select .depths summary >> nth=1")
    page.wait_for_selector("#panel-select .listing pre")
    text = page.eval_on_selector("#panel-select .listing pre", "pre => pre.textContent").strip()
    assert text in (ROOT / "model/decode/sampling.py").read_text(encoding="utf-8")
    assert text.startswith("@torch.inference_mode()\ndef choose(")
