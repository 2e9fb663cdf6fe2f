"""Describes a block's mixer: heads from the shapes of its tensors, the rest from its module and the config."""

import re

from torch import nn

from model.capture.capture import Capture, LayerCapture
from model.network.language_model import LanguageModel
from model.records.architecture import Mixer

QK_NORM = re.compile(r"^(q|k|qk|query|key)_?(layer)?_?(norm|ln)$|^(q|k)_layernorm$|^(query|key)_(layer)?norm$")


def describe_mixer(lm: LanguageModel, index: int, module: nn.Module, kind: str, capture: Capture) -> Mixer:
    """Describes a mixer of layer `index`; `capture` is that of a short pass."""
    if kind != "attention":
        return Mixer(kind, type(module).__name__)
    inside = set(module.modules())
    layer = next((x for x in capture.layers if x.chunks and x.module in inside), None)
    n_heads, n_kv_heads, d_head, d_value = _shapes(lm, module, layer)
    latent = (
        _setting(lm, "kv_lora_rank")
        if any("kv_a" in name or "kv_lora" in name for name, _ in module.named_modules())
        else 0
    )
    window, chunked = _window(lm, index, module)
    position = _position(lm, index)
    return Mixer(
        kind=kind,
        module=type(module).__name__,
        heads="MLA" if latent else _heads(n_heads, n_kv_heads),
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        d_head=d_head,
        d_value=d_value,
        latent=latent or 0,
        window=window,
        chunked=chunked,
        position=position,
        rotated=_rotated(lm, index, d_head) if position == "rope" else 1.0,
        qk_norm=any(QK_NORM.match(name) for name, _ in module.named_children()),
        sinks=getattr(module, "sinks", None) is not None,
        softcap=float(_setting(lm, "attn_logit_softcapping") or 0),
    )


def _heads(n_heads: int, n_kv_heads: int) -> str:
    if n_kv_heads == n_heads:
        return "MHA"
    return "MQA" if n_kv_heads == 1 else "GQA"


def _shapes(lm: LanguageModel, module: nn.Module, layer: LayerCapture | None) -> tuple[int, int, int, int]:
    """(heads, KV heads, d_head, d_value): as captured, or else as configured."""
    if layer is not None:
        return layer.n_heads, layer.key.shape[0], layer.chunks[0].query.shape[-1], layer.value.shape[-1]
    card = lm.card
    n_kv_heads = 1 if getattr(module, "multi_query", False) else getattr(module, "num_kv_heads", card.n_kv_heads)
    return card.n_heads, n_kv_heads or card.n_heads, card.d_head, card.d_head


def _setting(lm: LanguageModel, name: str):
    return getattr(lm.model.config.get_text_config(), name, None)


def _layer_type(lm: LanguageModel, index: int) -> str:
    for name in ("layer_types", "attention_layers"):
        types = _setting(lm, name)
        if isinstance(types, list | tuple) and index < len(types):
            return str(types[index])
    return ""


def _window(lm: LanguageModel, index: int, module: nn.Module) -> tuple[int, bool]:
    """The number of positions that this layer sees (0: all), and whether they form chunks that do not overlap."""
    kind = _layer_type(lm, index)
    if "chunked" in kind:
        return _setting(lm, "attention_chunk_size") or 0, True
    if kind and not re.search("sliding|local", kind):
        return 0, False
    own = getattr(module, "sliding_window", None)
    if not isinstance(own, int) and _setting(lm, "use_sliding_window") is not False:
        names = ("sliding_window", "window_size", "attention_window_size")
        own = next((_setting(lm, name) for name in names if isinstance(_setting(lm, name), int)), 0)
    return (own, False) if isinstance(own, int) and own > 0 else (0, False)


def _position(lm: LanguageModel, index: int) -> str:
    """The position encoding of this layer."""
    if any("alibi" in name for name in dir(lm.model.base_model)) and _setting(lm, "alibi") is not False:
        return "alibi"
    if _setting(lm, "alibi") is True:
        return "alibi"
    rotates = _setting(lm, "no_rope_layers")
    if isinstance(rotates, list) and index < len(rotates) and not rotates[index]:
        return ""
    if lm.card.position_kind == "rope":
        return "rope"
    if any("sinusoidal" in type(module).__name__.lower() for module in lm.model.modules()):
        return "sinusoidal"
    return "learned" if lm.card.position_kind == "learned" else ""


def _rotated(lm: LanguageModel, index: int, d_head: int) -> float:
    """The share of a head's dimensions that are rotated."""
    n = _setting(lm, "qk_rope_head_dim") or _setting(lm, "rotary_dim")
    if n and d_head:
        return min(1.0, n / d_head)
    rope = _setting(lm, "rope_parameters") or {}
    # A kind of layer without rotation has no settings.
    rope = (rope.get(_layer_type(lm, index), rope) or {}) if isinstance(rope, dict) else {}
    return float(rope.get("partial_rotary_factor") or _setting(lm, "partial_rotary_factor") or 1.0)
