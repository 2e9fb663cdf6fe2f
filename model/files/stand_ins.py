"""Recognises what stands in a file's place without being it: a Git LFS pointer, a web page, nothing at all."""

from pathlib import Path

from model.request.errors import UserError

POINTER = b"version https://git-lfs"
PAGE = (b"<!doctype html", b"<html", b"<?xml")


def refuse_stand_in(path: Path) -> None:
    """Raises UserError, with a way out, if `path` is no model's file but a pointer, a page, or empty."""
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        raise UserError(f"{path.name} is empty: it has 0 bytes. Fetch it again, or choose another model.")
    if start.startswith(POINTER):
        raise UserError(
            f"{path.name} is a Git LFS pointer of {path.stat().st_size:,} bytes and not the file that it points to. "
            "Fetch that file with `git lfs pull`, or download it anew."
        )
    if start.lstrip().lower().startswith(PAGE):
        raise UserError(
            f"{path.name} is a web page and not a model's file: an address was saved that shows the file, a login or "
            "an error. Download the file itself (on the Hub its address holds /resolve/, not /blob/)."
        )
