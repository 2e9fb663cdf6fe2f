"""A GGUF's header as a config of transformers: every value of it has its place in the config, or is named.

transformers reads the keys that it knows for an architecture and says nothing of the rest. Here each key is looked up
in the config that results; where the config says something else, the header's value goes in.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoConfig, PreTrainedConfig
from transformers.integrations.ggml import GGUF_CONFIG_MAPPING

from model.files.gguf_header import GgufHeader
from model.gguf.keys import ATTRIBUTES, ENDS, NEUTRAL, NO_EFFECT, SCALED_BY_WIDTH, TOKENIZER_UNREAD
from model.gguf.rope import SCALING, is_placed, read_factors, rope_scaling


@dataclass(frozen=True, eq=False)
class GgufConfig:
    """The config, and the values of the header that have no place in it, each as 'key = value'."""

    config: PreTrainedConfig
    unplaced: tuple[str, ...]


def gguf_config(path: Path, header: GgufHeader) -> GgufConfig:
    """The config of a GGUF. Raises whatever transformers raises for a header that it cannot read."""
    given, _ = PreTrainedConfig.get_config_dict(path.parent, gguf_file=path.name, local_files_only=True)
    given.pop("rope_scaling", None)
    architecture = str(header.metadata["general.architecture"])
    values = {
        key.removeprefix(f"{architecture}."): value
        for key, value in header.metadata.items()
        if key.startswith(f"{architecture}.")
    }
    changes = _ends(header) | _unsaid(AutoConfig.for_model(**given), architecture, values)
    config = AutoConfig.for_model(**(given | changes))
    if hasattr(config, "query_pre_attn_scalar"):
        by_width = (architecture, values.get("block_count")) in SCALED_BY_WIDTH
        width = config.hidden_size // config.num_attention_heads
        changes["query_pre_attn_scalar"] = width if by_width else _head_dim(config)
        config = AutoConfig.for_model(**(given | changes))
    if rope := _rope(config, values, read_factors(path, header.tensors or {})):
        given.pop("rope_theta", None)
        config = AutoConfig.for_model(**(given | changes | rope))
    return GgufConfig(config, tuple(_unplaced(config, architecture, values, header)))


def _ends(header: GgufHeader) -> dict[str, Any]:
    """The tokens that end an answer, where the header names several."""
    ends = {int(header.metadata[key]) for key in ENDS if key in header.metadata}
    return {"eos_token_id": sorted(ends)} if len(ends) > 1 else {}


def _unsaid(config: PreTrainedConfig, architecture: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the header for which the config has a place, and something else in it."""
    names = {suffix: _attribute(config, architecture, suffix) for suffix in values}
    return {
        name: values[suffix]
        for suffix, name in names.items()
        if name and not isinstance(values[suffix], list)
        if not _says(config, name, values[suffix]) and values[suffix] not in NEUTRAL.get(suffix, ())
    }


def _unplaced(
    config: PreTrainedConfig, architecture: str, values: Mapping[str, Any], header: GgufHeader
) -> Iterator[str]:
    """The values that the config does not say, as 'key = value': of the model, of the tokenizer, and of neither."""
    for suffix, value in values.items():
        if not _is_placed(config, architecture, suffix, value):
            yield f"{architecture}.{suffix} = {value!r:.60}"
    for key in sorted(TOKENIZER_UNREAD & header.metadata.keys()):
        # A switch that is off, or an empty list, asks for nothing; a long list was not read.
        if header.metadata[key] not in (False, []):
            yield f"{key} = {header.metadata[key]!r:.60}"
    for key, value in header.metadata.items():
        if key.split(".")[0] not in _known(architecture):
            yield f"{key} = {value!r:.60}"


def _known(architecture: str) -> set[str]:
    """What the keys of a header begin with."""
    return {architecture, *architecture.split("."), "general", "tokenizer", "quantize", "split", "imatrix"}


def _attribute(config: PreTrainedConfig, architecture: str, suffix: str) -> str:
    """The name under which this config has the value of a key; empty if it has none."""
    family = GGUF_CONFIG_MAPPING.get(architecture) or GGUF_CONFIG_MAPPING.get(str(config.model_type)) or {}
    mapped = family.get(suffix)
    if suffix.startswith("rope."):
        return ""
    if mapped and hasattr(config, mapped):
        return mapped
    return next((name for name in ATTRIBUTES.get(suffix, ()) if hasattr(config, name)), "")


