"""Describes the architecture of a loaded model: its parts, the structure of its blocks, and its parameters.

Parts are identified from their modules; heads and the places of norms from one short pass with hooks.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.architecture.mixers import describe_mixer
from model.architecture.mlps import describe_mlp
from model.architecture.model_facts import model_facts
from model.architecture.norm_places import norm_kind, norm_places, same
from model.architecture.parameters import parameters
from model.capture.capture import Capture, capturing
from model.capture.recording import ModuleCall, recording
from model.embed.embeddings import rows_of
from model.network.language_model import LanguageModel
from model.network.sublayers import Sublayers, is_norm, sublayers
from model.records.architecture import Architecture, BlockKind

N_PROBED = 8


@dataclass(frozen=True, eq=False)
class _Pass:
    """One short pass: the embedding rows of its tokens, the recorded module calls, and the captured attention."""

    rows: Tensor
    calls: dict[nn.Module, ModuleCall]
    capture: Capture


def architecture(lm: LanguageModel) -> Architecture:
    """The architecture of a model; costs one forward pass over a few tokens."""
    config, d_model = lm.model.config.get_text_config(), lm.card.d_model
    layers = tuple(sublayers(block, config, d_model) for block in lm.anatomy.blocks)
    outer = _outer_norms(lm)
    short_pass = _run_pass(lm, layers, outer)
    calls = short_pass.calls
    embed, first, head = (calls.get(m) for m in (lm.anatomy.embed, lm.anatomy.blocks[0], lm.anatomy.head))
    start = [calls[n] for n in outer if embed and n in calls and same(calls[n].input, embed.output)]
    end = [calls[n] for n in outer if head and n in calls and same(calls[n].output, head.input)]
    return Architecture(
        kinds=_kinds(lm, layers, short_pass),
        embed_norm=norm_kind(start[0]) if start else "",
        final_norm=norm_kind(end[0]) if end else "",
        parameters=parameters(lm, layers),
        facts=model_facts(lm, _scale(short_pass.rows, first and first.input)),
    )


def routed_layers(lm: LanguageModel) -> dict[int, Sublayers]:
    """The layers that route positions to experts, by index."""
    config = lm.model.config.get_text_config()
    layers = enumerate(sublayers(block, config, lm.card.d_model) for block in lm.anatomy.blocks)
    return {index: layer for index, layer in layers if layer.experts and layer.routers}


def _outer_norms(lm: LanguageModel) -> list[nn.Module]:
    inside = {module for block in lm.anatomy.blocks for module in block.modules()}
    return [module for module in lm.model.modules() if is_norm(module) and module not in inside]


@torch.inference_mode()
def _run_pass(lm: LanguageModel, layers: tuple[Sublayers, ...], outer: list[nn.Module]) -> _Pass:
    n = min(N_PROBED, lm.card.context or N_PROBED)
    ids = torch.tensor([[(17 * i + 3) % lm.card.n_vocab for i in range(n)]], device=lm.device)
    modules = [lm.anatomy.embed, lm.anatomy.head, *outer]
    for layer in layers:
        modules += [layer.block, *(mixer for mixer, _ in layer.mixers), *layer.mlp, *layer.norms]
    capture = Capture()
    with lm.lock, capturing(capture, n), recording(modules, n, max_width=4 * lm.card.d_model) as calls:
        lm.model(ids, use_cache=False)
    return _Pass(rows_of(lm, ids[0].tolist()), {call.module: call for call in calls}, capture)


def _kinds(lm: LanguageModel, layers: tuple[Sublayers, ...], short_pass: _Pass) -> tuple[BlockKind, ...]:
    """The kinds of block, ordered by their first layer."""
    layers_of: dict[tuple, list[int]] = {}
    for index, layer in enumerate(layers):
        # bart's blocks also contain cross-attention, which never runs without an encoder.
        active = [mixer for mixer in layer.mixers if mixer[0] in short_pass.calls] or layer.mixers
        mixers = tuple(describe_mixer(lm, index, module, kind, short_pass.capture) for module, kind in active)
        norms, parallel = norm_places(layer, short_pass.calls)
        n_parameters = sum(p.numel() for p in layer.block.parameters())
        key = (mixers, describe_mlp(lm, layer), norms, parallel, n_parameters)
        layers_of.setdefault(key, []).append(index)
    return tuple(BlockKind(tuple(indices), *key) for key, indices in layers_of.items())


def _scale(row: Tensor, received: Tensor | None) -> float:
    """The factor between the embedding's rows and block 0's input; 1 if the input is not a multiple of the rows."""
    if received is None or not same(received, row):
        return 1.0
    return float((received * row).sum() / (row * row).sum())
