"""Rotary scaling of a GGUF, from its header and its tensors of factors, as `rope_parameters` of transformers."""

import math
from collections.abc import Mapping
from pathlib import Path

# Each frequency is divided by its factor: one list for all lengths, or one for short and one for long texts.
FACTORS = ("rope_freqs.weight", "rope_factors_short.weight", "rope_factors_long.weight")
SCALING = "rope.scaling."
# Keys of the scaling that each kind reads, besides those that any kind may have.
READ = {
    "default": set(),
    "linear": {"type", "factor"},
    "yarn": {"type", "factor", "attn_factor"},
    "longrope": {"type", "attn_factor"},
}
# Read by the kinds that have a use for them; of the others they say nothing about the numbers.
ANY_KIND = {"finetuned", "original_context_length", "yarn_beta_fast", "yarn_beta_slow"}


def read_factors(path: Path, names: Mapping[str, str]) -> dict[str, list[float]]:
    """The rotary factors in a GGUF by tensor name; `names` are those of all its tensors."""
    if not set(FACTORS) & names.keys():
        return {}
    from gguf import GGUFReader

    tensors = {t.name: t for t in GGUFReader(path).tensors if t.name in FACTORS}
    return {name: [float(x) for x in tensor.data.ravel()] for name, tensor in tensors.items()}


def rope_scaling(values: Mapping, factors: Mapping[str, list[float]], context: int) -> dict | None:
    """`rope_parameters` without theta; None for a kind that neither transformers nor llama.cpp has a rule for.

    `values` are the header's, without the architecture before them. llama.cpp takes a factor without a type as linear.
    """
    factor = float(values.get(f"{SCALING}factor") or values.get("rope.scale_linear") or 1.0)
    kind = str(values.get(f"{SCALING}type", "linear"))
    original = int(values.get(f"{SCALING}original_context_length") or context)
    attention = float(values.get(f"{SCALING}attn_factor") or 1.0)
    if factors:
        if kind not in ("none", "longrope") and factor != 1:
            return None
        every = factors.get(FACTORS[0])
        short, long = factors.get(FACTORS[1], every), factors.get(FACTORS[2], every)
        if short is None or long is None:
            return None
        return {
            "rope_type": "longrope",
            "short_factor": short,
            "long_factor": long,
            "factor": 1.0,
            "attention_factor": attention,
            "original_max_position_embeddings": original,
        }
    if kind == "none" or factor == 1:
        return {"rope_type": "default"}
    if kind == "linear":
        return {"rope_type": "linear", "factor": factor}
    if kind != "yarn":
        return None
    return {
        "rope_type": "yarn",
        "factor": factor,
        "original_max_position_embeddings": original,
        "attention_factor": attention * (0.1 * math.log(factor) + 1.0),
        "beta_fast": float(values.get(f"{SCALING}yarn_beta_fast", 32.0)),
        "beta_slow": float(values.get(f"{SCALING}yarn_beta_slow", 1.0)),
    }


def is_placed(suffix: str, value: object, kind: str) -> bool:
    """Whether a key of the scaling is read for this kind of rope, or has no effect."""
    if suffix == "rope.scale_linear":
        return kind == "linear" or value in (0, 1)
    name = suffix.removeprefix(SCALING)
    if name in READ[kind] or name in ANY_KIND:
        return True
    return (name, value) in {("type", "none"), ("type", "linear"), ("factor", 1), ("factor", 0), ("attn_factor", 1)}
