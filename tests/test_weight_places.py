"""Each weight of the files has a place in the model, or is listed, or is a reason to refuse."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from model.loading.load import load
from model.loading.weight_places import NAME, check_places
from model.request.errors import UserError
from tests.refusals import config


def add(folder, **tensors) -> None:
    path = folder / "model.safetensors"
    save_file(load_file(path) | tensors, path, metadata={"format": "pt"})


@pytest.mark.parametrize(
    "name",
    [
        "model.layers.0.mlp.up_proj.weight_scale",
        "model.layers.1.self_attn.q_proj.weight_scale_inv",
        "model.layers.0.self_attn.q_proj.bias",
        "model.layers.0.pre_feedforward_layernorm.weight",
        "model.layers.0.self_attn.q_proj.lora_A.weight",
        "lm_head.bias",
    ],
)
def test_a_weight_that_would_change_the_numbers_is_not_left_out(folder, name):
    add(folder, **{name: np.ones(4, np.float32)})
    with pytest.raises(UserError, match=f"1 weights without a place in its model .{name}"):
        load(folder, "it", "cpu")


def test_a_config_with_fewer_layers_than_the_files_is_refused(folder):
    config(folder, num_hidden_layers=1)
    with pytest.raises(UserError, match=r"Its config says 1 layers, its files hold layer 1"):
        load(folder, "it", "cpu")


def test_harmless_weights_are_let_pass_and_strange_ones_listed(folder):
    add(folder, **{"model.layers.0.self_attn.rotary_emb.inv_freq": np.ones(4, np.float32)})
    assert all(check.passed for check in load(folder, "it", "cpu").card.checks)
    add(folder, **{"v_head.summary.bias": np.ones(4, np.float32)})
    (check,) = (check for check in load(folder, "it", "cpu").card.checks if check.name == NAME)
    assert not check.passed
    assert "v_head.summary.bias" in check.how
    (listed,) = check_places("it", ["model.rotary_emb.inv_freq"], 2)
    assert listed.passed
