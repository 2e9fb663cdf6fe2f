"""Token by Token: parses the options, builds and serves the page, and loads the engine in the background."""

import argparse
import json
import os
from pathlib import Path

# Set before torch or gradio is imported: worker threads read their thread count from here, and telemetry stays off.
os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count() or 1))
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line. A bad value ends the program with one line that names the limit."""
    parser = argparse.ArgumentParser(
        prog="python app.py",
        description="Walk through LLM inference on a live model.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--model", default="bundled", help="'bundled', a folder, a GGUF file, or a Hub id")
    devices = ["auto", "cpu", "cuda", "mps", "split"]
    parser.add_argument("--device", default="auto", choices=devices, help="where to compute; split: over all devices")
    dtypes = ["auto", "float32", "bfloat16", "float16"]
    parser.add_argument("--dtype", default="auto", choices=dtypes, help="auto: float32 on the CPU, else bfloat16")
    # A hosted Space sets these variables.
    host, port = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), os.environ.get("GRADIO_SERVER_PORT", "7860")
    parser.add_argument("--host", default=host, help="address to serve on; 0.0.0.0 serves the network")
    parser.add_argument("--port", default=port, type=whole(1, 65_535), help="port to serve on")
    names = "host names to serve besides this machine's own, with commas between; *.example.org: all below it"
    parser.add_argument("--allow-host", default="auto", help=names)
    parser.add_argument("--max-prompt-tokens", default=4096, type=whole(1, 131_072), help="longer prompts are refused")
    parser.add_argument("--max-new-tokens", default=256, type=whole(1, 4_096), help="most tokens of one answer")
    seconds = "most seconds of one live measurement"
    parser.add_argument("--budget-seconds", default=120, type=whole(5, 3_600), help=seconds)
    parser.add_argument("--models-allowed", default="auto", help="auto, any, listed, or names and commas")
    gigabytes = "memory for the models together; 0: a share of what is free"
    parser.add_argument("--model-memory-gb", default=0, type=whole(0, 10_000), help=gigabytes)
    parser.add_argument("--share", action="store_true", help="a public link through Gradio's relay (needs network)")
    return parser.parse_args(arguments)


def whole(low: int, high: int):
    """An argparse type: a whole number from `low` to `high`."""

    def number(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low:,} to {high:,}")
        return int(text)

    return number


def assets_list(name: str) -> list[dict]:
    """Reads one of the lists in the assets folder."""
    return json.loads((Path(__file__).parent / "assets" / name).read_text(encoding="utf-8"))


def build_models(options: argparse.Namespace, allowed, report):
    """Imports torch and loads the first model; called in a background thread."""
    report(0.0, "Starting torch")
    from model.open import EngineOptions, open_pool
    from model.request.recipe import Recipe
    from viz.config import examples

    first = Recipe.from_dict(examples(options.max_new_tokens)[0]["recipe"])
    limits = (options.max_prompt_tokens, options.max_new_tokens, options.budget_seconds)
    room = options.model_memory_gb * 2**30
    return open_pool(EngineOptions(options.model, options.device, options.dtype, *limits, room, allowed), report, first)


def allowed_models(options: argparse.Namespace):
    """The models that the page may open. A bad --models-allowed ends the program with one line."""
    from model.request.errors import UserError
    from model.source.sources import read_allowed

    listed = [item["id"] for item in assets_list("models.json")]
    # A page with a name of its own is served to others, by a proxy where not by this server itself.
    here = options.host in ("127.0.0.1", "localhost", "::1") and options.allow_host == "auto"
    public = options.share or not here
    try:
        return read_allowed(options.models_allowed, listed, public)
    except UserError as error:
        raise SystemExit(str(error)) from None


def served_hosts(options: argparse.Namespace):
    """Under which names the page is served. A bad --allow-host ends the program with one line."""
    from model.request.errors import UserError
    from viz.door.hosts import read_hosts

    try:
        return read_hosts(options.allow_host, options.host, options.share, os.environ)
    except UserError as error:
        raise SystemExit(str(error)) from None


def main() -> None:
    """Serves the page, and loads the model in the background."""
    options = parse_options()
    allowed, hosts = allowed_models(options), served_hosts(options)
    from model.api import Api
    from model.startup import Startup
    from viz.page import build_page, launch

    startup = Startup(lambda report: build_models(options, allowed, report))
    page = build_page(startup, Api(startup.engine), options.max_new_tokens)
    launch(page, hosts, options.host, options.port, options.share)
    # Only after the page is served: two imports at once would slow each other down.
    startup.start()
    page.block_thread()


if __name__ == "__main__":
    main()
