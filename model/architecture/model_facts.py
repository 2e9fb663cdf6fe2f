"""Facts about a model from its config, its tokenizer and its files; nothing is guessed."""

import re
from dataclasses import replace
from pathlib import Path

from transformers import PreTrainedConfig

from model.network.language_model import LanguageModel
from model.records.architecture import ModelFacts, Rope
from model.source.bundled import BUNDLED_ID, locate

GGUF_LICENCE = b"general.license"


def model_facts(lm: LanguageModel, embed_scale: float) -> ModelFacts:
    """The facts about a model; empty or 0 where no source states them."""
    config, tokenizer = lm.model.config.get_text_config(), lm.tokenizer
    licence, source = _licence(lm)
    tensors = (*lm.model.parameters(), *lm.model.buffers())
    return ModelFacts(
        licence=licence,
        licence_from=source,
        n_tokens=len(tokenizer),
        bos=str(tokenizer.bos_token or ""),
        eos=tuple(token for token in tokenizer.convert_ids_to_tokens(list(lm.card.eos_token_ids)) if token),
        rope=_ropes(config) if lm.card.position_kind == "rope" else (),
        logit_softcap=float(getattr(config, "final_logit_softcapping", None) or 0),
        embed_scale=embed_scale,
        bytes=sum({t.data_ptr(): t.nbytes for t in tensors if t.nbytes}.values()),
    )


def _ropes(config: PreTrainedConfig) -> tuple[Rope, ...]:
    """The RoPE settings; one per kind of layer if these differ."""
    settings = getattr(config, "rope_parameters", None) or {}
    nested = {kind: value for kind, value in settings.items() if isinstance(value, dict)}
    ropes = [_rope(kind, value) for kind, value in (nested or {"": settings}).items()]
    are_equal = len({replace(rope, kind="") for rope in ropes}) == 1
    return tuple(rope for rope in ([replace(ropes[0], kind="")] if are_equal else ropes) if rope.theta)


def _rope(kind: str, settings: dict) -> Rope:
    theta, factor = settings.get("rope_theta") or 0, settings.get("factor") or 0
    return Rope(kind, float(theta), str(settings.get("rope_type") or ""), float(factor))


def _licence(lm: LanguageModel) -> tuple[str, str]:
    """The licence and its source: the config, or the front matter of the README next to the weights.

    The bundled model's licence is in the GGUF file that its weights come from.
    """
    config, gguf = lm.model.config, locate() if lm.card.model_id == BUNDLED_ID else None
    if gguf is not None and (licence := _in_gguf(gguf)):
        return licence, "GGUF"
    if isinstance(licence := getattr(config, "license", None), str):
        return licence, "config.json"
    folder = Path(getattr(config, "_name_or_path", None) or "/nowhere")
    readme = folder / "README.md"
    if folder.is_dir() and readme.is_file():
        head = readme.read_text(encoding="utf-8", errors="replace")[:4000]
        match = re.search(r"\A---\n.*?^license:\s*(\S[^\n]*)$.*?^---$", head, re.DOTALL | re.MULTILINE)
        if match:
            return match[1].strip("'\" ")[:60], "README.md"
    return "", ""


def _in_gguf(path: Path) -> str:
    """The licence in a GGUF's metadata: key, type 8 (a string), length, text. A complete parser would take seconds."""
    with path.open("rb") as file:
        head = file.read(4096)
    key = head.find(GGUF_LICENCE) + len(GGUF_LICENCE)
    kind, length = int.from_bytes(head[key : key + 4], "little"), int.from_bytes(head[key + 4 : key + 12], "little")
    is_present = GGUF_LICENCE in head and kind == 8 and length < 100
    return head[key + 12 : key + 12 + length].decode("utf-8", errors="replace") if is_present else ""
