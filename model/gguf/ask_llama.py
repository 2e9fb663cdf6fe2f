"""Asks llama.cpp about a GGUF in a process of its own: a file that it cannot read may end that process, not the page.

`python -m model.gguf.ask_llama` reads a question as JSON from its input and writes the answer as the last line.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model.gguf.llama_server import LlamaServer, is_installed

SECONDS = 120
# A disk reads at least this many bytes a second.
BYTES_PER_SECOND = 50_000_000
K = 50

Top = list[tuple[int, float]]


@dataclass(frozen=True)
class LlamaAnswer:
    """The ids of each text, and after each asked prefix the `K` most likely tokens as (id, log-probability).

    `why_not` says why there is no answer, if so.
    """

    tokens: list[list[int]]
    tops: list[Top]
    why_not: str = ""


def ask_llama(path: Path, texts: Sequence[str], ids: Sequence[int], stops: Sequence[int]) -> LlamaAnswer:
    """llama.cpp's tokens of `texts`, and its distributions after the first n of `ids`, for each n in `stops`."""
    if not is_installed():
        return LlamaAnswer([], [], "the package xllamacpp is not installed")
    question = {
        "path": str(path.resolve()),
        "texts": list(texts),
        "ids": list(ids),
        "stops": list(stops),
    }
    limit = SECONDS + path.stat().st_size // BYTES_PER_SECOND
    try:
        done = subprocess.run(
            [sys.executable, "-m", "model.gguf.ask_llama"],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=limit,
            cwd=Path(__file__).parents[2],
            check=False,
        )
    except subprocess.TimeoutExpired:
        return LlamaAnswer([], [], f"llama.cpp did not answer within {limit} s")
    try:
        answer = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return LlamaAnswer([], [], f"llama.cpp cannot read the file (it ended with code {done.returncode})")
    if why_not := answer.get("why_not"):
        return LlamaAnswer([], [], f"llama.cpp cannot read the file ({str(why_not):.200})")
    return LlamaAnswer(answer["tokens"], [[(int(i), float(p)) for i, p in top] for top in answer["tops"]])


def main() -> None:
    """Answers one question."""
    question = json.load(sys.stdin)
    try:
        server = LlamaServer(Path(question["path"]), max([*question["stops"], 0]) + 8)
        tokens = [server.tokenize(text) for text in question["texts"]]
        tops = [server.most_likely(question["ids"][:n], K) for n in question["stops"]]
        answer = {"tokens": tokens, "tops": tops}
    except Exception as error:  # a third party's file can cause any exception
        answer = {"why_not": str(error) or type(error).__name__}
    print(f"\n{json.dumps(answer)}", flush=True)


if __name__ == "__main__":
    main()
