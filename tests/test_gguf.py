"""A GGUF opened is the model in the file: llama.cpp on the same file is the second route."""

import json

import numpy as np
import pytest
import torch
from gguf import GGUFReader, GGUFValueType, GGUFWriter

from model.files.gguf_header import read_gguf
from model.gguf.ask_llama import ask_llama
from model.gguf.config import gguf_config
from model.gguf.pre_tokenizers import BY_NAME, WITH_BOS
from model.gguf.tokenizer import gguf_tokenizer
from model.loading.check_gguf import KEYS, LOGITS, TOKENS, check_gguf, divergence
from model.loading.load import load
from model.open import EngineOptions, open_engine
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.source.bundled import locate
from model.tokens.probes import MARKED, PROBES
from tests.saved_models import TYPES, write_gguf
from viz.stages.architecture.describe import architecture
from viz.wire.payload import dump

# llama.cpp is asked in a process of its own for each file.
pytestmark = pytest.mark.slow

LINEAR = {"llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": 4.0}
YARN = {
    "llama.rope.scaling.type": "yarn",
    "llama.rope.scaling.factor": 4.0,
    "llama.rope.scaling.original_context_length": 32,
    "llama.rope.scaling.attn_factor": 0.9,
}
RNG = np.random.default_rng(1)
# Attention that is sharp enough for the rotation to matter.
SHARP = {
    "blk.0.attn_q.weight": RNG.normal(0, 1.0, (32, 32)).astype(np.float32),
    "blk.0.attn_k.weight": RNG.normal(0, 1.0, (32, 32)).astype(np.float32),
    "blk.0.attn_v.weight": RNG.normal(0, 0.5, (32, 32)).astype(np.float32),
    "blk.0.attn_norm.weight": np.ones(32, np.float32),
    "output_norm.weight": np.ones(32, np.float32),
}
FREQUENCIES = {"rope_freqs.weight": np.array([1.0, 2.0, 4.0, 8.0], np.float32)}


def opened(path):
    return load(path.parent, path.name, "cpu", "float32", path.name)


def checks(lm):
    return {check.name: check for check in lm.card.checks}


def bundled_with(path, values: dict) -> None:
    """The bundled GGUF with other values in its header."""
    reader, writer = GGUFReader(locate()), GGUFWriter(path, "llama")
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name not in ("general.architecture", *values):
            kind = field.types[0]
            item = field.types[-1] if kind == GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), kind, sub_type=item)
    for name, value in values.items():
        writer.add_key_value(name, value, TYPES[type(value)])
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    for step in ("write_header_to_file", "write_kv_data_to_file", "write_tensors_to_file", "close"):
        getattr(writer, step)()


@pytest.mark.parametrize(
    "values", [{}, LINEAR, YARN, {"llama.rope.freq_base": 500.0}], ids=["plain", "linear", "yarn", "base"]
)
def test_rotary_settings_of_the_header_reach_the_numbers(tmp_path, values):
    lm = opened(write_gguf(tmp_path / "tiny.gguf", values=values, more=SHARP))
    found = checks(lm)
    assert found[KEYS].passed
    assert found[LOGITS].made
    assert found[LOGITS].passed
    assert lm.model.config.rope_parameters["rope_type"] == values.get("llama.rope.scaling.type", "default")


@pytest.mark.parametrize("values", [LINEAR, YARN], ids=["linear", "yarn"])
def test_a_model_that_drops_them_is_refused_by_the_numbers(tmp_path, values):
    plain = opened(write_gguf(tmp_path / "plain.gguf", more=SHARP))
    path = write_gguf(tmp_path / "scaled.gguf", values=values, more=SHARP)
    with pytest.raises(UserError, match=r"does not compute what llama.cpp computes.* read by nothing here"):
        check_gguf(plain, path, read_gguf(path), ["llama.rope.scaling.factor = 4.0"], gguf_tokenizer(path))


