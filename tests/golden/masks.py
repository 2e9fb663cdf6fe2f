"""The fields that a golden answer leaves out: times, values that depend on the machine, and random values.

Only the kind and the number of such values are kept. A name may be `parent.field`.
"""

# In all answers: measured times, and rounding errors of checks (whether they passed is kept).
ALWAYS = {
    *("seconds", "ms", "error", "max_error", "worst_error", "missing"),
    *("itl_ms", "ttft_ms", "measured_ttft", "measured_itl", "prefill_seconds", "draft_prefill_seconds"),
    *("embed_ms", "forward_ms", "head_ms", "sampling_ms", "tokenize_ms", "detokenize_ms", "reuse_ms"),
    *("cached_ms", "full_ms", "draft_ms", "verify_ms", "plain_ms"),
}
# Only in the answers of these views and jobs.
ONLY_IN = {
    "latency": {"ttft", "itl", "itl_p50", "itl_p95", "end_to_end", "prefill_rate", "decode_rate"},
    # The lists of models that come with the page, and this machine's memory and devices.
    "models": {"listed", "devices", "default_dtypes"},
    "model_look": {"free_bytes"},
    # The source code may change.
    "code": {"functions"},
    "run_file": {"made_by", "sha256"},
    "open_run_file": {"differing", "same_logits"},
    "batching": {"started", "times", "ttft", "latency", "rate", "steps.start", "steps.end"},
    "speculate": {"draft_seconds", "verify_seconds", "plain_seconds", "draft_cost", "verify_cost"}
    | {"expected", "ideal", "speed_up"},
    "stage_times": {"parts", "unhooked", "n_passes", "tokenize", "sampling", "detokenize"},
    "roofline": {"bandwidth", "roofline.flops", "bandwidth_by_pass", "flops_by_pass", "n_products"}
    | {"achieved", "attainable", "share"},
    "length_sweep": {"prefill", "step", "prefill_bound", "step_bound", "n_repeats", "n_steps", "roofline"},
    "throughput": {"step", "rate", "achieved", "attainable", "share", "roofline", "bend", "slow_start", "n_steps"},
}

# The fields of a packed array.
PACKED = {"dtype", "shape", "data"}


def masked(answer, where: str):
    """The answer of a view, job or call `where` with every masked value replaced by its kind."""
    return _masked(answer, ONLY_IN.get(where, set()), "")


def _masked(value, names: set[str], parent: str):
    if isinstance(value, list):
        return [_masked(item, names, parent) for item in value]
    if not isinstance(value, dict):
        return value
    # The `error` of a refusal is a sentence, that of a check a number.
    hidden = {name for name, item in value.items() if name in ALWAYS and not isinstance(item, str)}
    hidden |= {name for name in value if name in names or f"{parent}.{name}" in names}
    return {name: kind(item) if name in hidden else _masked(item, names, name) for name, item in value.items()}


def kind(value):
    """The kind of a value; for a list of objects, that of the first one."""
    if isinstance(value, dict) and value.keys() == PACKED:
        return f"<{value['dtype']} {value['shape']}>"
    if isinstance(value, dict):
        return {name: kind(item) for name, item in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(item, dict) for item in value):
            return ["each:", kind(value[0])]
        # A pair of name and time: the name is kept.
        if len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], float):
            return [value[0], kind(value[1])]
        return [kind(item) for item in value]
    # A time that was not measured is null.
    return f"<{type(value).__name__}>" if isinstance(value, str | bool) else "<number>"
