"""A loaded model to its architecture: which parts it has, how its blocks are put together, what each part weighs.

What a part is, is told by its modules; heads and the places of norms by one short pass with hooks.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.architecture.mixers import describe_mixer
from model.architecture.mlps import describe_mlp
from model.architecture.model_facts import model_facts
from model.architecture.norm_places import norm_kind, norm_places, same
from model.architecture.parameters import parameters
from model.embed.embeddings import rows_of
from model.network.capture import Capture, capturing
from model.network.language_model import LanguageModel
from model.network.recording import ModuleCall, recording
from model.network.sublayers import Sublayers, is_norm, sublayers
from model.records.architecture import Architecture, BlockKind

N_PROBED = 8


@dataclass(frozen=True, eq=False)
class _Pass:
    """One short pass: its tokens' rows of the embedding, the calls of the modules watched, the attention computed."""

    rows: Tensor
    seen: dict[nn.Module, ModuleCall]
    capture: Capture


def architecture(lm: LanguageModel) -> Architecture:
    """The whole of it; costs one forward pass over a few tokens."""
    config, d_model = lm.model.config.get_text_config(), lm.card.d_model
    layers = tuple(sublayers(block, config, d_model) for block in lm.anatomy.blocks)
    outer = _outer_norms(lm)
    made = _pass(lm, layers, outer)
    embed, first = made.seen.get(lm.anatomy.embed), made.seen.get(lm.anatomy.blocks[0])
    start = [made.seen[n] for n in outer if embed and n in made.seen and same(made.seen[n].input, embed.output)]
    head = made.seen.get(lm.anatomy.head)
    end = [made.seen[n] for n in outer if head and n in made.seen and same(made.seen[n].output, head.input)]
    return Architecture(
        kinds=_kinds(lm, layers, made),
        embed_norm=norm_kind(start[0]) if start else "",
        final_norm=norm_kind(end[0]) if end else "",
        parameters=parameters(lm, layers),
        facts=model_facts(lm, _scale(made.rows, first and first.input)),
    )


def routed_layers(lm: LanguageModel) -> dict[int, Sublayers]:
    """The layers that send positions to experts, by number."""
    config = lm.model.config.get_text_config()
    found = enumerate(sublayers(block, config, lm.card.d_model) for block in lm.anatomy.blocks)
    return {index: layer for index, layer in found if layer.experts and layer.routers}


def _outer_norms(lm: LanguageModel) -> list[nn.Module]:
    inside = {module for block in lm.anatomy.blocks for module in block.modules()}
    return [module for module in lm.model.modules() if is_norm(module) and module not in inside]


@torch.inference_mode()
def _pass(lm: LanguageModel, layers: tuple[Sublayers, ...], outer: list[nn.Module]) -> _Pass:
    n = min(N_PROBED, lm.card.context or N_PROBED)
    ids = torch.tensor([[(17 * i + 3) % lm.card.n_vocab for i in range(n)]], device=lm.device)
    watched = [lm.anatomy.embed, lm.anatomy.head, *outer]
    for layer in layers:
        watched += [layer.block, *(mixer for mixer, _ in layer.mixers), *layer.mlp, *layer.norms]
    capture = Capture()
    with lm.lock, capturing(capture, n), recording(watched, n, max_width=4 * lm.card.d_model) as calls:
        lm.model(ids, use_cache=False)
    return _Pass(rows_of(lm, ids[0].tolist()), {call.module: call for call in calls}, capture)


def _kinds(lm: LanguageModel, layers: tuple[Sublayers, ...], made: _Pass) -> tuple[BlockKind, ...]:
    """The kinds of block, by the first layer that is of it."""
    found: dict[tuple, list[int]] = {}
    for index, layer in enumerate(layers):
        # bart's blocks hold cross-attention too, which without an encoder never runs.
        fired = [mixer for mixer in layer.mixers if mixer[0] in made.seen] or layer.mixers
        mixers = tuple(describe_mixer(lm, index, module, kind, made.capture) for module, kind in fired)
        norms, parallel = norm_places(layer, made.seen)
        n_parameters = sum(p.numel() for p in layer.block.parameters())
        key = (mixers, describe_mlp(lm, layer), norms, parallel, n_parameters)
        found.setdefault(key, []).append(index)
    return tuple(BlockKind(tuple(indices), *key) for key, indices in found.items())


def _scale(row: Tensor, received: Tensor | None) -> float:
    """The factor between the embedding's rows and what block 0 receives; 1 where that is no plain factor."""
    if received is None or not same(received, row):
        return 1.0
    return float((received * row).sum() / (row * row).sum())
