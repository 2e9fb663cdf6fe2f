"""`make sweep`: takes every causal-LM family of transformers, tiny and with random weights, through all stages.

Families run in separate processes, a few at a time, so that one that crashes or hangs does not affect the others.
The table is written to docs/families.md.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings
from dataclasses import asdict
from pathlib import Path

from transformers import logging
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from tests.small_tokenizers import KINDS
from tests.sweep_family import STAGES, WRONG, Family, Stage, walk
from tests.sweep_table import PAGE, table

AT_ONCE = 12
SECONDS_EACH = 90


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sweep", description=__doc__)
    parser.add_argument("--families", nargs="*", help="only these; the page is then printed and not written")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)  # the result file of a child process
    options = parser.parse_args()
    if options.into:
        _child(options.families, options.into)
        return
    names = options.families or sorted(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
    found = [family for at in range(0, len(names), AT_ONCE) for family in _in_a_process(names[at : at + AT_ONCE])]
    page = table(found)
    if options.families:
        print(page)
    else:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page)
        print(page.split("\n## ")[0])


def _child(names: list[str], into: Path) -> None:
    warnings.simplefilter("ignore")
    logging.set_verbosity_error()
    tokenizer = KINDS["whole words"]().tokenizer
    for name in names:
        with into.open("a") as file:
            file.write(json.dumps(asdict(walk(name, tokenizer))) + "\n")


def _in_a_process(names: list[str]) -> list[Family]:
    """The families' results; those after a crash are run in another process."""
    found: list[Family] = []
    while left := names[len(found) :]:
        with tempfile.TemporaryDirectory() as folder:
            into = Path(folder, "results.jsonl")
            command = [sys.executable, "-m", "tests.sweep", "--into", str(into), "--families", *left]
            environment = {"OMP_NUM_THREADS": "1"} | dict(os.environ)
            try:
                ended = subprocess.run(
                    command, timeout=SECONDS_EACH * len(left), env=environment, capture_output=True, text=True
                )
                why = f"its process ended with {ended.returncode}: {ended.stderr.strip()[-200:]}"
            except subprocess.TimeoutExpired:
                why = f"no result after {SECONDS_EACH * len(left)} s"
            lines = into.read_text().splitlines() if into.exists() else []
        found += [_read(line) for line in lines]
        if len(lines) < len(left):
            found.append(Family(left[len(lines)], stages={STAGES[0]: Stage(WRONG, why=why)}))
        for family in found[-len(left) :]:
            print(family.name, *(f"{name}={stage.state}" for name, stage in family.stages.items()), family.built[:60])
    return found


def _read(line: str) -> Family:
    record = json.loads(line)
    stages = {name: Stage(**stage) for name, stage in record.pop("stages").items()}
    return Family(**record, stages=stages)


if __name__ == "__main__":
    main()
