"""A GGUF's header as a config of transformers: every value of it has its place in the config, or is named.

transformers reads the keys that it knows for an architecture and says nothing of the rest. Here each key is looked up
in the config that results; where the config says something else, the header's value goes in.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoConfig, PreTrainedConfig
from transformers.integrations.ggml import GGUF_CONFIG_MAPPING

from model.files.gguf_header import GgufHeader
from model.gguf.rope import SCALING, is_placed, read_factors, rope_scaling

# Where configs keep the value of a key; the first name that a config has is meant.
ATTRIBUTES = {
    "context_length": ("max_position_embeddings",),
    "embedding_length": ("hidden_size",),
    "block_count": ("num_hidden_layers",),
    "feed_forward_length": ("intermediate_size", "n_inner", "ffn_hidden_size"),
    "vocab_size": ("vocab_size",),
    "attention.head_count": ("num_attention_heads",),
    "attention.head_count_kv": ("num_key_value_heads", "num_kv_heads"),
    "attention.key_length": ("head_dim",),
    "attention.value_length": ("v_head_dim", "head_dim"),
    "attention.layer_norm_rms_epsilon": ("rms_norm_eps", "norm_eps", "layer_norm_epsilon", "layer_norm_eps"),
    "attention.layer_norm_epsilon": ("layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", "norm_eps"),
    "attention.sliding_window": ("sliding_window",),
    "attn_logit_softcapping": ("attn_logit_softcapping",),
    "final_logit_softcapping": ("final_logit_softcapping",),
    "logit_scale": ("logit_scale",),
    "use_parallel_residual": ("use_parallel_residual",),
    "expert_count": ("num_experts", "num_local_experts", "n_routed_experts"),
    "expert_used_count": ("num_experts_per_tok",),
    "expert_feed_forward_length": ("moe_intermediate_size", "intermediate_size"),
    "expert_shared_feed_forward_length": ("shared_expert_intermediate_size",),
    "expert_weights_norm": ("norm_topk_prob",),
    "expert_weights_scale": ("routed_scaling_factor",),
    "full_attention_interval": ("full_attention_interval",),
    "ssm.conv_kernel": ("conv_kernel", "linear_conv_kernel_dim"),
    "ssm.state_size": ("state_size", "linear_key_head_dim"),
    "ssm.inner_size": ("intermediate_size",),
    "ssm.time_step_rank": ("time_step_rank", "linear_num_value_heads"),
    "ssm.group_count": ("linear_num_key_heads",),
    "shortconv.l_cache": ("conv_L_cache",),
}
# A key with this value asks for nothing.
NEUTRAL: dict[str, tuple] = {
    "attention.causal": (True,),
    "attention.max_alibi_bias": (0,),
    "attention.clamp_kqv": (0,),
    "attention.sliding_window": (0,),
    "attention.scale": (0,),
    "attn_logit_softcapping": (0,),
    "final_logit_softcapping": (0,),
    "expert_count": (0,),
    "expert_used_count": (0,),
    "expert_shared_count": (0,),
    "expert_group_count": (0, 1),
    "expert_group_used_count": (0, 1),
    "expert_weights_scale": (0, 1),
    "nextn_predict_layers": (0,),
    "leading_dense_block_count": (0,),
    "pooling_type": (0,),
    "logit_scale": (0, 1),
    "residual_scale": (0, 1),
    "embedding_scale": (0, 1),
    "feed_forward_length": (0,),
    "ssm.dt_b_c_rms": (False,),
}
# Say how the file is laid out, and nothing about the numbers.
NO_EFFECT = {"tensor_data_layout", "vocab_size", "name"}
# These change where a text is cut; all others of the tokenizer are read, or name a token for other purposes.
TOKENIZER_UNREAD = {
    "tokenizer.ggml.add_sep_token",
    "tokenizer.ggml.suppress_tokens",
    "tokenizer.ggml.normalizer.lowercase",
}
# llama.cpp ends an answer at each of these.
ENDS = ("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id")
# Models of these sizes divide the scores by the root of something else than the width of a head.
SCALED_BY_WIDTH = {("gemma2", 46), ("gemma3", 62)}


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
    config = AutoConfig.for_model(**given)
    changes: dict[str, Any] = {}
    if len(ends := {int(header.metadata[key]) for key in ENDS if key in header.metadata}) > 1:
        changes["eos_token_id"] = sorted(ends)
    for suffix, value in values.items():
        name = _attribute(config, architecture, suffix)
        if (
            name
            and not _says(config, name, value)
            and value not in NEUTRAL.get(suffix, ())
            and not isinstance(value, list)
        ):
            changes[name] = value
    if hasattr(config, "query_pre_attn_scalar"):
        by_width = (architecture, values.get("block_count")) in SCALED_BY_WIDTH
        merged = AutoConfig.for_model(**(given | changes))
        changes["query_pre_attn_scalar"] = (
            merged.hidden_size // merged.num_attention_heads if by_width else _head_dim(merged)
        )
    config = AutoConfig.for_model(**(given | changes))
    factors = read_factors(path, header.tensors or {})
    if rope := _rope(config, values, factors):
        changes |= rope
        given.pop("rope_theta", None)
        config = AutoConfig.for_model(**(given | changes))
    unplaced = [
        f"{architecture}.{suffix} = {value!r:.60}"
        for suffix, value in values.items()
        if not _is_placed(config, architecture, suffix, value)
    ]
    unread = [f"{key} = {header.metadata[key]!r:.60}" for key in sorted(TOKENIZER_UNREAD & header.metadata.keys())]
    odd = [
        f"{key} = {value!r:.60}"
        for key, value in header.metadata.items()
        if key.split(".")[0] not in _known(architecture)
    ]
    return GgufConfig(config, tuple(unplaced + [one for one in unread if not one.endswith(("False", "[]"))] + odd))


def _known(architecture: str) -> set[str]:
    """What the keys of a header begin with."""
    return {architecture, *architecture.split("."), "general", "tokenizer", "quantize", "split", "imatrix"}


def _attribute(config: PreTrainedConfig, architecture: str, suffix: str) -> str:
    """The name under which this config has the value of a key; empty if it has none."""
    family = GGUF_CONFIG_MAPPING.get(architecture) or GGUF_CONFIG_MAPPING.get(str(config.model_type)) or {}
    mapped = family.get(suffix)
    if suffix.startswith("rope.") and suffix != "rope.dimension_count":
        return ""
    if mapped and hasattr(config, mapped) and suffix != "rope.dimension_count":
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
        return _is_rope_placed(config, suffix, value)
    if suffix == "attention.max_alibi_bias":
        return architecture == "bloom" and value == 8
    if suffix == "attention.sliding_window_pattern":
        return _has_pattern(config, value)
    if name := _attribute(config, architecture, suffix):
        return _says(config, name, value)
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