def _says(config: PreTrainedConfig, name: str, value: object) -> bool:
    """Whether the config has this value; of a list with one number for each layer, the one that is not 0."""
    has = getattr(config, name, None)
    if isinstance(value, list):
        return {one for one in value if one} <= {has}
    if isinstance(value, float) and isinstance(has, int | float):
        return math.isclose(value, has, rel_tol=1e-5)
    return has == value


def _is_placed(config: PreTrainedConfig, architecture: str, suffix: str, value: object) -> bool:
    """Whether the config says what the header's value says, or the value has no effect."""
    if suffix in NO_EFFECT or value in NEUTRAL.get(suffix, ()):
        return True
    if suffix.startswith("rope."):
        return hasattr(config, "num_attention_heads") and _is_rope_placed(config, suffix, value)
    if suffix == "attention.max_alibi_bias":
        return architecture == "bloom" and value == 8
    if suffix == "attention.sliding_window_pattern":
        return _has_pattern(config, value)
    if name := _attribute(config, architecture, suffix):
        return _says(config, name, value)
    if not hasattr(config, "num_attention_heads"):
        return False
    implied = {
        "attention.key_length": _head_dim(config),
        "attention.value_length": _head_dim(config),
        "attention.head_count_kv": config.num_attention_heads,
        "feed_forward_length": 4 * config.hidden_size,
    }
    return suffix in implied and implied[suffix] == value


def _is_rope_placed(config: PreTrainedConfig, suffix: str, value: object) -> bool:
    rope = _flat(config)
    if suffix == "rope.dimension_sections":
        return "mrope_section" in rope
    if suffix.startswith((SCALING, "rope.scale_linear")):
        return is_placed(suffix, value, str(rope.get("rope_type", "default")))
    window = (getattr(config, "rope_parameters", None) or {}).get("sliding_attention") or {}
    says = {
        "rope.freq_base": rope.get("rope_theta"),
        "rope.freq_base_swa": window.get("rope_theta"),
        "rope.dimension_count": _head_dim(config) * (rope.get("partial_rotary_factor") or 1.0),
    }
    return bool(says.get(suffix)) and math.isclose(float(str(value)), says[suffix], rel_tol=1e-5)


def _rope(config: PreTrainedConfig, values: Mapping, factors: Mapping[str, list[float]]) -> dict:
    """Changes of the config that carry the header's rotary settings; empty for a family without."""
    if not (current := _flat(config)):
        return {}
    context = int(values.get("context_length") or getattr(config, "max_position_embeddings", 0))
    scaling = rope_scaling(values, factors, context)
    theta = float(values.get("rope.freq_base") or current["rope_theta"])
    rotated = values.get("rope.dimension_count")
    share = {"partial_rotary_factor": rotated / _head_dim(config)} if rotated else {}
    if not share or share["partial_rotary_factor"] == 1:
        share = {"partial_rotary_factor": 1.0} if "partial_rotary_factor" in current else {}
    kept = {key: value for key, value in current.items() if key.startswith("mrope")}
    made = {**kept, "rope_theta": theta, **share, **(scaling or {"rope_type": "default"})}
    changes: dict = {"rope_parameters": made}
    if "full_attention" in config.rope_parameters:  # layers with a window have a base of their own, and no scaling
        window = {**config.rope_parameters["sliding_attention"]}
        window["rope_theta"] = float(values.get("rope.freq_base_swa") or window["rope_theta"])
        changes = {"rope_parameters": {"full_attention": made, "sliding_attention": window}}
    if share:
        changes["partial_rotary_factor"] = share["partial_rotary_factor"]
    if hasattr(config, "original_max_position_embeddings") and "original_max_position_embeddings" in made:
        changes["original_max_position_embeddings"] = made["original_max_position_embeddings"]
    return changes


def _flat(config: PreTrainedConfig) -> dict:
    """The rotary settings, of the layers without a window if the kinds differ; empty for a family without."""
    parameters = getattr(config, "rope_parameters", None) or {}
    return parameters.get("full_attention", parameters)


def _head_dim(config: PreTrainedConfig) -> int:
    return getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads


def _has_pattern(config: PreTrainedConfig, pattern: object) -> bool:
    """Whether the layers with a window are those of the pattern: a flag for each layer, or every n-th without."""
    kinds = [kind == "sliding_attention" for kind in getattr(config, "layer_types", None) or ()]
    if isinstance(pattern, list):
        return bool(kinds) and [bool(flag) for flag in pattern[: len(kinds)]] == kinds
    step = int(str(pattern))
    return bool(kinds) and kinds == [bool((place + 1) % step) for place in range(len(kinds))]
