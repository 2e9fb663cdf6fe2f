"""Bad sources of models are refused before any weights are read, with the reason and a way out."""

import json
import os
import time

import pytest

from model.files.safetensors_header import read_safetensors
from model.loading.load import load
from model.open import EngineOptions, LocalOpener
from model.pool import ModelPool, start_key
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.runtime.devices import choose_device, choose_dtype
from model.source.config_size import check_parameters
from model.source.sources import Allowed
from tests.refusals import config, looked, refused
from tests.saved_models import write_gguf
from tests.sweep_pair import pair


def test_a_whole_model_is_described_without_reading_a_weight(saved):
    about = looked(saved).about
    config = json.loads((saved / "config.json").read_text())
    stored = sum(p.numel() for p in load(saved, "tiny", "cpu").model.parameters())
    assert (about.family, about.n_layers, about.n_parameters) == ("llama", config["num_hidden_layers"], stored)
    assert about.memory_bytes == int(1.2 * 4 * stored)
    assert about.has_chat_template
    assert about.download_bytes == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "bert", "architectures": ["BertForMaskedLM"]}, "no causal language model but BertForMaskedLM"),
        ({"model_type": "vit", "architectures": ["ViTModel"]}, "no causal language model but ViTModel"),
        ({"architectures": ["LlamaForSequenceClassification"]}, "but LlamaForSequenceClassification"),
        ({"model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"]}, "but Gemma3ForCond"),
        ({"model_type": "t5", "is_encoder_decoder": True}, "is an encoder-decoder"),
        ({"model_type": "tomorrow"}, "architecture 'tomorrow', which transformers .* does not know"),
        ({"model_type": "own", "auto_map": {"AutoModel": "own.py"}}, r"needs code from its own repository"),
        ({"model_type": None}, "config.json without model_type"),
        ({"quantization_config": {"quant_method": "gptq"}}, "weights quantised by gptq"),
        ({"num_hidden_layers": 10**9}, "claims 1000000000 layers; from 1 to 1,000"),
    ],
)
def test_a_config_that_is_no_causal_model_is_refused(folder, changes, message):
    config(folder, **changes)
    refused(folder, message)


def test_a_native_family_is_opened_whatever_code_its_repository_also_holds(folder):
    config(folder, auto_map={"AutoModelForCausalLM": "modeling.py"})
    assert looked(folder).about.family == "llama"


def test_missing_and_damaged_files_are_refused_by_name(folder):
    refused(folder / "not here", "There is no folder")
    refused(folder / "not here.gguf", "There is no file")
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-100])
    refused(folder, r"model.safetensors is damaged or cut short: it has [\d,]+ bytes, its header says")
    weights.write_bytes(b"\xff" * 64)
    refused(folder, "its header claims")
    weights.write_bytes(b"{}")
    refused(folder, "is damaged or cut short")
    weights.unlink()
    refused(folder, "has no weights as safetensors")
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    refused(folder, "only as pickle, which can run code")
    (folder / "adapter_model.safetensors").write_bytes(whole)
    refused(folder, "only as pickle")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    refused(folder, "has no tokenizer")
    (folder / "config.json").write_text("{")
    refused(folder, "config.json of 'tiny-llama' cannot be read")
    (folder / "config.json").unlink()
    refused(folder, "holds an adapter")
    (folder / "adapter_model.safetensors").unlink()
    refused(folder, "has no config.json")


def test_a_part_that_the_index_names_and_nobody_has_is_refused(folder):
    os.rename(folder / "model.safetensors", folder / "model-00001-of-00002.safetensors")
    parts = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": parts}))
    refused(folder, "lacks model-00002-of-00002.safetensors")


def test_weights_that_the_files_do_not_have_are_never_made_up(folder):
    config(folder, num_hidden_layers=3)
    refused(folder, r"lacks some of its weights: its config asks for [\d,]+ parameters, its files hold [\d,]+")
    with pytest.raises(UserError, match="lacks 9 of its weights .*random numbers"):
        load(folder, "tiny", "cpu")


HUGE = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": 16384, "n_layer": 120, "n_head": 16}


