"""What the tests of the page rely on: what they wait by, and that no tab knows of another test's."""

import pytest

from tests.browser import finished, settled


def test_a_tab_counts_as_settled_only_when_a_late_answer_is_shown(page, server):
    page.goto(server)
    finished(page)
    late = []

    def hold(route) -> None:
        if len(late) < 2:
            late.append(page.inner_text("#panel-embed"))
            page.wait_for_timeout(700)
        route.continue_()

    page.route("**/component_server", hold)
    settled(page, "embed")
    assert len(late) >= 2
    assert len(page.inner_text("#panel-embed")) > len(late[0])
    assert page.locator("#panel-embed canvas:visible").count() > 0


@pytest.mark.parametrize("visit", ["first", "second"])
def test_a_tab_remembers_nothing_of_another_test(page, server, visit):
    page.goto(f"{server}gradio_api/app_id")
    kept = "[localStorage.length, sessionStorage.length, document.cookie]"
    assert page.evaluate(kept) == [0, 0, ""], visit
    page.evaluate("document.cookie = 'a=b'; localStorage.a = sessionStorage.a = 'b'")
    assert page.evaluate(kept) == [1, 1, "a=b"]
