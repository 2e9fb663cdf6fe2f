"""Compares a loaded GGUF with llama.cpp on the same file: its tokens, and its distributions along a text.

Tolerances are measured on SmolLM2-135M, as the mean over the asked positions. In F32 and F16, where llama.cpp's cache
of 16-bit numbers is all that differs, 0.0002 bits; in Q4_1, Q8_0 and BF16, where its kernels also round activations,
and with a model in bfloat16 here, up to 0.006. A dropped rope factor makes 0.08 (YaRN × 4) to 2 (linear × 4), another
base of the rotation 0.2.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from model.files.gguf_header import GgufHeader
from model.gguf.ask_llama import LlamaAnswer, Top, ask_llama
from model.gguf.tokenizer import GgufTokenizer
from model.network.language_model import LanguageModel
from model.records.run import Check, not_made
from model.request.errors import UserError

TOKENS, LOGITS, KEYS = "tokens = llama.cpp's", "probabilities = llama.cpp's", "header: every value used"
EXACT_TYPES = {"F32", "F16"}
EXACT_BITS, ROUNDED_BITS = 0.002, 0.03
LONGEST, FIRST, EVERY = 144, 24, 12
TEXT = (
    "Water boils at 100 degrees at sea level, and at a lower temperature on a mountain, because the air there presses "
    "less. In 1869 a chemist in Russia wrote the names of the elements on cards and sorted them by weight; where a "
    "card was missing, he left a gap.\n\ndef add(a, b):\n    return a + b\n\n'Where are you going?' she asked. 'To the "
    "market,' he said, 'to buy bread, milk and six eggs.' The Eiffel Tower stands in Paris. Il fait beau "
    "aujourd'hui, et demain il va pleuvoir."
)


def check_gguf(
    lm: LanguageModel, path: Path, header: GgufHeader, unplaced: Sequence[str], made: GgufTokenizer
) -> LanguageModel:
    """The model with these comparisons on its card.

    `unplaced` are values of the header that nothing here reads; `made` is the tokenizer as it was built. Raises
    UserError where the numbers differ, or where an unknown rule is not proved right.
    """
    ids = lm.tokenizer(TEXT)["input_ids"][: min(LONGEST, lm.card.context or LONGEST)]
    ids = [token_id for token_id in ids if token_id < lm.card.n_vocab]
    stops = list(range(min(FIRST, len(ids)), len(ids) + 1, EVERY))
    answer = ask_llama(path, made.probes, ids, stops)
    checks = (
        _check_tokens(lm, answer, made),
        _check_distributions(lm, answer, header, ids, stops, unplaced),
        _check_keys(unplaced),
    )
    return replace(lm, card=replace(lm.card, checks=(*lm.card.checks, *checks)))


def _check_keys(unplaced: Sequence[str]) -> Check:
    if not unplaced:
        return Check(KEYS, 0.0, 0.0, "each value of the header is in the config, or has no effect on the numbers")
    return Check(
        KEYS, float(len(unplaced)), 0.0, f"neither transformers nor this page reads {'; '.join(unplaced):.500}"
    )


def _check_tokens(lm: LanguageModel, answer: LlamaAnswer, made: GgufTokenizer) -> Check:
    """Compares the ids of texts that tell rules apart."""
    texts, unknown_rule = made.probes, made.unknown_rule
    ours = [list(lm.tokenizer(text)["input_ids"]) for text in texts]
    wrong = [place for place, theirs in enumerate(answer.tokens) if ours[place] != theirs]
    if unknown_rule and (wrong or answer.why_not):
        reason = answer.why_not or f"{len(wrong)} of {len(texts)} texts differ, such as {texts[wrong[0]][:40]!r}"
        raise UserError(
            f"{lm.card.model_id!r} cuts text by the rules {unknown_rule!r:.40} (tokenizer.ggml.pre), which this page "
            f"does not know, and llama.cpp does not show that the default ones are right: {reason}. Choose the model's "
            "own repository with a tokenizer.json."
        )
    if answer.why_not:
        return not_made(TOKENS, 0.0, answer.why_not)
    shown = [f"{texts[place][:30]!r}: {answer.tokens[place][:12]} for {ours[place][:12]}" for place in wrong[:2]]
    return Check(
        TOKENS,
        float(len(wrong)),
        0.0,
        f"texts of {len(texts)} that llama.cpp's own tokenizer cuts differently{''.join(f'; {one}' for one in shown)}",
    )


def _check_distributions(
    lm: LanguageModel,
    answer: LlamaAnswer,
    header: GgufHeader,
    ids: Sequence[int],
    stops: Sequence[int],
    unplaced: Sequence[str],
) -> Check:
    """Compares next-token distributions by their Kullback–Leibler divergence, in bits."""
    exact = lm.dtype == torch.float32 and set((header.tensors or {}).values()) <= EXACT_TYPES
    tolerance = EXACT_BITS if exact else ROUNDED_BITS
    if answer.why_not or not stops:
        return not_made(LOGITS, tolerance, answer.why_not or "the text has no tokens")
    with torch.inference_mode(), lm.lock:
        logits = lm.model(torch.tensor([list(ids)], device=lm.device), use_cache=False).logits[0]
        ours = logits[[n - 1 for n in stops]].double().log_softmax(-1).cpu()
    error = sum(divergence(top, row) for top, row in zip(answer.tops, ours, strict=True)) / len(stops)
    what = (
        f"divergence, in bits, of the next-token distribution from llama.cpp's on the same file, after "
        f"{stops[0]} to {stops[-1]} tokens ({len(stops)} positions)"
    )
    check = Check(LOGITS, error, tolerance, f"mean {what}")
    if not check.passed:
        unread = f" The header's {'; '.join(unplaced):.300} is read by nothing here." if unplaced else ""
        raise UserError(
            f"{lm.card.model_id!r} was loaded, but does not compute what llama.cpp computes from the same file: the "
            f"{what} is {error:.2g}, and {tolerance:.1g} is allowed.{unread} Choose the model's own repository with "
            "safetensors."
        )
    return check


def divergence(top: Top, ours: torch.Tensor) -> float:
    """Kullback–Leibler divergence, in bits, of log-probabilities `ours` (vocab,) from those listed and their rest."""
    ids = [token_id for token_id, _ in top]
    theirs = torch.tensor([logprob for _, logprob in top], dtype=torch.float64)
    listed = ours[ids]
    rest, our_rest = (max(1.0 - float(p.exp().sum()), 1e-12) for p in (theirs, listed))
    nats = float((theirs.exp() * (theirs - listed)).sum()) + rest * math.log(rest / our_rest)
    return max(nats, 0.0) / math.log(2)
