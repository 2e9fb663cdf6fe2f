"""The door in a real browser: another site's page reaches nothing, and an inline script does not run in ours."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser import ROOT, visitor
from tests.doors import served

ATTACK = """async (server) => {
  const asked = { method: 'POST', body: '{"data":"{}"}', headers: { 'Content-Type': 'text/plain' } };
  const seen = [];
  for (const mode of ['no-cors', 'cors']) {
    try {
      const answer = await fetch(server + 'gradio_api/component_server', { ...asked, mode });
      seen.push(`${answer.type} ${await answer.text()}`);
    } catch (error) {
      seen.push(error.name);
    }
  }
  return seen;
}"""

INLINE = """() => {
  window.blocked = [];
  document.addEventListener('securitypolicyviolation', (event) => window.blocked.push(event.effectiveDirective));
  const script = document.createElement('script');
  script.textContent = 'window.attacked = 1';
  document.body.append(script);
  document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="window.attacked = 2">');
}"""


@pytest.fixture(scope="module")
def server():
    with served() as (_, client):
        yield f"{client.base_url}/"


@pytest.fixture
def site(tmp_path):
    """Another site: an empty page at another port, which is another origin."""
    (tmp_path / "index.html").write_text("<!doctype html><title>A page</title>")
    other = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path))
    threading.Thread(target=other.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{other.server_port}/"
    other.shutdown()


def test_another_sites_page_reaches_no_route(chromium, server, site):
    with visitor(chromium) as page:
        page.goto(site)
        answers = []
        page.on("response", lambda answer: answers.append(answer.status) if answer.url.startswith(server) else None)
        seen = page.evaluate(ATTACK, server)
        # Without CORS the browser sends it, and hides the answer: the server itself must not act on it.
        assert seen == ["opaque ", "TypeError"]
        assert set(answers) == {403}


# One look's answer, drawn as the page draws BertViz: an inline script that needs the two libraries beside it.
FRAME = """async (scripts) => {
  const { bertvizSection } = await import(scripts + 'stages/attention/bertviz.js');
  const root = document.createElement('div');
  document.body.prepend(root);
  const html = '<b></b><script>document.querySelector("b").textContent = [typeof d3, typeof jQuery];</script>';
  const answer = { html, layers: [0], start: 0, stop: 3, n_positions: 3, note: '' };
  const section = bertvizSection(root, { view: async () => answer, vendorUrl: scripts + '../vendor/' });
  root.querySelector('details').open = true;
  section.update({ run: { key: 'one' }, selection: { layer: 0, head: 0, position: 0 }, fed: 3 });
}"""


def test_bertviz_runs_in_its_frame_under_the_pages_policy(chromium, server):
    with visitor(chromium) as page:
        page.goto(server)
        page.evaluate(FRAME, f"/gradio_api/file={ROOT}/assets/js/")
        page.frame_locator(".bertviz iframe").locator("b:text-is('object,function')").wait_for()


def test_an_inline_script_does_not_run_in_the_page_and_the_page_works(chromium, server):
    with visitor(chromium) as page:
        problems = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(server)
        page.wait_for_selector("#tbt .status:has-text('Starting')")
        assert problems == []
        page.evaluate(INLINE)
        page.wait_for_function("() => window.blocked.length === 2")
        assert page.evaluate("window.attacked ?? null") is None
        assert page.evaluate("window.blocked") == ["script-src-elem", "script-src-attr"]
