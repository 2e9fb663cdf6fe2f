"""What a chat template leaves out or writes by itself is told on the page."""

import pytest

from tests.browser import finished
from tests.saved_models import save
from tests.small_tokenizers import KINDS

TEMPLATE = (
    "Today is {{ strftime_now('%Y-%m-%d') }}. "
    "{% for message in messages if message.role == 'user' %}{{ message.content }}{% endfor %}"
)


@pytest.fixture(scope="module")
def dated(tmp_path_factory):
    """A model whose template writes the date, and no system text."""
    folder = save(tmp_path_factory.mktemp("saved") / "tiny-dated", "llama", KINDS["byte fallback"]().tokenizer)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


def test_dropped_text_is_said_and_the_date_of_the_template_can_be_chosen(page, server, dated):
    page.goto(f"{server}?p=the+quick+fox&chat=1&system=%3Cb%3Esing&n=2&model={dated}&at=text.0.0.0.0")
    finished(page)
    page.wait_for_selector(".ask .lost-note")
    for place in (".ask .lost-note", "#panel-text .lost-note"):
        assert "The system text (7 characters, “<b>sing”) is not in what the model sees" in page.inner_text(place)
    assert page.is_visible("#date")
    assert page.input_value("#date") == ""
    page.fill("#date", "2020-02-03")
    page.click("button.run")
    page.wait_for_url("**date=2020-02-03*")
    finished(page)
    page.click("#tab-text")
    page.wait_for_function("() => document.querySelector('#panel-text').innerText.includes('Today is 2020-02-03.')")
    page.fill(".system input:not(#date)", "")
    page.click("button.run")
    page.wait_for_selector(".ask .lost-note", state="detached")
