"""What the tests of the page rely on: that no tab knows of another test's."""

import pytest


@pytest.mark.parametrize("visit", ["first", "second"])
def test_a_tab_remembers_nothing_of_another_test(page, server, visit):
    page.goto(f"{server}gradio_api/app_id")
    kept = "[localStorage.length, sessionStorage.length, document.cookie]"
    assert page.evaluate(kept) == [0, 0, ""], visit
    page.evaluate("document.cookie = 'a=b'; localStorage.a = sessionStorage.a = 'b'")
    assert page.evaluate(kept) == [1, 1, "a=b"]
