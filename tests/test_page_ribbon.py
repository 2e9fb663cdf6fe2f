"""The token on its way through the ribbon, in a real browser."""

from tests.browser import finished

# What the traveller carries and which stage it is at, each time one of the two changes.
WATCH = """() => {
  window.seen = [];
  const look = () => {
    const [chip, at] = [document.querySelector('.traveller'), document.querySelector('.node.passing')];
    const now = `${at?.dataset.stage ?? ''}|${chip?.textContent ?? ''}`;
    if (at && window.seen.at(-1) !== now) window.seen.push(now);
    requestAnimationFrame(look);
  };
  look();
}"""

# Each animation of what it carries: how long it is meant to take, and how long the page waited to begin it. In the time
# of the page's own frames, which a busy machine draws late, but in which no time passes while one is made.
MEASURE = """() => {
  window.moves = [];
  const animate = Element.prototype.animate;
  let ended = null;
  Element.prototype.animate = function (frames, options) {
    const waited = ended === null ? 0 : document.timeline.currentTime - ended;
    const animation = animate.call(this, frames, options);
    window.moves.push([animation.effect.getComputedTiming().endTime / animation.playbackRate, waited]);
    animation.finished.then(() => { ended = document.timeline.currentTime; }, () => {});
    return animation;
  };
}"""


def test_at_first_sight_a_token_goes_all_the_way_and_back_in_six_seconds(page, server):
    for script in (WATCH, MEASURE):
        page.add_init_script(f"({script})()")
    page.goto(server)
    page.wait_for_selector(".traveller.going", state="attached", timeout=90_000)
    room = page.evaluate("document.querySelector('.ribbon-box').offsetHeight")
    page.wait_for_selector(".traveller:not(.going)", state="attached", timeout=30_000)
    moves = page.evaluate("window.moves")
    # It stands at each of ten stops, and moves from each to the next.
    assert len(moves) == 10 + 9
    assert sum(taken + waited for taken, waited in moves) <= 6000
    seen = [entry.split("|") for entry in page.evaluate("window.seen")]
    way = ["text", "tokenize", "embed", "prefill", "layers", "decode", "select", "prefill"]
    stages = [stage for stage, _ in seen]
    assert [stage for i, stage in enumerate(stages) if i == 0 or stage != stages[i - 1]] == way
    said = dict(seen[:7])
    assert said["text"] == "…the city of"
    assert said["tokenize"] == "·of"
    assert said["decode"].startswith("·Paris 65")
    assert seen[-1][1] == said["select"] == "·Paris"
    assert page.evaluate("document.querySelector('.ribbon-box').offsetHeight") == room


def test_next_moves_the_token_on_and_back_to_the_input(page, server):
    page.goto(f"{server}?p=The+capital+of+France+is&n=3&at=select.0.5.0.0")
    finished(page)
    page.wait_for_selector(".traveller.going", state="attached")
    page.wait_for_selector(".traveller:not(.going)", state="attached", timeout=9000)
    page.evaluate(WATCH)
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".traveller.going", state="attached")
    page.wait_for_selector(".traveller:not(.going)", state="attached")
    assert page.evaluate("window.seen") == [f"{s}|·Paris" for s in ("select", "prefill", "layers", "decode")]


def test_nothing_moves_for_who_asked_for_less_motion(page, server):
    page.emulate_media(reduced_motion="reduce")
    page.add_init_script(f"({WATCH})()")
    page.goto(server)
    finished(page)
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#tab-tokenize[aria-selected=true]")
    page.wait_for_timeout(700)
    assert page.evaluate("window.seen") == []
    assert page.evaluate("document.getAnimations().length") == 0
