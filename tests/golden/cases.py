"""The cases of the golden set: recipes, API calls, views and jobs, each with arguments that a page could send."""

# They are run in this order; the views use these runs.
RECIPES = {
    "greedy": {"prompt": "The Eiffel Tower is in the city of", "chat": False, "max_new_tokens": 28},
    "sampled": {
        "prompt": "Once upon a time, in a village by the sea,",
        "max_new_tokens": 10,
        "sampling": {"do_sample": True, "temperature": 0.8, "top_k": 40, "top_p": 0.9, "seed": 7}
        | {"repetition_penalty": 1.2, "presence_penalty": 0.3, "frequency_penalty": 0.2},
    },
    "filtered": {
        "prompt": "A list of words: red, green,",
        "max_new_tokens": 6,
        "sampling": {"do_sample": True, "temperature": 1.3, "min_p": 0.05, "typical_p": 0.9, "seed": 4294967295},
    },
    "chat": {
        "prompt": "What is gravity? Answer in one sentence.",
        "chat": True,
        "system": "You are a physicist. Be brief.",
        "max_new_tokens": 12,
    },
    "forced": {
        "prompt": "The Eiffel Tower is in the city of",
        "max_new_tokens": 6,
        "forced": [[1, 284], [3, 1157]],
    },
    "hostile": {
        "prompt": "</script><img src=x onerror=alert(1)> {{7*7}} 👩‍🚀 مرحبا e\u0301 <|im_start|>",
        "max_new_tokens": 6,
    },
    "stop": {"prompt": "One, two, three, four,", "max_new_tokens": 20, "stop": [" seven", "\n\n"]},
    # Requested before it was ever run.
    "unseen": {"prompt": "Nobody has run this."},
}

FIRST = "The Eiffel Tower is in the city of"
API = {
    "tokenize": ("tokenize", {"prompt": "Hé 🚀! <b>&amp;</b>\u202eأهلا"}),
    "tokenize chat": ("tokenize", {"prompt": "Hi <|im_end|>", "chat": True}),
    "next_token": ("next_token", {"prompt": FIRST}),
    "next_token filters": ("next_token", {"prompt": FIRST, "k": 6, "temperature": 0.7, "top_k": 5, "top_p": 0.95}),
    "next_token chat": ("next_token", {"prompt": "Say yes.", "chat": True, "k": 3}),
    "generate greedy": ("generate", {"prompt": FIRST, "max_new_tokens": 8, "top_k": 1}),
    "generate seed": ("generate", {"prompt": "Once", "max_new_tokens": 6, "seed": 3, "top_p": 0.9}),
    "generate chat": ("generate", {"prompt": "Say yes.", "chat": True, "max_new_tokens": 12, "top_k": 1}),
    "attention": ("attention", {"prompt": "The cat sat on the mat because it", "layer": 7, "head": 4}),
    "attention chat": ("attention", {"prompt": "Hi", "chat": True, "layer": 29, "head": 8}),
    "tokenize nothing": ("tokenize", {"prompt": ""}),
    "tokenize blank": ("tokenize", {"prompt": " \n\t"}),
    "tokenize surrogate": ("tokenize", {"prompt": "ab\ud83d"}),
    "tokenize long": ("tokenize", {"prompt": "word " * 5_000}),
    "next_token k": ("next_token", {"prompt": FIRST, "k": 0}),
    "next_token temperature": ("next_token", {"prompt": FIRST, "temperature": 0.0}),
    "next_token top_p": ("next_token", {"prompt": FIRST, "top_p": 0.0}),
    "next_token top_k": ("next_token", {"prompt": FIRST, "top_k": -1}),
    "generate limit": ("generate", {"prompt": FIRST, "max_new_tokens": 1_000_000}),
    "generate none": ("generate", {"prompt": FIRST, "max_new_tokens": 0}),
    "generate bad seed": ("generate", {"prompt": FIRST, "seed": -1}),
    "attention layer": ("attention", {"prompt": FIRST, "layer": 30}),
    "attention head": ("attention", {"prompt": FIRST, "head": -1}),
    "attention wide": ("attention", {"prompt": "word " * 1_100}),
}

