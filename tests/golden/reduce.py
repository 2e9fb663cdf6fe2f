"""Reduces answers for the golden set: numbers are rounded, arrays unpacked, and large ones sampled."""

import base64
import json
import re
from hashlib import sha256

import numpy as np

from tests.golden.masks import PACKED, masked

MOST_KEPT = 600
# BertViz puts a page of scripts around its parameters, and a random id into both.
PARAMETERS = re.compile(r"(?:const params|window\.bertviz_params) = (?=\{)")
RANDOM_ID = re.compile(r"bertviz-[0-9a-f]{32}")
DIGITS = re.compile(r"\d[\d,.]*")


def reduced(answer, where: str):
    """The reduced answer of the view, job or call `where`."""
    return _reduced(masked(answer, where))


def reported(items: list[dict], where: str) -> dict:
    """The reduced reports of a run or a job: only the words of its kinds of progress, and everything else."""
    progress = [item for item in items if item["kind"] == "progress"]
    rest = [item for item in items if item["kind"] != "progress"]
    found = [item for item in rest if item["kind"] == "job"]
    return {
        "progress": list(dict.fromkeys(DIGITS.sub("#", item["message"]) for item in progress)),
        "progress_fields": sorted({name for item in progress for name in item}),
        "fractions": all(0 <= item["fraction"] <= 1 for item in progress),
        # Each result of a job is complete in itself.
        "n_found": len(found),
        "last": found and reduced(found[-1], where),
        "rest": [reduced(item, where) for item in rest if item["kind"] != "job"],
    }


def _reduced(value):
    if isinstance(value, dict):
        if value.keys() == PACKED:
            return kept(np.frombuffer(base64.b64decode(value["data"]), value["dtype"]).reshape(value["shape"]))
        return {name: page(item) if name == "html" else _reduced(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_reduced(item) for item in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


def kept(array: np.ndarray, dtype: str | None = None) -> dict:
    """An array by its values; a large one by a regular sample, with the mean and the largest value."""
    flat = array.ravel()
    size = np.abs(flat[np.isfinite(flat)].astype(float))
    # An odd stride that is not a multiple of 3 or 5 visits all columns of the usual widths.
    stride = next(n for n in range(len(flat) // MOST_KEPT + 1, 10**9) if n == 1 or (n % 2 and n % 3 and n % 5))
    return {
        "array": dtype or array.dtype.name,
        "shape": list(array.shape),
        "stride": stride,
        "mean": float(f"{size.mean():.7g}") if len(size) else 0.0,
        "largest": float(f"{size.max():.7g}") if len(size) else 0.0,
        "values": [_short(value) for value in flat[::stride].tolist()],
    }


def _short(value):
    if isinstance(value, float):
        return float(f"{value:.7g}") if np.isfinite(value) else str(value)
    return value


def page(html: str) -> dict:
    """BertViz's page: its parameters, with matrices as arrays, and a digest of everything around them."""
    html = RANDOM_ID.sub("bertviz-", html)
    parts, around = [], ""
    while found := PARAMETERS.search(html):
        parameters, length = json.JSONDecoder().raw_decode(html[found.end() :])
        parts.append(_matrices(parameters))
        around, html = around + html[: found.end()], html[found.end() + length :]
    return {"parameters": parts, "around": sha256((around + html).encode()).hexdigest()}


def _matrices(value):
    """A matrix or more in nested lists as an array: BertViz is given four decimals."""
    if isinstance(value, dict):
        return {name: _matrices(item) for name, item in value.items()}
    if not isinstance(value, list) or not value or not isinstance(value[0], list | dict):
        return value
    try:
        return kept(np.array(value, float), "decimal4")
    except (TypeError, ValueError):
        return [_matrices(item) for item in value]
