"""The body of a request: read up to a limit, and no further."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MOST_BYTES = 2_000_000


class TooLarge(Exception):
    """The body is larger than the limit."""


class Left(Exception):
    """The visitor left while the body came in."""


def header(scope: Scope, name: bytes) -> str | None:
    """A header by its name in lower case, None where there is none. Several of one name are none that is served."""
    found = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    return None if not found else ",".join(found)


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """The whole body. Raises TooLarge: before any of it is read where its length is told, else at the limit."""
    length = header(scope, b"content-length")
    if length is not None and (not length.isdecimal() or int(length) > MOST_BYTES):
        raise TooLarge
    parts, n = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Left
        part = message.get("body", b"")
        n += len(part)
        if n > MOST_BYTES:
            raise TooLarge
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def replay(body: bytes, receive: Receive) -> Receive:
    """`receive` once more from the beginning, with the body in one piece."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again
