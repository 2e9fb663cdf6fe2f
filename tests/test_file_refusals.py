"""A file that is no model, or not all of one, is named for what it is, from its first bytes and its header."""

import json

import pytest
from gguf import GGMLQuantizationType

from model.files.gguf_header import read_gguf
from model.files.safetensors_header import read_safetensors
from model.request.errors import UserError
from tests.refusals import config, looked, refused
from tests.saved_models import write_gguf

CAUSAL = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "num_hidden_layers": 2}


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
    ("content", "message"),
    [(POINTER, "is a Git LFS pointer of 67 bytes"), (PAGE, "is a web page"), (b"", "is empty: it has 0 bytes")],
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
