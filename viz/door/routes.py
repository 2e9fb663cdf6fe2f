"""Which of Gradio's routes are served: those that the page and gradio_client use. All others are closed.

Closed are, among others, upload and stream (they write to the disk), proxy and addresses behind `file=` (they fetch
from other hosts), deep links (they write a file), calls past the queue (run, api), heartbeat and reset (nothing here
has state to lose), monitoring, login, run history, and the editing of the page.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PREFIX = "/gradio_api"
FILE = f"{PREFIX}/file="
LOOK = f"{PREFIX}/component_server"
JOIN = f"{PREFIX}/queue/join"
CALL = f"{PREFIX}/call/"
CANCEL = f"{PREFIX}/cancel"

READ = frozenset(
    {
        "/",
        "/config",
        "/favicon.ico",
        "/manifest.json",
        "/robots.txt",
        "/theme.css",
        f"{PREFIX}/app_id",
        f"{PREFIX}/info",
        f"{PREFIX}/queue/data",
        f"{PREFIX}/theme.css",
        # Gradio asks for it itself, once it serves.
        f"{PREFIX}/startup-events",
    }
)
FOLDERS = ("/assets/", "/static/")
WRITTEN = frozenset({LOOK, JOIN, CANCEL})


@dataclass(frozen=True)
class Routes:
    """The routes of a page whose scripts and sheets are below `folders` and in `files`, with calls of these names."""

    folders: tuple[str, ...]
    files: frozenset[str]
    calls: frozenset[str]

    def opens(self, method: str, path: str) -> bool:
        """Whether a request for a path, decoded, is passed on."""
        if ".." in path.replace("\\", "/").split("/"):
            return False
        if method in ("GET", "HEAD"):
            return path in READ or self.is_file(path) or self._is_result(path)
        if method == "POST":
            return path in WRITTEN or (path.startswith(CALL) and path.removeprefix(CALL) in self.calls)
        return False

    def is_file(self, path: str) -> bool:
        """Whether it is a script, a sheet or a picture of the page: the same for everybody who asks."""
        name = path.removeprefix(FILE)
        return path.startswith(FOLDERS) or (
            path.startswith(FILE) and (name in self.files or name.startswith(self.folders))
        )

    def _is_result(self, path: str) -> bool:
        """The answer to a call: its name, and the id that it was given."""
        name, _, event = path.removeprefix(CALL).partition("/")
        return path.startswith(CALL) and name in self.calls and event.isalnum()


def routes_of(folders: Iterable[Path], files: Iterable[Path], calls: Iterable[str]) -> Routes:
    """The open routes of a page with these files and calls."""
    return Routes(tuple(f"{folder}/" for folder in folders), frozenset(map(str, files)), frozenset(calls))
