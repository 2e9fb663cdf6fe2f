"""Records the golden set again, on purpose: `python -m tests.golden.record`.

The bundled model answers once as it is, and again with its weights perturbed, each by about a millionth of itself: that
changes a logit about five times as much as another CPU does. Where these answers differ by more than the tolerances,
such as in the order of two almost tied tokens, the set has no answer. Each such place is printed: a selected token must
not be among them.
"""

import gzip
import json
import sys
import tempfile
from pathlib import Path

from tests.golden import ask, cases, face
from tests.golden.compare import ANY, MORE, differences, joined

DATA = Path(__file__).parent / "data"
GROUPS = ("api", "views", "refusals", "jobs")
SHAKEN, BY = 6, 1e-6


def read(name: str):
    """Reads one file of the golden set."""
    return json.loads(gzip.decompress((DATA / f"{name}.json.gz").read_bytes()))


def write(name: str, value) -> None:
    """Writes one file of the golden set; equal values give equal bytes."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    DATA.mkdir(exist_ok=True)
    (DATA / f"{name}.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def answers(seed: int) -> tuple[dict, dict]:
    """All answers of the model with its weights perturbed by that seed (0: unchanged), and its trace files."""
    page = face.Page()
    if seed:
        _shake(page, seed)
    found = {"runs": _all(ask.runs(page))}
    found |= {group: _all(getattr(ask, group)(page), cases.TIMED if seed else ()) for group in GROUPS}
    documents = {name: ask.document(page, name, n) for name, n in cases.FILES.items()} if not seed else read("saved")
    found["files"] = _all(ask.files(page, documents))
    return found, documents


def _all(asked: dict, without: tuple[str, ...] = ()) -> dict:
    return {name: question() for name, question in asked.items() if not name.startswith(without)}


def _settled(variants: list[dict]) -> dict:
    """For each case, what the answers of all variants have in common."""
    return {name: joined([variant[name] for variant in variants if name in variant]) for name in variants[0]}


def _shake(page: face.Page, seed: int) -> None:
    import torch

    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in page.weights():
            weight.mul_(1 + BY * torch.randn(weight.shape, generator=draw))


def main() -> None:
    """Writes all files of the set, and prints the changes since the previous one."""
    before = {path.name.split(".")[0]: read(path.name.split(".")[0]) for path in DATA.glob("*.json.gz")}
    first, documents = answers(0)
    write("saved", documents)
    variants = [first]
    for seed in range(1, SHAKEN + 1):
        print(f"shaken {seed} of {SHAKEN}", file=sys.stderr)
        variants.append(answers(seed)[0])
    found = {group: _settled([variant[group] for variant in variants]) for group in first}
    with tempfile.TemporaryDirectory() as workshop:
        found |= {"recipes": _all(ask.recipes()), "links": ask.links(Path(workshop))}
    for group, value in found.items():
        write(group, value)
        for path in _unsettled(value, group):
            print(f"no answer: {path}")
        for line in differences(before.get(group, {}), value, group):
            print(f"changed: {line}")


def _unsettled(value, path: str):
    if value == ANY:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        if name == MORE:
            yield f"{path}: names"
        else:
            yield from _unsettled(item, f"{path}.{name}")


if __name__ == "__main__":
    main()
