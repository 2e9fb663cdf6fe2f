"""Parses the name of a model that a person typed: bundled, a folder, a GGUF, or a repository on the Hub."""

import re
from dataclasses import dataclass
from pathlib import Path

from model.request.errors import UserError
from model.request.validate import shorten

BUNDLED = "bundled"
PART = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,95}"
REPO = re.compile(rf"(?:{PART}/)?{PART}")
REPO_FILE = re.compile(rf"({PART}/{PART})/((?:{PART}/){{0,4}}{PART}\.gguf)", re.IGNORECASE)
REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
ADDRESS = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(.+?)/?")
LONGEST = 1000
# Of a file's name, in bytes: the limit of all usual file systems.
LONGEST_PART = 255
KINDS = (
    "a name as on the Hub ('org/name'), a GGUF in it ('org/name/file.gguf'), or a path that begins with '/', './' or "
    "'~'"
)


@dataclass(frozen=True)
class Source:
    """Where a model comes from. `kind` is 'bundled', 'hub', 'folder' or 'gguf' (a file on disk).

    `file` is the name of the GGUF, in a repository or on disk.
    """

    kind: str
    name: str
    repo: str = ""
    revision: str = ""
    path: Path = Path()
    file: str = ""

    @property
    def on_disk(self) -> bool:
        """Whether opening it reads the server's own disk."""
        return self.kind in ("folder", "gguf")

    @property
    def title(self) -> str:
        """A short name for headings."""
        return self.path.name if self.on_disk else self.name


def parse_source(text: str, revision: str = "") -> Source:
    """Parses what was typed, without disk or network. Raises UserError if it cannot be a model."""
    text, revision = text.strip(), revision.strip()
    if address := ADDRESS.fullmatch(text):
        text, revision = _of_address(address[1], revision)
    if not text or len(text) > LONGEST or not text.isprintable():
        raise UserError(f"The model {shorten(text)} is no name. Type {KINDS}.")
    if revision and (not REVISION.fullmatch(revision) or ".." in revision):
        raise UserError(f"The revision {shorten(revision)} is no branch, tag or commit. Leave it empty for the newest.")
    if text == BUNDLED:
        return Source("bundled", BUNDLED)
    if text[0] in "/.~\\" or re.match(r"[A-Za-z]:[\\/]", text):
        path = _on_disk(text)
        if path.suffix.lower() == ".gguf":
            return Source("gguf", str(path), path=path, file=path.name)
        return Source("folder", str(path), path=path)
    if match := REPO_FILE.fullmatch(text):
        return Source("hub", text, repo=match[1], revision=revision, file=match[2])
    if not REPO.fullmatch(text) or ".." in text or "--" in text:
        raise UserError(f"The model {shorten(text)} is no name. Type {KINDS}.")
    return Source("hub", text, repo=text, revision=revision)


def _on_disk(text: str) -> Path:
    """The path that a person typed, with the home folder for '~'."""
    if any(len(name.encode()) > LONGEST_PART for name in Path(text).parts):
        raise UserError(f"The path {shorten(text)} has a part of more than {LONGEST_PART} bytes. Check the path.")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UserError(f"The path {shorten(text)} begins with a home folder that is not there. Check it.") from None


def _of_address(path: str, revision: str) -> tuple[str, str]:
    """A pasted address: org/name, org/name/tree/revision, org/name/blob/revision/file.gguf."""
    parts = path.split("?")[0].split("/")
    if len(parts) < 4 or parts[2] not in ("tree", "blob", "resolve"):
        return "/".join(parts), revision
    return "/".join([*parts[:2], *parts[4:]]), revision or parts[3]


@dataclass(frozen=True)
class Allowed:
    """Which models a page opens. `names` None allows any; local paths outside `names` need `paths`.

    `as_owner`: requests to the Hub use the owner's token, so that gated and private models open as well.
    """

    names: frozenset[str] | None = None
    paths: bool = True
    as_owner: bool = True

    def check(self, source: Source) -> None:
        """Raises UserError, before disk or network is accessed, for a model that this page does not open."""
        if source.kind == BUNDLED or (self.names is not None and source.name in self.names):
            return
        if source.on_disk and not self.paths:
            raise UserError(
                "This page opens no folders or files of its server. Choose a model of the list, or start the page "
                "on your own machine."
            )
        if self.names is not None:
            raise UserError(
                f"{source.name!r:.120} is not among the models this page opens. Choose one of its list, or start the "
                "page with another --models-allowed."
            )


def read_allowed(option: str, listed: list[str], public: bool) -> Allowed:
    """Parses `--models-allowed`: 'auto', 'any', 'listed', or names separated by commas.

    'auto' allows any model on a private page, and the listed ones on a `public` page, which others than its owner can
    see. Raises UserError for an invalid name.
    """
    if option == "any" or (option == "auto" and not public):
        return Allowed(None, not public, not public)
    if option in ("auto", "listed"):
        return Allowed(frozenset(listed), False)
    names = [name.strip() for name in option.split(",") if name.strip()]
    if not names:
        raise UserError("--models-allowed is empty; give auto, any, listed, or names with commas between them.")
    return Allowed(frozenset(parse_source(name).name for name in names), False)
