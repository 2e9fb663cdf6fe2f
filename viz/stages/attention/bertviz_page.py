"""What BertViz returns, made fit for a sandboxed frame: no other host, no markup from tokens, few bytes.

The frame's own scripts (jquery and d3, vendored) are put before it by the page; BertViz asks for them through
RequireJS, for which two lines of shim do.
"""

import json
import re

from model.records.run import Token

OTHER_HOST = re.compile(r"""<script src="https?://[^"]*"></script>|(?<=['"])https?://[^'"]*(?=['"])""")
SHIM = (
    "<script>window.require = {config() {}};\n"
    "window.requirejs = (names, use) => use(window.jQuery, window.d3);</script>\n"
)
# BertViz pastes the parameters into a comment as well.
PARAMETERS = "const params = "
SIGNS = str.maketrans({" ": "·", "\n": "↵", "\t": "⇥", "\r": "␍"})
LONGEST = 14


def offline(html: str) -> str:
    """BertViz's own page with its parameters written again, compact and as data that cannot end the script."""
    start = html.index(PARAMETERS) + len(PARAMETERS)
    parameters, length = json.JSONDecoder().raw_decode(html[start:])
    rest = html[start + length :]
    after = rest[rest.index("\n") :]
    return SHIM + OTHER_HOST.sub("", html[:start]) + as_script(parameters) + ";" + OTHER_HOST.sub("", after)


def neuron_page(script: str, parameters: dict, title: str) -> str:
    """BertViz's neuron view on parameters of our own: the frame that its `show` would make, and its script."""
    root = parameters["root_div_id"]
    return (
        f'{SHIM}<div id="{root}"><p>{title}</p><div id="vis"></div></div>\n'
        f"<script>window.bertviz_params = {as_script(parameters)};</script>\n"
        f"<script>{OTHER_HOST.sub('', script)}</script>\n"
    )


def as_script(value) -> str:
    """JSON for the inside of a script element: no `<`, so that no text can close it or open another."""
    text = json.dumps(_rounded(value), separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def label(token: Token) -> str:
    """A token as BertViz shows it: white space visible, bytes in hex when it is part of a character, cut."""
    if token.partial:
        return token.bytes.hex(" ").upper()
    text = token.text.translate(SIGNS)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _rounded(value):
    """Four decimals, and 0 for what is less: a weight's colour and width show no more."""
    if isinstance(value, float):
        value = round(value, 4)
        return int(value) if value == int(value) else value
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
