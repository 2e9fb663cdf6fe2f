"""The door of the server: what is asked is checked here, on every route, before Gradio sees it."""

import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from model.request.errors import UserError
from model.request.validate import shorten
from viz.door.body import MOST_BYTES, Left, Message, Receive, Scope, Send, TooLarge, header, read_body, replay
from viz.door.envelope import Served
from viz.door.headers import security_headers, with_nonce
from viz.door.hosts import Hosts
from viz.door.routes import Routes

# Where the nonce of an answer is, for what writes the page.
NONCE = "walk.nonce"
JSON = "application/json"


@dataclass(frozen=True)
class Rules:
    """All that the door knows of the page behind it."""

    hosts: Hosts
    routes: Routes
    served: Served


class Refusal(Exception):
    """Why a request is not passed on, with the status that says so."""

    def __init__(self, status: int, words: str):
        super().__init__(words)
        self.status = status


class Door:
    """An ASGI application around another: refuses in words, and gives each answer its headers."""

    def __init__(self, app: Callable, rules: Rules):
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        nonce = secrets.token_urlsafe(16) if scope["path"] == "/" else ""
        scope[NONCE] = nonce
        added = security_headers(nonce, self._rules.hosts)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        try:
            receive = await self._admitted(scope, receive)
        except Left:
            return
        except Refusal as refusal:
            return await _refuse(refusal, answer)
        await self._app(scope, receive, answer)

    async def _admitted(self, scope: Scope, receive: Receive) -> Receive:
        """What the request's body is to be read from. Raises Refusal."""
        path, method = _path(scope), _method(scope)
        # A sandboxed frame of the page has no origin that could be told from another's, and needs some of its files.
        is_file = method == "GET" and self._rules.routes.is_file(path)
        origin = None if is_file else header(scope, b"origin")
        _check_names(self._rules.hosts, header(scope, b"host"), origin)
        if not self._rules.routes.opens(method, path):
            raise Refusal(404, f"{scope['method']} {shorten(path)} is not served here. The page is at /.")
        if scope["method"] != "POST":
            return receive
        kind = (header(scope, b"content-type") or "").partition(";")[0].strip().lower()
        if kind != JSON:
            raise Refusal(415, f"The content type is {shorten(kind)}; it must be {JSON}. Send the request as JSON.")
        try:
            body = await read_body(scope, receive)
            self._rules.served.check(path, body)
        except TooLarge:
            raise Refusal(413, f"The request has more than {MOST_BYTES:,} bytes, the limit. Send less.") from None
        except UserError as error:
            raise Refusal(400, str(error)) from None
        return replay(body, receive)


class PageNonce:
    """An ASGI application around another: puts the nonce into the page, before it is compressed."""

    def __init__(self, app: Callable):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        nonce = scope.get(NONCE)
        if not nonce or scope["method"] != "GET":
            return await self._app(scope, receive, send)
        start: list[Message] = []
        parts: list[bytes] = []

        async def whole(message: Message) -> None:
            if message["type"] == "http.response.start":
                return start.append(message)
            parts.append(message.get("body", b""))
            if message.get("more_body", False):
                return
            body = with_nonce(b"".join(parts), nonce)
            kept = [(key, value) for key, value in start[0]["headers"] if key != b"content-length"]
            await send({**start[0], "headers": [*kept, (b"content-length", str(len(body)).encode())]})
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, whole)


def app_options(rules: Rules) -> dict[str, Any]:
    """What makes a Gradio page serve behind the door: `launch(app_kwargs=…)`.

    Middleware that is given to the application sits inside Gradio's own, so the door is put around all of it when the
    server starts, before its first request.
    """
    from starlette.middleware import Middleware

    @asynccontextmanager
    async def behind_the_door(app: Any) -> AsyncIterator[None]:
        app.middleware_stack = Door(app.middleware_stack, rules)
        yield

    return {"lifespan": behind_the_door, "middleware": [Middleware(PageNonce)]}


def _check_names(hosts: Hosts, host: str | None, origin: str | None) -> None:
    if not hosts.serves(host):
        raise Refusal(
            403,
            f"The host {shorten(host)} is not served here. Open the page at the address that it was started with, or "
            "start it with this name in --allow-host.",
        )
    if not hosts.takes(origin, host):
        raise Refusal(
            403,
            f"A page of {shorten(origin)} asks, and this server answers its own page at {shorten(host)} alone. Open "
            "that page, or start the server with that page's host in --allow-host.",
        )


def _method(scope: Scope) -> str:
    """The method whose route is meant: a browser asks before it sends one, with OPTIONS."""
    asked = header(scope, b"access-control-request-method")
    return asked if scope["method"] == "OPTIONS" and asked else scope["method"]


def _path(scope: Scope) -> str:
    """The path below where the application is mounted."""
    return scope["path"].removeprefix(scope.get("root_path", ""))


async def _refuse(refusal: Refusal, send: Send) -> None:
    body = json.dumps({"detail": str(refusal)}).encode()
    # What is left of the body is not read: the connection ends with this answer.
    headers = [
        (b"content-type", JSON.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
