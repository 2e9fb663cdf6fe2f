"""The headers of every answer: what a browser lets the page do, and who may show it in a frame."""

import re

from viz.door.hosts import Hosts

SCRIPT = re.compile(rb"<script(?=[\s>])")
SPACES_FRAME = "https://huggingface.co"


def policy(nonce: str, is_space: bool) -> str:
    """The Content-Security-Policy. Scripts run from files of this server, and inline only with the nonce.

    Gradio makes the page's one component with `new Function`, and gives elements styles of their own.
    """
    frames = f"'self' {SPACES_FRAME}" if is_space else "'self'"
    inline = f" 'nonce-{nonce}'" if nonce else ""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'unsafe-eval'{inline}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors {frames}",
        )
    )


def security_headers(nonce: str, hosts: Hosts) -> list[tuple[bytes, bytes]]:
    """All of them, as ASGI has them."""
    headers = [
        (b"content-security-policy", policy(nonce, hosts.is_space).encode()),
        (b"x-content-type-options", b"nosniff"),
        # The address holds the prompt: other hosts are not told of it.
        (b"referrer-policy", b"same-origin"),
    ]
    # A link that was shared is for those who were given it.
    return [*headers, (b"x-robots-tag", b"noindex")] if hosts.is_shared else headers


def with_nonce(html: bytes, nonce: str) -> bytes:
    """The page with the nonce in each of its script elements. Texts inside scripts have no `<`: Gradio escapes it."""
    return SCRIPT.sub(f'<script nonce="{nonce}"'.encode(), html)
