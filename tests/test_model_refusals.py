"""Bad sources of models are refused before any weights are read, with the reason and a way out."""

import json
import os
import shutil
import time

import pytest
from gguf import GGMLQuantizationType

from model.files.gguf_header import read_gguf
from model.files.safetensors_header import read_safetensors
from model.loading.load import load
from model.open import EngineOptions, LocalOpener
from model.pool import ModelPool, start_key
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.runtime.devices import choose_device, choose_dtype
from model.source.config_size import check_parameters
from model.source.hub import Hub
from model.source.inspect import inspect_source
from model.source.sources import Allowed, parse_source
from tests.fake_hub import fake_hub
from tests.saved_models import save, write_gguf
from tests.small_tokenizers import KINDS
from tests.sweep_pair import pair

CAUSAL = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "num_hidden_layers": 2}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A complete model on the disk."""
    tokenizer = KINDS["byte fallback"]().tokenizer
    tokenizer.chat_template = "{{ messages[0].content }}"
    return save(tmp_path_factory.mktemp("saved") / "tiny-llama", "llama", tokenizer)


@pytest.fixture
def folder(saved, tmp_path):
    """A copy of it that a test may damage."""
    return shutil.copytree(saved, tmp_path / "tiny-llama")


@pytest.fixture
def hub(tmp_path):
    """A Hub with nothing in it, and an empty cache."""
    with fake_hub() as running:
        running.client = Hub(running.url, token=False, cache=tmp_path / "cache")
        yield running


def looked(name, hub=None, revision=""):
    return inspect_source(parse_source(str(name), revision), "cpu", "float32", hub or Hub("http://127.0.0.1:9"))


def refused(name, message, **asked):
    with pytest.raises(UserError, match=message) as error:
        looked(name, **asked)
    assert str(error.value).endswith((".", ")."))
    return str(error.value)


def config(folder, **changes):
    (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text()) | changes))


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


def test_a_gguf_is_read_by_its_header_and_a_bad_one_refused(tmp_path):
    path = write_gguf(tmp_path / "tiny.gguf")
    read = read_gguf(path)
    assert (read.metadata["general.architecture"], read.metadata["llama.block_count"]) == ("llama", 1)
    assert read.parameters == 2 * 262 * 32 + 4 * 32 * 32 + 3 * 64 * 32 + 3 * 32
    assert looked(path).about.context == 128
    refused(write_gguf(tmp_path / "strange.gguf", "strange"), "GGUF of the architecture 'strange', which transformers")
    whole = path.read_bytes()
    for spoiled, message in (
        (whole[:-64], "it has .* bytes, its header says"),
        (whole[:200], "damaged or cut short"),
        (b"GGUF" + b"\xff" * 60, "cannot be read: its version is .* Choose another GGUF"),
        (b"PK", "does not begin with 'GGUF'"),
        (b"GGUF" + (3 << 24).to_bytes(4, "little") + b"\0" * 60, "cannot be read: .* big-endian .* another GGUF"),
        (b"", "is empty: it has 0 bytes"),
    ):
        path.write_bytes(spoiled)
        refused(path, message)


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:1f\nsize 4000\n"
PAGE = b"\n<!DOCTYPE html><html><body>Sign in</body></html>"


@pytest.mark.parametrize(
    ("content", "message"), [(POINTER, "is a Git LFS pointer of 67 bytes"), (PAGE, "is a web page")]
)
@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "model.gguf"])
def test_what_stands_in_for_a_file_is_named(folder, name, content, message):
    (folder / name).write_bytes(content)
    refused(folder / name if name.endswith(".gguf") else folder, f"{name} {message}")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"general.type": "adapter", "general.base_model.0.name": "Big"}, "is an adapter .* that is 'Big'. Merge both"),
        ({"adapter.type": "lora"}, "is an adapter"),
        ({"general.type": "mmproj"}, "is the projector"),
        ({"general.type": "imatrix"}, "is an importance matrix"),
        ({"general.type": "vocab"}, "holds a vocabulary and no weights"),
    ],
)
def test_a_gguf_that_is_no_model_is_named_for_what_it_is(tmp_path, values, message):
    refused(write_gguf(tmp_path / "part.gguf", values=values), message)


def test_a_gguf_without_tensors_is_a_vocabulary(tmp_path):
    refused(write_gguf(tmp_path / "vocab.gguf", tensors={}), "holds a vocabulary and no weights")
    refused(write_gguf(tmp_path / "mmproj.gguf", "clip"), "is the projector")


@pytest.mark.parametrize(("kind", "named"), [(99, "99"), (GGMLQuantizationType.Q8_K, "Q8_K"), (31, "31")])
def test_a_tensor_type_that_cannot_be_read_is_named_and_not_called_damage(tmp_path, kind, named):
    path = write_gguf(tmp_path / "tiny.gguf")
    whole = path.read_bytes()
    name = b"blk.0.attn_q.weight"
    at = whole.index(name) + len(name) + 4 + 2 * 8
    path.write_bytes(whole[:at] + int(kind).to_bytes(4, "little") + whole[at + 4 :])
    said = refused(path, f"tiny.gguf holds the tensor 'blk.0.attn_q.weight' in the type {named}, which")
    assert "Q8_0" in said
    assert "damaged" not in said


def test_an_adapter_is_not_called_a_model_without_a_config(folder, hub):
    for name in ("config.json", "model.safetensors"):
        (folder / name).unlink()
    (folder / "adapter_model.safetensors").write_bytes(b"")
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "base_model_name_or_path": "org/big"}))
    refused(folder, r"holds an adapter \(LORA\), which is a change to a model .* that is 'org/big'. Merge both")
    hub.add("org/lora", folder)
    refused("org/lora", "'org/lora' holds an adapter .* that is 'org/big'", hub=hub.client)
    (folder / "config.json").write_text(json.dumps(CAUSAL))
    refused(folder, "holds an adapter")


def test_a_folder_of_ggufs_is_refused_with_the_name_of_one(folder):
    for name in ("config.json", "model.safetensors"):
        (folder / name).unlink()
    write_gguf(folder / "q8.gguf")
    refused(folder, f"holds GGUF files. Name one of them, such as {folder}/q8.gguf")


@pytest.mark.parametrize("key", ["quantization", "quantization_config"])
def test_weights_that_mlx_packed_are_not_called_missing(folder, key):
    config(folder, **{key: {"group_size": 64, "bits": 4}})
    refused(folder, r"weights quantised by MLX \(4 bits\)")


def test_one_file_of_weights_is_refused_with_the_folder_to_type(folder):
    refused(folder / "model.safetensors", f"is one file; .* Type the folder '{folder}'")


def test_headers_that_claim_the_impossible_do_not_take_the_memory(tmp_path):
    path = tmp_path / "model.safetensors"
    header = json.dumps({"w": {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 4 * 10**18]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(UserError, match="damaged or cut short"):
        read_safetensors(path)


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
