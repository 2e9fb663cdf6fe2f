"""What the config, the tokenizer and the model's own files say about it; nothing is guessed."""

import re
from dataclasses import replace
from pathlib import Path

from transformers import PreTrainedConfig

from model.network.language_model import LanguageModel
from model.records.architecture import ModelFacts, Rope
from model.source.bundled import BUNDLED_ID, locate

GGUF_LICENCE = b"general.license"


def model_facts(lm: LanguageModel, embed_scale: float) -> ModelFacts:
    """The facts; empty where nothing says so."""
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
    """The rotation's settings; of a model with other ones for each kind of layer, all that differ."""
    settings = getattr(config, "rope_parameters", None) or {}
    nested = {kind: value for kind, value in settings.items() if isinstance(value, dict)}
    found = [_rope(kind, value) for kind, value in (nested or {"": settings}).items()]
    alike = len({replace(rope, kind="") for rope in found}) == 1
    return tuple(rope for rope in ([replace(found[0], kind="")] if alike else found) if rope.theta)


def _rope(kind: str, settings: dict) -> Rope:
    theta, factor = settings.get("rope_theta") or 0, settings.get("factor") or 0
    return Rope(kind, float(theta), str(settings.get("rope_type") or ""), float(factor))


def _licence(lm: LanguageModel) -> tuple[str, str]:
    """The licence and the place that names it: the config, or the head of the README beside the weights.

    The bundled model's is in the GGUF file that its weights come from.
    """
    config, gguf = lm.model.config, locate() if lm.card.model_id == BUNDLED_ID else None
    if gguf is not None and (named := _in_gguf(gguf)):
        return named, "GGUF"
    if isinstance(named := getattr(config, "license", None), str):
        return named, "config.json"
    folder = Path(getattr(config, "_name_or_path", None) or "/nowhere")
    readme = folder / "README.md"
    if folder.is_dir() and readme.is_file():
        head = readme.read_text(encoding="utf-8", errors="replace")[:4000]
        found = re.search(r"\A---\n.*?^license:\s*(\S[^\n]*)$.*?^---$", head, re.DOTALL | re.MULTILINE)
        if found:
            return found[1].strip("'\" ")[:60], "README.md"
    return "", ""


def _in_gguf(path: Path) -> str:
    """The licence in a GGUF file's metadata: key, type 8 (a string), length, text. A whole reader takes seconds."""
    with path.open("rb") as file:
        head = file.read(4096)
    key = head.find(GGUF_LICENCE) + len(GGUF_LICENCE)
    kind, length = int.from_bytes(head[key : key + 4], "little"), int.from_bytes(head[key + 4 : key + 12], "little")
    named = GGUF_LICENCE in head and kind == 8 and length < 100
    return head[key + 12 : key + 12 + length].decode("utf-8", errors="replace") if named else ""
