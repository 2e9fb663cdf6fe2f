"""A local fake of the Hub: the few addresses that a download uses, with the same answers as the real one."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHub:
    """Repositories by name, each a folder. `requests` lists the requested files with their range."""

    url: str = ""
    repositories: dict[str, Path] = field(default_factory=dict)
    facts: dict[str, dict] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    requests: list[tuple[str, str]] = field(default_factory=list)

    def add(self, repo: str, folder: Path, **facts) -> None:
        self.repositories[repo], self.facts[repo] = folder, facts


class Handler(BaseHTTPRequestHandler):
    """Serves the repositories of `server.hub`."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def log_message(self, *_):
        pass

    def answer(self, body: bool) -> None:
        parts = urlsplit(self.path).path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self.model_info("/".join(parts[2:4]), parts[5] if len(parts) > 5 else "main")
        else:
            self.file("/".join(parts[:2]), "/".join(parts[4:]), body)

    def refuse(self, status: int, code: str) -> None:
        self.reply(status, b"{}", {"X-Error-Code": code, "X-Error-Message": code})

    def reply(self, status: int, content: bytes, headers: dict, body: bool = True) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def model_info(self, repo: str, revision: str) -> None:
        if repo not in self.server.hub.repositories:
            return self.refuse(401, "RepoNotFound")
        if revision not in ("main", COMMIT):
            return self.refuse(404, "RevisionNotFound")
        folder = self.server.hub.repositories[repo]
        files = [f for f in folder.rglob("*") if f.is_file()]
        siblings = [{"rfilename": f.relative_to(folder).as_posix(), "size": f.stat().st_size} for f in files]
        gated = "auto" if repo in self.server.hub.gated else False
        known = {"id": repo, "sha": COMMIT, "gated": gated, "siblings": siblings, **self.server.hub.facts[repo]}
        return self.reply(200, json.dumps(known).encode(), {"Content-Type": "application/json"})

    def file(self, repo: str, name: str, body: bool) -> None:
        if repo in self.server.hub.gated:
            return self.refuse(403, "GatedRepo")
        path = self.server.hub.repositories.get(repo, Path()) / name
        if not path.is_file():
            return self.refuse(404, "EntryNotFound")
        content, asked = path.read_bytes(), self.headers.get("Range", "")
        headers = {"ETag": f'"{name}-{len(content)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if not body:
            return self.reply(200, content, headers, body=False)
        self.server.hub.requests.append((name, asked))
        start = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self.reply(206 if start else 200, content[start:], headers)


@contextmanager
def fake_hub() -> Iterator[FakeHub]:
    """A running fake Hub; `url` is its endpoint."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub = server.hub = FakeHub()
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