@pytest.mark.slow
def test_a_small_folder_with_a_large_config_is_refused_before_anything_is_allocated(folder, hub, monkeypatch):
    monkeypatch.setattr("model.open.load", lambda *_, **__: pytest.fail("loaded"))
    (folder / "config.json").write_text(json.dumps(HUGE | {"vocab_size": 100_000}))
    width = HUGE["n_embd"]
    block = 12 * width**2 + 13 * width
    in_config = 120 * block + (100_000 + 1024) * width + 2 * width
    in_files = read_safetensors(folder / "model.safetensors").parameters
    message = f"its config asks for {in_config:,} parameters, its files hold {in_files:,}"
    refused(folder, message)
    hub.add("org/huge", folder, safetensors={"parameters": {"F32": in_files}, "total": in_files})
    refused("org/huge", message, hub=hub.client)
    assert "model.safetensors" not in {name for name, _ in hub.requests}
    # Weights that only the Hub claimed to exist are missed once the files are here.
    hub.add("org/huge", folder, safetensors={"parameters": {"F32": in_config}, "total": in_config})
    monkeypatch.setattr("model.source.inspect.free_bytes", lambda device: 10**13)
    recipe = Recipe("-", model="org/huge")
    options = EngineOptions(hub=hub.client, device="cpu", memory_bytes=10**13)
    with pytest.raises(UserError, match=message):
        list(ModelPool(LocalOpener(options), start_key("", "cpu", "float32"), 10**13, Allowed()).opened(recipe))


def test_a_small_gguf_with_a_large_header_is_refused_before_anything_is_allocated(tmp_path, monkeypatch):
    monkeypatch.setattr("model.open.load", lambda *_, **__: pytest.fail("loaded"))
    path = write_gguf(tmp_path / "tiny.gguf", n_layers=100)
    pool = ModelPool(LocalOpener(EngineOptions()), start_key("", "cpu", "float32"), 10**10, Allowed())
    with pytest.raises(UserError, match="lacks some of its weights: its config asks for"):
        list(pool.opened(Recipe("-", model=str(path))))


@pytest.mark.parametrize("family", ["apertus", "bert", "deepseek_v3", "gemma3n_text", "gpt2", "jamba", "olmoe", "rwkv"])
@pytest.mark.slow
def test_what_a_family_saves_is_never_less_than_its_config_asks_for(family, tmp_path):
    model, _ = pair(family, 300)
    model.save_pretrained(tmp_path)
    saved = read_safetensors(tmp_path / "model.safetensors").parameters
    assert check_parameters("it", tmp_path, saved) == sum(p.numel() for p in model.parameters())
    with pytest.raises(UserError, match="lacks some of its weights"):
        check_parameters("it", tmp_path, saved // 2)


def test_weights_of_another_shape_are_refused_in_words(folder):
    config(folder, intermediate_size=64)
    with pytest.raises(UserError, match="'tiny' cannot be loaded"):
        load(folder, "tiny", "cpu")


def test_what_does_not_fit_into_memory_is_refused_with_both_sizes(folder, monkeypatch):
    monkeypatch.setattr("model.source.inspect.free_bytes", lambda device: 2**10)
    said = refused(folder, r"needs about .* of memory as float32 \(its weights and a fifth more\); .* GiB are free")
    assert "choose bfloat16" in said


def test_a_device_or_dtype_that_is_not_here_is_refused():
    with pytest.raises(UserError, match="Device 'tpu' is not on this machine. Available: .*cpu"):
        choose_device("tpu")
    with pytest.raises(UserError, match="dtype 'int3' is unknown"):
        choose_dtype("int3", "cpu")


def test_a_hub_that_cannot_be_reached_is_said_at_once():
    began = time.monotonic()
    refused("org/name", "The Hub cannot be reached, so 'org/name' cannot be downloaded")
    assert time.monotonic() - began < 10


def test_what_the_hub_refuses_is_said_in_words(hub, saved):
    ask = {"hub": hub.client}
    refused("org/none", "There is no 'org/none' on the Hub, or it is private", **ask)
    hub.add("org/tiny", saved)
    refused("org/tiny", "has no revision 'step7'", revision="step7", **ask)
    hub.gated.add("org/tiny")
    refused("org/tiny", "'org/tiny' is gated: its owner wants terms to be accepted first", **ask)


def test_a_bad_repository_is_refused_before_its_weights_are_asked_for(hub, folder, monkeypatch):
    hub.add("org/tiny", folder, safetensors={"parameters": {"F32": 10**6}, "total": 10**6})
    about = looked("org/tiny", hub=hub.client).about
    sizes = [f.stat().st_size for f in folder.iterdir() if f.name not in ("config.json", "tokenizer_config.json")]
    assert about.n_parameters == 10**6
    assert sum(sizes) <= about.download_bytes <= sum(f.stat().st_size for f in folder.iterdir())
    monkeypatch.setattr("model.source.inspect.free_bytes", lambda device: 10**6)
    refused("org/tiny", "needs about 0.00447 GiB of memory", hub=hub.client)
    refused("org/tiny/none.gguf", "has no 'none.gguf'. It has: no GGUF at all", hub=hub.client)
    os.rename(folder / "model.safetensors", folder / "pytorch_model.bin")
    refused("org/tiny", "only as pickle", hub=hub.client)
    assert {name for name, _ in hub.requests} <= {"config.json", "tokenizer_config.json"}
