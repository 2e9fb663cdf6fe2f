"""A stage of the walk to the lines that did it, read from the functions that are loaded."""

import inspect
import textwrap
from collections.abc import Callable
from pathlib import Path

from model import (
    accept,
    batch_static,
    beams,
    bpe,
    cache_race,
    costs,
    decode,
    detokenize,
    embeddings,
    estimate,
    experts,
    finish,
    fork,
    forward,
    latency,
    lens,
    norm_places,
    parameters,
    pattern,
    prefill,
    rope,
    sampling,
    speculative,
    surprisal,
    timing,
    tokens,
)
from model.errors import UserError
from model.language_model import LanguageModel
from model.records_code import SourceCode

ROOT = Path(__file__).resolve().parent.parent
# What did each stage's work, in the order in which it is called.
FUNCTIONS: dict[str, tuple[Callable, ...]] = {
    "text": (tokens.model_text,),
    "tokenize": (tokens.tokenize, tokens.encode, bpe.merged),
    "embed": (embeddings.rows_of, rope.angles, rope.turned),
    "prefill": (prefill.prefill, forward.forward, pattern.scores_rows),
    "layers": (lens.lens,),
    "decode": (forward.forward, decode.select, sampling.entropy_bits),
    "select": (sampling.choose, sampling.process, sampling.uniform),
    "detokenize": (detokenize.advance, detokenize.decode),
    "model": (parameters.parameters, experts.n_active, norm_places.norm_places),
    "branches": (fork.fork, fork.cut_cache, beams.beam_search),
    "cache": (forward.new_cache, cache_race.pass_over, costs.Costs),
    "latency": (timing.now, finish._ttft, finish._seconds, latency.latency),
    "batching": (batch_static.serve_static, batch_static.padded),
    "compare": (surprisal.prompt_surprisal, lens.lens),
    "whatif": (estimate.estimate,),
    "speculative": (speculative.one_round, accept.judge, accept.accept_chance, accept.residual),
}


def source_code(lm: LanguageModel, stage) -> tuple[SourceCode, ...]:
    """The functions of a stage, which is checked here; for the layers the model's own block too, from transformers."""
    if not isinstance(stage, str) or stage not in FUNCTIONS:
        raise UserError(f"There is no code of {stage!r:.40}; it must be one of: {', '.join(FUNCTIONS)}.")
    own = (type(lm.anatomy.blocks[0]).forward,) if stage == "layers" else ()
    return tuple(map(read, own + FUNCTIONS[stage]))


def read(function: Callable) -> SourceCode:
    """A function or class as its file has it."""
    function = inspect.unwrap(function)
    lines, line = inspect.getsourcelines(function)
    return SourceCode(
        name=function.__qualname__,
        file=_short(Path(inspect.getsourcefile(function)).resolve(), function.__module__),
        line=line,
        text=textwrap.dedent("".join(lines)).rstrip(),
    )


def _short(path: Path, module: str) -> str:
    """The file without where it is installed: from the project's folder, or from its package's."""
    if path.is_relative_to(ROOT) and not module.startswith("transformers"):
        return path.relative_to(ROOT).as_posix()
    return "/".join(path.parts[-len(module.split(".")) :])
