"""The four calls over HTTP, compared with transformers itself."""

import math
import time

import pytest
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError

PROMPT = "The capital of France is"


@pytest.fixture(scope="module")
def client(server):
    found = Client(server, verbose=False)
    # The model may still be loading in the background.
    for _ in range(100):
        try:
            found.predict(PROMPT, False, api_name="/tokenize")
        except AppError as error:
            if "not ready" not in str(error):
                raise
            time.sleep(0.5)
        else:
            return found
    raise AssertionError("the model was never ready")


def logits_of(lm, prompt: str):
    with torch.inference_mode():
        return lm.model(**lm.tokenizer(prompt, return_tensors="pt")).logits[0, -1].float()


def test_just_the_four_calls_are_public(client):
    names = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(names) == {"/tokenize", "/next_token", "/generate", "/attention"}


def test_tokenize_gives_the_tokenizers_ids_and_all_bytes(client, lm):
    prompt = "Hé 🚀!"
    rows = client.predict(prompt=prompt, chat=False, api_name="/tokenize")
    assert [row["id"] for row in rows] == lm.tokenizer(prompt)["input_ids"]
    assert bytes(byte for row in rows for byte in row["bytes"]).decode() == prompt
    assert [row["position"] for row in rows] == list(range(len(rows)))
    assert not any(row["special"] for row in rows)


def test_tokenize_with_chat_is_the_template(client, lm):
    rows = client.predict(prompt="Hi", chat=True, api_name="/tokenize")
    message = [{"role": "user", "content": "Hi"}]
    theirs = lm.tokenizer.apply_chat_template(message, add_generation_prompt=True, return_dict=True)
    assert [row["id"] for row in rows] == theirs["input_ids"]
    assert rows[0] | {"bytes": 0} == {"position": 0, "id": 1, "text": "<|im_start|>", "bytes": 0, "special": True}


def test_next_token_is_the_softmax_over_the_whole_vocabulary(client, lm):
    rows = client.predict(prompt=PROMPT, k=20, api_name="/next_token")
    logits = logits_of(lm, PROMPT)
    shares, ids = logits.softmax(-1).sort(descending=True)
    assert [row["id"] for row in rows] == ids[:20].tolist()
    # Two processes with other numbers of threads add in another order: a logit of 20 moves by up to 1e-4, and
    # a probability by as much of itself.
    assert [row["probability"] for row in rows] == pytest.approx(shares[:20].tolist(), rel=5e-4, abs=1e-8)
    assert [row["logit"] for row in rows] == pytest.approx(logits[ids[:20]].tolist(), abs=1e-3)
    assert rows[0]["text"] == " Paris"


def test_next_token_over_all_tokens_sums_to_one_after_temperature_and_top_p(client, lm):
    rows = client.predict(prompt=PROMPT, k=49_152, temperature=1.5, top_p=0.9, api_name="/next_token")
    assert math.fsum(row["probability"] for row in rows) == pytest.approx(1.0)
    found = [row["probability"] for row in rows]
    assert found == sorted(found, reverse=True)
    # The nucleus by hand: the most likely tokens, up to the one that reaches top_p, share the whole probability.
    shares = (logits_of(lm, PROMPT) / 1.5).softmax(-1).sort(descending=True).values
    kept = shares[shares.cumsum(0) - shares < 0.9]
    assert 1 < len(kept) < len(found)
    assert found[: len(kept)] == pytest.approx((kept / kept.sum()).tolist(), rel=5e-4, abs=1e-8)
    assert set(found[len(kept) :]) == {0.0}


def test_generate_with_top_k_one_is_greedy(client, lm):
    found = client.predict(prompt=PROMPT, max_new_tokens=8, top_k=1, api_name="/generate")
    ids = lm.tokenizer(PROMPT, return_tensors="pt")
    theirs = lm.model.generate(**ids, do_sample=False, max_new_tokens=8)[0, ids["input_ids"].shape[1] :]
    assert found["ids"] == theirs.tolist()
    assert found["text"] == lm.tokenizer.decode(theirs)
    assert "".join(found["tokens"]) == found["text"]
    assert found["stop_reason"] == "limit"
    assert found["ttft_ms"] > 0
    assert len(found["itl_ms"]) == 7


def test_generate_is_a_function_of_its_seed(client):
    def call(seed):
        return client.predict(prompt="Once", max_new_tokens=6, seed=seed, api_name="/generate")["ids"]

    assert call(1) == call(1)
    assert len({tuple(call(seed)) for seed in range(4)}) > 1


def test_attention_is_the_models_eager_attention(client, lm):
    found = client.predict(prompt="The cat sat on", layer=7, head=4, api_name="/attention")
    ids = lm.tokenizer("The cat sat on", return_tensors="pt")
    ours = lm.model.config._attn_implementation
    lm.model.set_attn_implementation("eager")
    with torch.inference_mode():
        theirs = lm.model(**ids, output_attentions=True).attentions[7][0, 4]
    lm.model.set_attn_implementation(ours)
    torch.testing.assert_close(torch.tensor(found["pattern"]), theirs, atol=1e-5, rtol=0)
    assert "".join(found["tokens"]) == "The cat sat on"


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        ("/next_token", {"temperature": 0}, "temperature is 0; it must be from 0.01 to 10"),
        ("/next_token", {"temperature": -1}, "temperature is -1"),
        ("/next_token", {"temperature": 1e308}, "temperature is 1e+308"),
        ("/next_token", {"top_p": 0}, "top_p is 0"),
        ("/next_token", {"k": 0}, "k is 0; it must be a whole number from 1 to 49,152"),
        ("/generate", {"max_new_tokens": 10**6}, "max_new_tokens is 1000000; the limit here is 256"),
        ("/generate", {"max_new_tokens": 0}, "max_new_tokens is 0; it must be a whole number, 1 or more"),
        ("/generate", {"seed": -1}, "seed is -1"),
        ("/attention", {"layer": 30}, "layer is 30; it must be a whole number from 0 to 29"),
        ("/attention", {"head": -1}, "head is -1"),
        ("/tokenize", {"prompt": ""}, "The prompt is empty"),
        ("/tokenize", {"prompt": " \n"}, "The prompt is blank"),
        ("/tokenize", {"prompt": "word " * 20_000}, "tokens; the limit here is"),
    ],
)
def test_what_cannot_be_done_is_refused_by_value_and_limit(client, call, arguments, message):
    with pytest.raises(AppError) as error:
        client.predict(**{"prompt": PROMPT} | arguments, api_name=call)
    assert message in str(error.value)


def test_nan_is_refused_before_anything_is_computed():
    from model.api import Api
    from model.request.errors import UserError

    with pytest.raises(UserError, match="temperature is nan"):
        Api(lambda: pytest.fail("the engine was asked")).next_token(PROMPT, temperature=float("nan"))