def test_rotary_factors_of_a_tensor_divide_the_frequencies(tmp_path):
    path = write_gguf(tmp_path / "tiny.gguf", more=SHARP | FREQUENCIES)
    lm = opened(path)
    plain = opened(write_gguf(tmp_path / "plain.gguf", more=SHARP))
    ours, without = (one.model.model.rotary_emb.inv_freq for one in (lm, plain))
    assert torch.allclose(ours * torch.tensor([1.0, 2.0, 4.0, 8.0]), without)
    assert checks(lm)[LOGITS].passed
    with pytest.raises(UserError, match="does not compute what llama.cpp computes"):
        check_gguf(plain, path, read_gguf(path), [], gguf_tokenizer(path))


def test_a_value_that_nothing_reads_is_a_red_line_that_names_it(tmp_path):
    lm = opened(write_gguf(tmp_path / "tiny.gguf", values={"llama.future.gate": 3, "llama.expert_count": 0}))
    check = checks(lm)[KEYS]
    assert not check.passed
    assert check.error == 1
    assert "llama.future.gate = 3" in check.how


def test_the_header_wins_over_what_transformers_assumes(tmp_path):
    path = write_gguf(tmp_path / "tiny.gguf", values={"llama.attention.key_length": 8, "llama.attention.causal": True})
    read = gguf_config(path, read_gguf(path))
    assert read.unplaced == ()
    assert read.config.head_dim == 8


def test_a_header_of_a_model_without_attention_has_a_place_for_every_value(tmp_path):
    """As llama.cpp writes it for Mamba: no heads, and no MLP beside the state space."""
    values: dict[str, object] = {"mamba.attention.head_count": 0, "mamba.feed_forward_length": 0}
    values |= {"mamba.ssm.conv_kernel": 4, "mamba.ssm.inner_size": 64, "mamba.ssm.state_size": 16}
    values |= {"mamba.ssm.time_step_rank": 2, "mamba.ssm.dt_b_c_rms": False}
    path = write_gguf(
        tmp_path / "tiny.gguf", "mamba", values=values, drop=("attention.head_count_kv", "rope.freq_base")
    )
    read = gguf_config(path, read_gguf(path))
    assert read.unplaced == ()
    assert (read.config.model_type, read.config.intermediate_size, read.config.time_step_rank) == ("mamba", 64, 2)
    # What only attention has a use for has no place here.
    more = values | {"mamba.rope.dimension_count": 8, "mamba.attention.key_length": 8}
    path = write_gguf(tmp_path / "more.gguf", "mamba", values=more, drop=("attention.head_count_kv", "rope.freq_base"))
    unplaced = gguf_config(path, read_gguf(path)).unplaced
    assert unplaced == ("mamba.rope.dimension_count = 8", "mamba.attention.key_length = 8")


def test_an_answer_ends_at_each_token_that_the_header_names(tmp_path):
    lm = opened(write_gguf(tmp_path / "tiny.gguf", values={"tokenizer.ggml.eot_token_id": 7}))
    assert lm.card.eos_token_ids == (2, 7)


def test_divergence_is_that_of_the_whole_distributions():
    """By hand: two distributions of three tokens, one of them listed as 'the rest'."""
    p, q = torch.tensor([0.5, 0.3, 0.2]).double(), torch.tensor([0.25, 0.25, 0.5]).double()
    top = [(0, float(p[0].log())), (1, float(p[1].log()))]
    assert divergence(top, q.log()) == pytest.approx(float((p * (p / q).log2()).sum()))


