"""What the server answers, to whom, and what it refuses before anything reads it: over raw HTTP, without a model."""

import json
import re
import socket
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.doors import JOIN, JSON, LOOK, look, routes, served, words
from viz.config import ASSETS, PLOTLY
from viz.door.body import MOST_BYTES
from viz.door.hosts import read_hosts

# It starts servers and asks them over HTTP.
pytestmark = pytest.mark.slow

# All that the page and gradio_client use; below the folders of assets, for every value of the path.
OPEN = {
    ("GET", "/"),
    ("HEAD", "/"),
    ("GET", "/config"),
    ("GET", "/favicon.ico"),
    ("GET", "/manifest.json"),
    ("GET", "/robots.txt"),
    ("GET", "/theme.css"),
    ("GET", "/assets/{path:path}"),
    ("GET", "/static/{path:path}"),
    ("GET", "/gradio_api/app_id"),
    ("GET", "/gradio_api/info"),
    ("GET", "/gradio_api/queue/data"),
    ("GET", "/gradio_api/startup-events"),
    ("GET", "/gradio_api/theme.css"),
    ("POST", "/gradio_api/component_server"),
    ("POST", "/gradio_api/queue/join"),
    ("POST", "/gradio_api/cancel"),
}
# Open for some values of their parameters alone.
CALLS = {
    ("GET", "/gradio_api/file={path_or_url:path}"),
    ("HEAD", "/gradio_api/file={path_or_url:path}"),
    ("POST", "/gradio_api/call/{api_name}"),
    ("GET", "/gradio_api/call/{api_name}/{event_id}"),
}


@pytest.fixture(scope="module")
def walk():
    with served() as (page, client):
        yield page, client


@pytest.fixture
def client(walk):
    return walk[1]


def test_of_all_routes_of_gradio_only_those_that_are_used_are_open(walk):
    page, client = walk
    found = set(routes(page.app))
    assert len(found) > 60, "Gradio's routes are not found: nothing would be checked"
    assert found >= OPEN | CALLS
    for method, path in sorted(found - OPEN):
        asked = re.sub(r"\{[^}]*\}", "x", path)
        answer = client.request(method, asked, headers=JSON)
        assert answer.status_code == 404, (method, path)
        if method != "HEAD":
            assert "is not served here. The page is at /." in words(answer)


@pytest.mark.parametrize("path", sorted(path for method, path in OPEN if method == "GET" and "{" not in path))
def test_what_is_open_is_answered_by_gradio_and_not_refused_by_the_door(client, path):
    assert "is not served here" not in client.get(path).text


def test_nothing_can_be_uploaded(walk, tmp_path):
    page, client = walk
    before = set(page.upload_file_set)
    for path in ("/gradio_api/upload", "/gradio_api/upload?upload_id=1", "//gradio_api/upload", "/gradio_api//upload"):
        assert client.post(path, files={"files": b"x" * 1000}).status_code == 404
    # The route of looks takes files as well, where it is asked as a form.
    form = {"data": "x", "component_id": "1", "fn_name": "look", "session_hash": "s"}
    answer = client.post(LOOK, data=form, files={"file": b"x" * 1000})
    assert answer.status_code == 415
    assert "it must be application/json" in words(answer)
    assert page.upload_file_set == before


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "https://example.org/x", f"{ASSETS}/../app.py", f"{ASSETS}/js/..%2f..%2f..%2fapp.py", "x"]
)
def test_only_the_pages_own_files_are_served(client, path):
    assert client.get(f"/gradio_api/file={path}").status_code == 404


def test_the_pages_scripts_are_served_and_what_lies_beside_them_is_not(client):
    assert client.get(f"/gradio_api/file={ASSETS}/js/main.js").status_code == 200
    assert client.get(f"/gradio_api/file={PLOTLY}/plotly.min.js").status_code == 200
    assert client.get(f"/gradio_api/file={PLOTLY}/datasets/iris.csv.gz").status_code == 404


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://127.0.0.1", "null", "http://127.0.0.1:1", "file://"]
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
def test_a_page_of_another_origin_is_refused_whatever_it_sends(client, origin, kind):
    answer = look(client, origin=origin, **{"content-type": kind})
    assert answer.status_code == 403
    assert "asks, and this server answers its own page" in words(answer)
    assert "access-control-allow-origin" not in answer.headers
    assert client.get("/config", headers={"origin": origin}).status_code == 403
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    assert client.options(JOIN, headers=asked).status_code == 403


