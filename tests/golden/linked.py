"""States of the page whose addresses are in the golden set, and addresses that the page must read."""

from tests.golden.cases import RECIPES


def _state(recipe: dict, stage: str = "select", step: int = 2, place: tuple[int, int, int] = (4, 5, 3)) -> dict:
    position, layer, head = place
    selection = {"position": position, "layer": layer, "head": head}
    return {"recipe": recipe, "stage": stage, "step": step, "selection": selection}


MODEL = {"model": "a/b-c", "revision": "v1.0", "device": "cpu", "dtype": "bfloat16"}
STATES = [
    *({"state": _state(recipe), "base": ""} for recipe in RECIPES.values()),
    {"state": _state(RECIPES["greedy"], "text", 0, (0, 0, 0)), "base": "?__theme=dark&old=1&p=gone"},
    {"state": _state(RECIPES["chat"] | MODEL | {"stop": ["a&b", "c d", "#"]}, "whatif"), "base": "?x=1"},
    {"state": _state({"prompt": "long " * 1_500, "max_new_tokens": 3}, "tokenize"), "base": ""},
    {"state": _state({"prompt": "+ &=#%/?\n\té🚀\u202eאב", "system": "a=b&c"}, "model"), "base": ""},
]
ADDRESSES = [
    "/",
    "/?p=",
    "/?p=Hi",
    "/?p=Hi+there&n=3&at=select.1.2.3.4",
    "/?p=Hi&n=0",
    "/?p=Hi&n=-4&at=nowhere.1.2.3.4",
    "/?p=Hi&n=many&at=select.1.2.3.x",
    "/?p=Hi&at=cache.0.0.0.-1",
    "/?at=layers.0.7.8.9",
    "/?p=Hi&chat=1&system=Be%20brief&chat=0",
    "/?p=Hi&chat=true",
    "/?p=Hi&do_sample=1&temperature=abc&top_k=&seed=1e3&top_p=%200.5",
    "/?p=Hi&forced=0.5_2.7&stop=a&stop=&stop=b",
    "/?p=Hi&forced=a.b_3",
    "/?p=Hi&model=a%2Fb&revision=main&device=cuda%3A0&dtype=float16&evil=1",
    "/#p=Behind+the+hash",
    "/?n=5#p=Both&x=1",
    "/?p=Before#p=Behind",
    "/?p=%ED%A0%BD&p=second",
    "/?p=%3Cscript%3Ealert(1)%3C%2Fscript%3E",
]
QUESTIONS = {"states": STATES, "addresses": ADDRESSES}