@pytest.mark.parametrize("rule", sorted(BY_NAME))
def test_each_known_rule_cuts_as_llama_cpp_does(tmp_path, rule):
    values = {"tokenizer.ggml.pre": rule} if rule else {}
    path = write_gguf(tmp_path / "tiny.gguf", values=values, byte_level=True)
    made = gguf_tokenizer(path)
    assert not made.unknown_rule
    assert len(made.probes) >= len(PROBES) - len(MARKED)
    answer = ask_llama(path, made.probes, [], [])
    assert not answer.why_not
    for text, theirs in zip(made.probes, answer.tokens, strict=True):
        assert made.tokenizer(text)["input_ids"] == theirs, text
    assert (made.tokenizer("a")["input_ids"][0] == made.tokenizer.bos_token_id) == (rule in WITH_BOS)


def test_an_unknown_rule_is_refused_by_name(tmp_path):
    path = write_gguf(tmp_path / "tiny.gguf", values={"tokenizer.ggml.pre": "tomorrow"}, byte_level=True)
    with pytest.raises(UserError, match=r"the rules 'tomorrow' \(tokenizer.ggml.pre\).*tokenizer.json"):
        opened(path)


@pytest.mark.parametrize("prefix", [True, False])
def test_spaces_of_sentencepiece_are_those_of_the_file(tmp_path, prefix):
    path = write_gguf(tmp_path / "tiny.gguf", values={"tokenizer.ggml.add_space_prefix": prefix})
    answer = ask_llama(path, PROBES, [], [])
    tokenizer = gguf_tokenizer(path).tokenizer
    assert [tokenizer(text)["input_ids"] for text in PROBES] == answer.tokens


def test_without_llama_cpp_the_comparison_is_said_not_to_be_made(tmp_path, monkeypatch):
    monkeypatch.setattr("model.gguf.ask_llama.is_installed", lambda: False)
    found = checks(opened(write_gguf(tmp_path / "tiny.gguf")))
    for name in (LOGITS, TOKENS):
        assert not found[name].made
        assert found[name].how == "the package xllamacpp is not installed"


def test_the_page_shows_the_checks_of_a_gguf_opened_by_its_path(tmp_path):
    path = write_gguf(tmp_path / "tiny.gguf", values={"llama.future.gate": 3}, more=SHARP)
    engine = open_engine(EngineOptions(model=str(path), device="cpu", dtype="float32"))
    answer = json.loads(dump(architecture(engine, Recipe("a b"), {})))
    shown = {check["name"]: check["passed"] for check in answer["card"]["checks"]}
    assert (shown[TOKENS], shown[LOGITS], shown[KEYS]) == (True, True, False)


def test_a_tensor_without_a_place_is_refused_by_name(tmp_path):
    more = {"blk.0.attn_q.bias": np.ones(32, np.float32)}
    with pytest.raises(UserError, match=r"1 weights without a place in its model \(blk.0.attn_q.bias"):
        opened(write_gguf(tmp_path / "tiny.gguf", more=more))


def test_the_bundled_file_by_its_path_is_the_bundled_model(tmp_path, lm):
    path = tmp_path / "bundled.gguf"
    path.symlink_to(locate())
    by_path = opened(path)
    assert by_path.tokenizer("½ ² ①")["input_ids"] == [16738, 216, 19133, 216, 173, 235, 250]
    assert all(check.passed for check in by_path.card.checks)
    same = {
        name: torch.equal(weight, lm.model.state_dict()[name]) for name, weight in by_path.model.state_dict().items()
    }
    assert all(same.values())


def test_the_bundled_file_with_a_scaled_rotation_answers_as_llama_cpp_does(tmp_path, lm):
    path = tmp_path / "scaled.gguf"
    bundled_with(path, LINEAR)
    scaled = opened(path)
    ids = scaled.tokenizer("The Eiffel Tower stands in Paris. " * 8 + "The capital of France is")["input_ids"]
    (top,) = ask_llama(path, [], ids, [len(ids)]).tops
    with torch.inference_mode():
        ours = scaled.model(torch.tensor([ids])).logits[0, -1].softmax(-1).topk(3)
    assert {token_id for token_id, _ in top[:3]} == set(ours.indices.tolist()) == {414, 7042, 260}
    assert ours.values[0] < 0.2
