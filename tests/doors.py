"""The page served in this process without a model: what the door lets through, and what it answers itself."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from model.api import Api
from model.startup import Startup
from tests.browser import free_port
from viz.door.hosts import Hosts
from viz.page import build_page, launch

LOCAL = Hosts()
LOOK, JOIN = "/gradio_api/component_server", "/gradio_api/queue/join"
JSON = {"content-type": "application/json"}


@contextmanager
def served(hosts: Hosts = LOCAL, host: str = "127.0.0.1"):
    """The page and a client of it. Its model never loads, so every look is told to try again."""
    startup = Startup(lambda report: None)
    page = build_page(startup, Api(startup.engine), 256)
    port = free_port()
    launch(page, hosts, host, port, False)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            yield page, client
    finally:
        page.close(verbose=False)


def routes(app) -> Iterator[tuple[str, str]]:
    """The method and path of every route that Gradio has."""
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes(inner)
        else:
            yield from ((method, route.path) for method in route.methods)


def look(client, content: bytes | None = None, **headers: str):
    """One look as the page sends it, with other headers or another body."""
    (walk,) = (c["id"] for c in client.get("/config").json()["components"] if c["props"].get("elem_id") == "walk")
    asked = json.dumps({"name": "card", "recipe": {"prompt": "Hi"}})
    body = {"data": asked, "component_id": walk, "fn_name": "look", "session_hash": "one"}
    given = JSON | headers
    return client.post(LOOK, content=content or json.dumps(body), headers=given)


def words(answer: httpx.Response) -> str:
    """The sentence of a refusal."""
    return answer.json()["detail"]
