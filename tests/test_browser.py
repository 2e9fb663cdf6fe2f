"""What the tests of the page wait by."""

from tests.browser import finished, settled


def test_a_tab_counts_as_settled_only_when_a_late_answer_is_shown(page, server):
    page.goto(server)
    finished(page)
    late = []

    def hold(route) -> None:
        page.wait_for_timeout(700)
        late.append(page.inner_text("#panel-embed"))
        route.continue_()

    page.route("**/component_server", hold)
    settled(page, "embed")
    assert len(late) > 1
    assert len(page.inner_text("#panel-embed")) > len(late[0])
    assert page.locator("#panel-embed canvas:visible").count() > 0