TILE = {"layer": 5, "head": 3, "query_start": 0, "query_stop": 12, "key_start": 0, "key_stop": 10}
WHATIF = {"machine": 1, "model": 2, "n_prompt": 100, "n_context": 200, "n_users": 4}
PLACE = {"layer": 5, "head": 3, "position": 4}
VIEWS = [
    ("run", "greedy", {"n_steps": 12}),
    ("run", "greedy", {"tokens_from": 5, "steps_from": 20}),
    ("run", "sampled", {}),
    ("run", "filtered", {}),
    ("run", "chat", {}),
    ("run", "forced", {}),
    ("run", "hostile", {}),
    ("run", "stop", {"steps_from": 1}),
    ("card", "greedy", {}),
    ("logits", "greedy", {"step": 0}),
    ("logits", "sampled", {"step": 3}),
    ("step_checks", "greedy", {"step": 2}),
    ("step_checks", "sampled", {"step": 3}),
    ("step_checks", "filtered", {"step": 1}),
    ("latency", "greedy", {"n_steps": 8}),
    ("architecture", "greedy", {}),
    ("models", "greedy", {}),
    ("model_look", "greedy", {}),
    ("tokenize_seen", "chat", {"position": 3}),
    ("tokenize_seen", "chat", {"chat": False}),
    ("tokenize_seen", "hostile", {"position": 12}),
    ("tokenize_shares", "hostile", {"n": 40, "position": 20}),
    ("tokenize_path", "hostile", {"position": 9}),
    ("tokenize_merges", "greedy", {"position": 2}),
    ("tokenize_merges", "hostile", {"position": 4}),
    ("tokenize_languages", "greedy", {}),
    ("detokenize", "hostile", {"prompt": True, "around": 20}),
    ("detokenize", "chat", {"n": 9, "around": 3}),
    ("embed_rows", "greedy", {"n": 12, "position": 3}),
    ("embed_similarity", "greedy", {"n": 12, "position": 3}),
    ("embed_nearest", "greedy", {"token_id": 7042, "k": 8}),
    ("embed_map", "greedy", {"n": 12, "position": 3}),
    ("embed_positions", "greedy", {"n": 20, "position": 3, "layer": 5}),
    ("embed_dot_product", "greedy", {"layer": 5, "head": 3, "query": 8, "key": 2}),
    ("attention_tile", "greedy", TILE),
    ("attention_tile", "greedy", TILE | {"rule": "mean", "layer": 29}),
    ("attention_overview", "greedy", {"n_positions": 9}),
    ("attention_overview", "chat", {"layer_start": 20, "n_positions": 30, "rule": "mean"}),
    ("head_scores", "greedy", {"n_positions": 24}),
    ("attention_position", "greedy", PLACE | {"n_positions": 9}),
    ("prefill_checks", "greedy", {"layer": 5, "head": 3, "n_steps": 8}),
    ("kv_cache", "greedy", {"n_steps": 8}),
    ("one_head", "greedy", {"layer": 5, "head": 3, "query": 6}),
    ("one_head", "greedy", {"layer": 0, "head": 0, "query": 2, "key": 7}),
    ("head_checks", "greedy", {"layer": 5, "head": 3, "query": 6, "key": 2}),
    ("bertviz", "greedy", PLACE | {"kind": "head", "n_positions": 9}),
    ("bertviz", "greedy", PLACE | {"kind": "model", "n_positions": 9}),
    ("bertviz", "hostile", PLACE | {"kind": "neuron", "n_positions": 9}),
    ("layers_lens", "greedy", {"position": 6, "n_steps": 2}),
    ("layers_lens", "greedy", {"position": 6, "row_start": 24, "n_steps": 2}),
    ("layers_residual", "greedy", {"position": 6, "layer": 5}),
    ("layers_attribution", "greedy", {"position": 8}),
    ("layers_attribution", "greedy", {"position": 8, "token": 7042, "against": 1004, "n_steps": 4}),
    ("layers_neurons", "greedy", {"layer": 5, "position": 6, "k": 4}),
    ("layers_neurons", "greedy", {"layer": 28, "position": 8, "k": 3, "token": 7042}),
    ("cache_costs", "greedy", {"n_steps": 8}),
    ("cache_sizes", "greedy", {"n_positions": 1000, "window": 512}),
    ("whatif", "greedy", WHATIF),
    ("whatif", "greedy", WHATIF | {"model": 0, "weight_bits": 4, "cache_bits": 8}),
    ("drafts", "greedy", {}),
    ("encode", "greedy", {"text": " Paris is 🚀"}),
    *[("code", "greedy", {"stage": stage}) for stage in ("text", "layers", "select", "speculative")],
]

SPECULATE = {"n_draft": 3, "n_tokens": 5}
JOBS = [
    ("surprisal", "hostile", {}),
    ("beams", "greedy", {"num_beams": 3, "max_new_tokens": 4}),
    ("cache_race", "greedy", {"n_tokens": 3}),
    ("cache_variant", "greedy", {"kind": "window", "window": 6, "sinks": 2, "n_tokens": 4}),
    ("cache_variant", "greedy", {"kind": "fp8", "n_tokens": 3}),
    ("speculate", "greedy", SPECULATE | {"kind": "lookup"}),
    ("speculate", "greedy", SPECULATE | {"kind": "exit", "n_layers": 25}),
    ("run_file", "sampled", {"n_steps": 6}),
    ("run_file", "chat", {"n_steps": 12}),
    (
        "batching",
        "greedy",
        {
            "requests": [
                {"prompt": "One two", "max_new_tokens": 2, "arrival": 0},
                {"prompt": "The cat sat on the", "max_new_tokens": 3, "arrival": 0},
            ]
        },
    ),
    ("stage_times", "forced", {}),
    ("roofline", "greedy", {}),
    ("length_sweep", "greedy", {"longest": 32}),
    ("throughput", "greedy", {"largest": 1}),
]

# These measure times; the rest of their answers does not depend on weights, so the recorder runs them once.
TIMED = ("stage_times", "roofline", "length_sweep", "throughput")

# Saved by the recorder as separate files, and opened by the test: (recipe, tokens).
FILES = {"sampled": 6, "chat": 12}
