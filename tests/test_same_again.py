"""A recipe fixes the run: nothing that came for training, or for somebody else's answers, takes part in it."""

import json
from dataclasses import replace

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, GenerationConfig, PreTrainedTokenizerFast

from model.api import Api
from model.capture.capture import Capture
from model.engine.core import LocalEngine
from model.loading.load import load
from model.network.forward import forward, new_cache
from model.request.recipe import Recipe, SamplingSettings
from tests.saved_models import save
from tests.small_tokenizers import KINDS, TEXT
from tests.tiny import tiny_lm

# It loads a model for each kind of leftover.
pytestmark = pytest.mark.slow


def with_settings(tokenizer: PreTrainedTokenizerFast, **settings) -> PreTrainedTokenizerFast:
    description = json.loads(tokenizer.backend_tokenizer.to_str())
    description["model"] |= settings
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(description)))


def cuts(tokenizer: PreTrainedTokenizerFast) -> set[tuple[int, ...]]:
    return {tuple(tokenizer(TEXT[0])["input_ids"]) for _ in range(20)}


def test_bpe_dropout_is_off_in_a_loaded_model(tmp_path):
    plain = KINDS["byte level"]().tokenizer
    save(tmp_path, "llama", with_settings(plain, dropout=0.5))
    # `save` has made a model with this tokenizer, so its dropout is off by now: the file is written as others write it.
    description = json.loads((tmp_path / "tokenizer.json").read_text())
    description["model"]["dropout"] = 0.5
    (tmp_path / "tokenizer.json").write_text(json.dumps(description))
    assert len(cuts(PreTrainedTokenizerFast(tokenizer_file=str(tmp_path / "tokenizer.json")))) > 5
    lm = load(tmp_path, "tiny", device="cpu")
    engine, recipe = LocalEngine(lm), Recipe(TEXT[0], max_new_tokens=1)
    seen = {LocalEngine(lm).tokenize(recipe).ids for _ in range(20)} | cuts(lm.tokenizer)
    assert seen == {tuple(plain(TEXT[0])["input_ids"])}
    run = list(engine.run(recipe))[-1]
    assert engine.tokens.path(recipe, 5).n_equal == engine.tokens.path(recipe, 5).n_pieces
    assert engine.tokens.seen(recipe, False).tokens == run.tokens


def test_the_sampling_of_unigram_cannot_come_with_a_file():
    plain = KINDS["unigram"]().tokenizer
    assert cuts(with_settings(plain, alpha=0.1, nbest_size=8)) == cuts(plain)
    sampling = with_settings(plain)
    sampling.backend_tokenizer.model.alpha = 0.1
    assert len(cuts(sampling)) > 5


NOISE = {
    "gpt2": {"attn_pdrop": 0.5, "resid_pdrop": 0.5, "embd_pdrop": 0.5},
    "opt": {"dropout": 0.5, "attention_dropout": 0.5, "layerdrop": 0.5, "word_embed_proj_dim": 64, "ffn_dim": 128},
    "biogpt": {"hidden_dropout_prob": 0.5, "attention_probs_dropout_prob": 0.5, "layerdrop": 0.5},
    "gpt_neox": {"hidden_dropout": 0.5, "attention_dropout": 0.5},
    "llama": {"attention_dropout": 0.5},
    "mixtral": {"attention_dropout": 0.5, "router_jitter_noise": 0.5, "num_key_value_heads": 4},
    "phimoe": {"attention_dropout": 0.5, "input_jitter_noise": 0.5, "num_key_value_heads": 4},
}  # fmt: skip


@pytest.mark.parametrize("family", NOISE)
def test_dropout_and_noise_of_training_are_off(family):
    tokenizer = KINDS["whole words"]().tokenizer
    noisy, quiet = (tiny_lm(family, tokenizer, **settings) for settings in (NOISE[family], silent(NOISE[family])))
    ids = tokenizer(TEXT[0])["input_ids"][:20]
    logits = [forward(lm, ids, new_cache(lm), Capture()) for lm in (noisy, noisy, quiet)]
    torch.testing.assert_close(logits[1], logits[0], rtol=0, atol=0)
    torch.testing.assert_close(logits[2], logits[0], rtol=0, atol=0)
    noisy.model.train()
    assert not torch.equal(noisy.model(torch.tensor([ids])).logits[0, -1], logits[0])


def silent(settings: dict) -> dict:
    return {name: 0.0 if isinstance(value, float) else value for name, value in settings.items()}