def test_a_sandboxed_frame_gets_the_pages_files_and_nothing_else(client):
    frame = {"origin": "null"}
    assert client.get(f"/gradio_api/file={ASSETS}/vendor/d3-5.7.0.min.js", headers=frame).status_code == 200
    for path in ("/", "/config", "/gradio_api/info", "/gradio_api/queue/data", "/gradio_api/app_id"):
        assert client.get(path, headers=frame).status_code == 403


def test_the_own_page_and_a_program_without_a_page_are_answered(client):
    own = str(client.base_url).rstrip("/")
    for headers in ({}, {"origin": own}, {"origin": own, "sec-fetch-site": "same-origin"}):
        answer = look(client, **headers)
        assert answer.status_code == 200
        assert json.loads(answer.json())["reason"] == "starting"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7860", "192.168.1.5:7860", "localhost.evil.example", ""]
)
def test_a_foreign_host_is_refused_on_every_kind_of_route(client, host):
    for path in ("/", "/config", f"/gradio_api/file={ASSETS}/js/main.js", "/gradio_api/upload"):
        answer = client.get(path, headers={"host": host})
        assert answer.status_code == 403
        assert "start it with this name in --allow-host" in words(answer)
    # A page whose name was made to lead here is of the origin that it asks.
    assert look(client, host=host, origin=f"http://{host}").status_code == 403


def test_a_class_reaches_the_page_by_the_machines_address():
    found = [a.address for all_of in psutil.net_if_addrs().values() for a in all_of if a.family == socket.AF_INET]
    with served(read_hosts("auto", "0.0.0.0", False, {}), "0.0.0.0") as (_, client):
        for address in found:
            own = f"http://{address}:{urlsplit(str(client.base_url)).port}"
            with httpx.Client(base_url=own) as other:
                assert other.get("/").status_code == 200
                assert look(other, origin=own).status_code == 200
                assert look(other, origin="http://evil.example").status_code == 403


def test_every_answer_has_the_headers_and_the_page_alone_a_nonce(client):
    answers = [
        client.get("/"),
        client.get("/config"),
        client.get("/gradio_api/upload"),
        client.get("/", headers={"host": "evil.example"}),
        client.get(f"/gradio_api/file={ASSETS}/js/main.js"),
        client.head("/"),
        client.options(JOIN),
        client.get("/gradio_api/queue/data"),
        client.post(JOIN, content=b"x", headers=JSON),
        client.post(JOIN, content=b"x" * (MOST_BYTES + 1), headers=JSON),
        look(client),
    ]
    assert {answer.status_code for answer in answers} >= {200, 400, 403, 404, 413}
    for answer in answers:
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["connect-src"] == policy["frame-ancestors"] == "'self'"
        assert "unsafe-inline" not in policy["script-src"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
    nonces = [re.findall(r"'nonce-(.+?)'", client.get("/").headers["content-security-policy"]) for _ in range(2)]
    assert nonces[0] != nonces[1]
    page = client.get("/", headers={"accept-encoding": "br"})
    (nonce,) = re.findall(r"'nonce-(.+?)'", page.headers["content-security-policy"])
    scripts = re.findall(r"<script[^>]*>", page.text)
    assert len(scripts) > 3
    assert all(f'nonce="{nonce}"' in script for script in scripts)


def test_only_a_space_may_be_framed_and_by_its_host_alone():
    with served(read_hosts("auto", "127.0.0.1", False, {"SPACE_HOST": "me-walk.hf.space"})) as (_, client):
        policy = client.get("/", headers={"host": "me-walk.hf.space"}).headers["content-security-policy"]
    assert policy.endswith("frame-ancestors 'self' https://huggingface.co")


def test_a_shared_link_is_not_for_search_engines():
    with served(read_hosts("auto", "127.0.0.1", True, {})) as (_, client):
        assert client.get("/", headers={"host": "abc.gradio.live"}).headers["x-robots-tag"] == "noindex"


def test_gradios_own_client_in_another_process_needs_no_origin(client):
    theirs = Client(str(client.base_url), verbose=False)
    names = theirs.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(names) == {"/tokenize", "/next_token", "/generate", "/attention"}
    with pytest.raises(AppError, match="The model is not ready"):
        theirs.predict("Hello", False, api_name="/tokenize")
    event = client.post("/gradio_api/call/tokenize", json={"data": ["Hello", False]}).json()["event_id"]
    assert "The model is not ready" in client.get(f"/gradio_api/call/tokenize/{event}").text
