"""What small limits, a full context and a failed start leave: a page that starts, and answers that say why."""

import json
import threading

import pytest

from app import parse_options
from model.api import Api
from model.engine.core import LocalEngine
from model.open import EngineOptions, open_pool
from model.request.errors import UserError
from model.request.recipe import Recipe
from model.startup import Startup
from tests.pools import pool_of, recipe, three_models, use
from tests.small_tokenizers import KINDS
from tests.tiny import tiny_lm
from viz.config import ASSETS, examples, page_config


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return three_models(tmp_path_factory.mktemp("saved"))


def test_examples_ask_for_no_more_than_the_page_allows():
    assert {example["recipe"]["max_new_tokens"] for example in page_config(16)["examples"]} == {16}
    assert examples(4096) == json.loads((ASSETS / "examples.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_a_page_with_low_limits_starts_and_refuses_its_own_example_in_words(saved):
    options = parse_options(["--max-new-tokens", "16", "--max-prompt-tokens", "5"])
    first = Recipe.from_dict(examples(options.max_new_tokens)[0]["recipe"])
    limits = (options.max_prompt_tokens, options.max_new_tokens)
    pool = open_pool(EngineOptions(str(saved["gpt2"]), "cpu", "auto", *limits), first=first)
    with pytest.raises(UserError, match="limit here is 5"):
        list(pool.engine(first).run(first))
    assert list(pool.engine(first).run(Recipe("the", max_new_tokens=16)))[-1].steps


def test_a_prompt_that_fills_the_context_gives_no_token_and_no_time():
    engine = LocalEngine(tiny_lm("llama", KINDS["whole words"]().tokenizer))
    n = engine.lm.card.context
    words = Recipe("the " * n)
    ids = engine.lm.tokenizer(words.prompt)["input_ids"]
    prompt = engine.lm.tokenizer.decode(ids[:n])
    assert len(engine.tokenize(Recipe(prompt))) == n
    found = Api(lambda: engine).generate(prompt, max_new_tokens=4)
    assert (found["stop_reason"], found["ids"], found["ttft_ms"]) == ("context", [], None)


def test_a_start_that_failed_is_not_asked_to_be_tried_again():
    def build(report):
        raise UserError("The folder has no config.json. Choose another.")

    startup = Startup(build)
    with pytest.raises(UserError, match="Try again shortly"):
        startup.models()
    startup.start()
    startup.wait(10.0)
    with pytest.raises(UserError) as error:
        startup.models()
    assert str(error.value) == "The folder has no config.json. Choose another."


@pytest.mark.slow
def test_a_model_cannot_leave_between_being_found_and_being_counted(saved):
    """Another thread makes room at the first moment it can after the model was found."""
    pool = pool_of(saved["gpt2"])
    use(pool, recipe(""))
    use(pool, recipe(saved["llama"]))
    pool.budget_bytes = pool.nbytes()

    class Crowded:
        """A lock that lets another model in when it is released for the first time."""

        def __init__(self):
            self.inner, self.done = threading.Lock(), False

        def __enter__(self):
            self.inner.acquire()

        def __exit__(self, *_):
            self.inner.release()
            if not self.done:
                self.done = True
                with pytest.raises(UserError, match="in use"):
                    pool._make_room("another", pool.budget_bytes)

    pool._lock = Crowded()
    with pool.using(recipe(saved["llama"])) as engine:
        assert pool.engine(recipe(saved["llama"])) is engine