LEFTOVERS = {
    "repetition_penalty": {"repetition_penalty": 1.8},
    "no_repeat_ngram_size": {"no_repeat_ngram_size": 2},
    "encoder_repetition_penalty": {"encoder_repetition_penalty": 2.0},
    "length_penalty": {"length_penalty": 3.0},
    "early_stopping": {"early_stopping": True},
    "stop_strings": {"stop_strings": ["the", "a"]},
    "suppress_tokens": {"suppress_tokens": [5, 6, 7], "begin_suppress_tokens": [8]},
    "forced": {"forced_bos_token_id": 3, "forced_eos_token_id": 4},
    "bad_words_ids": {"bad_words_ids": [[10], [11]]},
    "sequence_bias": {"sequence_bias": [[[12], 9.0]]},
    "min_length": {"min_length": 30, "min_new_tokens": 6},
    "max_length": {"max_length": 12, "max_time": 0.0001},
    "renormalize_logits": {"renormalize_logits": True, "remove_invalid_values": True},
    "exponential_decay_length_penalty": {"exponential_decay_length_penalty": [1, 2.0]},
    "groups": {"num_beam_groups": 2, "diversity_penalty": 1.0, "num_return_sequences": 2, "num_beams": 4},
    "guidance": {"guidance_scale": 2.0},
    "cache": {"cache_implementation": "static", "use_cache": False},
    "watermark": {"watermarking_config": {"greenlist_ratio": 0.5, "bias": 9.0}},
    "sampling": {"do_sample": True, "temperature": 5.0, "top_k": 3},
    "drafts": {"prompt_lookup_num_tokens": 3},
    "output": {"output_attentions": True, "return_dict_in_generate": False},
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save(tmp_path_factory.mktemp("model"), "llama", KINDS["whole words"]().tokenizer)


@pytest.fixture(scope="module")
def plain(folder):
    """A model of transformers' own, whose files say nothing of generation, and what beam search finds on it."""
    (folder / "generation_config.json").unlink(missing_ok=True)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ids = KINDS["whole words"]().tokenizer(TEXT[0], return_tensors="pt")["input_ids"][:, :12]
    out = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        generation_config=GenerationConfig(num_beams=3, num_return_sequences=3, max_new_tokens=6, pad_token_id=0),
        output_scores=True,
        return_dict_in_generate=True,
    )
    return ids, out.sequences[:, ids.shape[1] :].tolist(), out.sequences_scores.tolist()


@pytest.mark.parametrize("where", ["generation_config.json", "config.json"])
@pytest.mark.parametrize("leftover", LEFTOVERS)
def test_generation_settings_that_came_with_a_model_change_no_search(folder, plain, leftover, where, tmp_path):
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    file = tmp_path / where
    known = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(known | LEFTOVERS[leftover]))
    lm = load(tmp_path, "tiny", device="cpu", dtype="float32")
    ids, expected, scores = plain
    engine = LocalEngine(lm)
    recipe = Recipe(lm.tokenizer.decode(ids[0]))
    assert engine.tokenize(recipe).ids == tuple(ids[0].tolist())
    found = engine.decode.beams(recipe, 3, 6)
    assert [[token.id for token in beam.tokens] for beam in found.beams] == expected
    assert [beam.score for beam in found.beams] == pytest.approx(scores, abs=1e-5)
    assert found.check.passed
    # Nor any other call of `generate`: the static and continuous batches of transformers take the same config.
    assert lm.model.generation_config.to_diff_dict().keys() <= {
        "bos_token_id", "eos_token_id", "pad_token_id", "transformers_version", "_from_model_config"
    }  # fmt: skip


def test_the_ids_of_special_tokens_stay(folder, tmp_path):
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "generation_config.json").write_text(
        json.dumps({"eos_token_id": [5, 6], "pad_token_id": 5, "top_k": 9})
    )
    lm = load(tmp_path, "tiny", device="cpu")
    assert lm.card.eos_token_ids == (5, 6)
    assert lm.model.generation_config.pad_token_id == 5


@pytest.mark.parametrize("settings", [{"top_k": 1}, {"top_k": 1, "temperature": 0.7}])
def test_tokens_that_tie_are_counted_and_the_seed_draws_among_them(lm, monkeypatch, settings):
    """As in transformers, whose top-k keeps what ties with the last place; greedy takes the smallest id."""
    ids = list(range(20))
    logits = torch.randn(len(lm.tokenizer), generator=torch.Generator().manual_seed(1))
    logits[[700, 90, 4000]] = 20.0
    engine = LocalEngine(lm)
    monkeypatch.setattr("model.attention.prefill.forward", lambda *of: 0 * forward(*of) + logits)
    recipe = Recipe("La vie est", max_new_tokens=1)
    seeds = [replace(recipe, sampling=SamplingSettings(True, seed=seed, **settings)) for seed in range(24)]
    steps = [list(engine.run(one))[-1].steps[0] for one in seeds]
    assert {step.token.id for step in steps} == {90, 700, 4000}
    assert {(step.tied, step.stages[-1].kept) for step in steps} == {(3, 3)}
    theirs = lm.model._get_logits_processor(
        GenerationConfig(do_sample=True, **settings), input_ids_seq_length=20, device="cpu"
    )(torch.tensor([ids]), logits[None].clone())[0]
    assert torch.isfinite(theirs).nonzero()[:, 0].tolist() == [90, 700, 4000]
    greedy = list(engine.run(recipe))[-1].steps[0]
    assert (greedy.token.id, greedy.tied, greedy.rank) == (90, 3, 1)
    assert greedy.candidates.token_ids[:3].tolist() == [90, 700, 4000]
    # What the API calls greedy is greedy.
    answers = [Api(lambda: engine).generate("La vie est", max_new_tokens=1, top_k=1, seed=seed) for seed in range(6)]
    assert {tuple(answer["ids"]) for answer in answers} == {(90,)}
