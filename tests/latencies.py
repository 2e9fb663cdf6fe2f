"""A short run, and a machine of round numbers to hold against its latencies."""

from model.records.latency import Roofline
from model.request.recipe import Recipe

RECIPE = Recipe("The quick brown fox jumps over the lazy dog and", max_new_tokens=8)
ROOF = Roofline("cpu", "float32", bandwidth=10e9, flops=100e9, seconds=1.0)
