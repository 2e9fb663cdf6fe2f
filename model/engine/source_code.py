"""The source code of a stage, read from the loaded functions."""

import inspect
import textwrap
from collections.abc import Callable
from pathlib import Path

from model.architecture import norm_places, parameters
from model.attention import prefill
from model.batching import static
from model.cache import costs, race
from model.capture import pattern
from model.decode import beams, draw, finish, fork, sampling, select, surprisal
from model.embed import embeddings, rope
from model.latency import estimate, latency
from model.layers import lens
from model.network import cut_cache, experts, forward
from model.network.language_model import LanguageModel
from model.records.code import SourceCode
from model.request.errors import UserError
from model.runtime import timing
from model.speculative import accept, loop
from model.tokens import bpe, detokenize, template, tokenize

ROOT = Path(__file__).resolve().parents[2]
# The functions that do each stage's work, in the order in which they are called.
FUNCTIONS: dict[str, tuple[Callable, ...]] = {
    "text": (template.fill,),
    "tokenize": (tokenize.tokenize, tokenize.encode, bpe.merge),
    "embed": (embeddings.rows_of, rope.angles, rope.rotate),
    "prefill": (prefill.prefill, forward.forward, pattern.scores_rows),
    "layers": (lens.lens,),
    "decode": (forward.forward, select.select, sampling.entropy_bits),
    "select": (sampling.choose, sampling.process, draw.uniform, draw.draw),
    "detokenize": (detokenize.advance, detokenize.text_of_ids),
    "model": (parameters.parameters, experts.n_active, norm_places.norm_places),
    "branches": (fork.fork, cut_cache.cut_cache, beams.beam_search),
    "cache": (forward.new_cache, race.pass_over, costs.Costs),
    "latency": (timing.now, finish._ttft, finish._seconds, latency.latency),
    "batching": (static.serve_static, static.pad),
    "compare": (surprisal.prompt_surprisal, lens.lens),
    "whatif": (estimate.estimate,),
    "speculative": (loop.one_round, accept.judge, accept.accept_chance, accept.residual),
}


def source_code(lm: LanguageModel, stage) -> tuple[SourceCode, ...]:
    """The functions of a stage; for 'layers' also the forward of the model's own block, from transformers.

    Raises UserError for an unknown stage.
    """
    if not isinstance(stage, str) or stage not in FUNCTIONS:
        raise UserError(f"There is no code of {stage!r:.40}; it must be one of: {', '.join(FUNCTIONS)}.")
    own = (type(lm.anatomy.blocks[0]).forward,) if stage == "layers" else ()
    return tuple(map(read, own + FUNCTIONS[stage]))


def read(function: Callable) -> SourceCode:
    """The source of a function or class."""
    function = inspect.unwrap(function)
    lines, line = inspect.getsourcelines(function)
    return SourceCode(
        name=function.__qualname__,
        file=_short(Path(inspect.getsourcefile(function) or "").resolve(), function.__module__),
        line=line,
        text=textwrap.dedent("".join(lines)).rstrip(),
    )


def _short(path: Path, module: str) -> str:
    """The path relative to the project's folder, or to the installed package."""
    if path.is_relative_to(ROOT) and not module.startswith("transformers"):
        return path.relative_to(ROOT).as_posix()
    return "/".join(path.parts[-len(module.split(".")) :])
