"""The marks on the page: what a failed check does to what it covers, and whose step the checks of a step are."""

from tests.browser import ROOT, finished

SCRIPTS = f"/gradio_api/file={ROOT}/assets/js/"


def test_what_a_failed_check_covers_is_hidden_and_says_so_until_it_passes(page, server):
    page.goto(server)
    finished(page)
    seen = page.evaluate(
        """async (base) => {
          const { checkMark } = await import(`${base}charts/check.js`);
          const part = document.createElement('p');
          part.textContent = 'covered';
          const mark = checkMark(part);
          document.querySelector('#tbt').append(part, mark.element);
          const show = (passed) => {
            mark.show([{ name: 'one', error: passed ? 0 : 1, tolerance: 0.5, how: '', made: true, passed }]);
            return [part.checkVisibility(), mark.element.innerText];
          };
          return [show(false), show(true)];
        }""",
        SCRIPTS,
    )
    (hidden, why), (shown, fine) = seen
    assert not hidden
    assert "✗" in why
    assert "Numbers that fail their check are not shown." in why
    assert shown
    assert "✓" in fine
    assert "not shown" not in fine


def test_checks_that_come_after_the_step_was_left_are_not_shown_at_the_next(page, server):
    """While a run goes on no step asks for its checks, so no newer question takes the place of the pending one."""
    page.goto(server)
    finished(page)
    seen = page.evaluate(
        """async (base) => {
          const { stepMark } = await import(`${base}stages/decode/step_mark.js`);
          const answers = [];
          const store = { state: { card: null, status: { phase: 'idle' } } };
          const mark = stepMark({ store, view: () => new Promise((resolve) => answers.push(resolve)) }, () => show(0));
          let place = 0;
          const show = () => mark.show({ key: 'run' }, { index: place }, null);
          const answer = async (name) => {
            answers.at(-1)({ checks: [{ name, error: 0, tolerance: 1, how: '', made: true, passed: true }] });
            await new Promise((resolve) => setTimeout(resolve));
            return mark.element.textContent;
          };
          document.querySelector('#tbt').append(mark.element);
          show();
          const own = await answer('of step 0');
          place = 1;
          show();
          store.state.status = { phase: 'running' };
          place = 2;
          show();
          return [own, await answer('of step 1'), answers.length, mark.element.hidden];
        }""",
        SCRIPTS,
    )
    own, late, n_asked, hidden = seen
    assert "of step 0" in own
    assert "of step 1" not in late
    assert n_asked == 2
    assert hidden
