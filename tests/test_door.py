"""What the server answers, to whom, and what it refuses before anything reads it: over raw HTTP, without a model."""

import json
import re
import socket
import time
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

import app
from model.request.errors import UserError
from tests.doors import look, routes, served
from viz.config import ASSETS, PLOTLY
from viz.door.body import MOST_BYTES
from viz.door.hosts import Hosts, read_hosts

# It starts servers and asks them over HTTP.
pytestmark = pytest.mark.slow

LOOK, JOIN = "/gradio_api/component_server", "/gradio_api/queue/join"
JSON = {"content-type": "application/json"}

# All that the page and gradio_client use. Of the routes with a parameter a value that is served stands here.
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


def words(answer: httpx.Response) -> str:
    """The sentence of a refusal."""
    return answer.json()["detail"]


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


HERE = "teacher.school.example"


@pytest.mark.parametrize(
    ("options", "answered", "refused"),
    [
        (
            ("auto", "127.0.0.1", False, {}),
            ["localhost:7860", "127.0.0.1", "[::1]:1", "LOCALHOST."],
            ["10.0.0.7", HERE],
        ),
        (
            ("auto", "0.0.0.0", False, {}),
            ["192.168.1.5:7860", "[fe80::1]:7860", "localhost", HERE, "teacher.local:7860"],
            ["evil.example", "school.example", "me.hf.space", "x.gradio.live", "a@10.0.0.7", "10.0.0.7/x", "1.2.3.4.5"],
        ),
        (("auto", "walk.lan", False, {}), ["walk.lan:7860", "10.0.0.7"], ["x.walk.lan"]),
        (
            ("auto", "0.0.0.0", False, {"SPACE_HOST": "me-walk.hf.space"}),
            ["me-walk.hf.space", "10.1.2.3:7860"],
            ["hf.space"],
        ),
        (("auto", "0.0.0.0", False, {"SPACE_ID": "me/walk"}), ["me-walk.hf.space"], ["evil.example"]),
        (
            ("auto", "127.0.0.1", True, {}),
            ["abc.gradio.live", "127.0.0.1:7860"],
            ["gradio.live.evil.example", "gradio.live"],
        ),
        (
            ("A.example, *.b.example", "127.0.0.1", False, {}),
            ["a.example", "x.b.example:8", "localhost"],
            ["b.example"],
        ),
    ],
)
def test_which_hosts_are_served(monkeypatch, options, answered, refused):
    monkeypatch.setattr(socket, "gethostname", lambda: HERE)
    hosts = read_hosts(*options)
    assert [host for host in answered if not hosts.serves(host)] == []
    assert [host for host in refused if hosts.serves(host)] == []


@pytest.mark.parametrize(
    "name", ["", "a b", "http://a.example", "a.example:80", "*", "*.com", "a..b", "-a", "a,", "é.example"]
)
def test_what_is_no_host_name_is_refused_with_the_way_to_give_one(name):
    with pytest.raises(UserError, match=r"--allow-host has .*, which is no host name\. Give names such as"):
        read_hosts(name, "127.0.0.1", False, {})


def test_a_page_with_a_name_of_its_own_opens_no_folders_of_its_server():
    opened = {
        name: app.allowed_models(app.parse_options(["--allow-host", name])).paths for name in ("auto", "a.example")
    }
    assert opened == {"auto": True, "a.example": False}


def test_a_page_behind_a_proxy_is_answered_by_its_name():
    space = read_hosts("auto", "0.0.0.0", False, {"SPACE_HOST": "me-walk.hf.space"})
    assert space.takes("https://me-walk.hf.space", "me-walk.hf.space")
    assert space.takes("https://me-walk.hf.space", "10.1.2.3:7860")
    assert not space.takes("https://other.hf.space", "me-walk.hf.space")
    shared = read_hosts("auto", "127.0.0.1", True, {})
    assert shared.takes("https://abc.gradio.live", "abc.gradio.live")
    assert not shared.takes("https://evil.gradio.live", "abc.gradio.live")
    # A proxy that keeps the name of the page to itself.
    assert read_hosts("walk.example", "127.0.0.1", False, {}).takes("https://walk.example", "127.0.0.1:7860")
    assert not Hosts().takes("https://walk.example", "127.0.0.1:7860")


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


def heard(client, head: str, body: bytes = b"") -> bytes:
    """What the server answers to a request of which not everything is sent: it answers, and ends the connection."""
    address = client.base_url
    with socket.create_connection((address.host, address.port), timeout=10) as line:
        line.sendall(
            f"POST {JOIN} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{head}\r\n\r\n".encode()
        )
        line.sendall(body)
        return b"".join(iter(lambda: line.recv(4096), b""))


def test_a_body_over_the_limit_is_refused_before_it_is_read(client):
    told = heard(client, f"Content-Length: {MOST_BYTES + 1}")
    assert told.startswith(b"HTTP/1.1 413")
    assert b"The request has more than 2,000,000 bytes, the limit." in told
    piece = b"%x\r\n%s\r\n" % (MOST_BYTES + 1, b" " * (MOST_BYTES + 1))
    assert heard(client, "Transfer-Encoding: chunked", piece).startswith(b"HTTP/1.1 413")
    for path in (LOOK, JOIN, "/gradio_api/cancel", "/gradio_api/call/tokenize"):
        assert client.post(path, content=b" " * (MOST_BYTES + 1), headers=JSON).status_code == 413
    # What just fits is read: it is refused for what it says.
    assert client.post(JOIN, content=b" " * MOST_BYTES, headers=JSON).status_code == 400


def test_who_leaves_while_sending_costs_nothing(client, capfd):
    address = client.base_url
    line = socket.create_connection((address.host, address.port))
    head = f"POST {JOIN} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9"
    line.sendall(f"{head}\r\n\r\n12".encode())
    line.close()
    time.sleep(0.3)
    assert look(client).status_code == 200
    assert capfd.readouterr().err == ""


CUT = '{"data": "{\\"na'
DEEP = b'{"data":' + b"[" * 100_000
LONG = b'{"data":' + b"9" * 5_000 + b"}"


@pytest.mark.parametrize(
    ("path", "content", "told"),
    [
        (LOOK, CUT, "The request is not JSON (Unterminated string"),
        (LOOK, DEEP, "The request is nested too deep; 32 levels are the limit."),
        (LOOK, LONG, "The request holds a number of too many digits; the largest is 9,007,199,254,740,991."),
        (LOOK, b"\xff", "The request is not JSON ('utf-8' codec can't decode"),
        (LOOK, "5", "The request is 5; it must be an object."),
        (
            LOOK,
            '{"data":"","component_id":[],"fn_name":"look","session_hash":"s"}',
            "component_id is []; it must be a whole",
        ),
        (
            LOOK,
            '{"data":"","component_id":99,"fn_name":"look","session_hash":"s"}',
            "component_id is 99; this page's is",
        ),
        (LOOK, '{"data":"","component_id":1,"fn_name":"postprocess","session_hash":"s"}', "fn_name is 'postprocess'"),
        (LOOK, '{"data":{},"component_id":1,"fn_name":"look","session_hash":"s"}', "data is {}; it must be text."),
        (
            LOOK,
            '{"data":"","component_id":1,"fn_name":"look","session_hash":{}}',
            "session_hash is {}; it must be text",
        ),
        (JOIN, '{"data":[],"session_hash":"s"}', "The request has no 'fn_index'."),
        (JOIN, '{"data":[],"session_hash":"s","fn_index":99}', "fn_index is 99; this page has functions 0 to 4."),
        (JOIN, '{"data":[],"session_hash":"s","fn_index":1}', "data has 0 values; this call takes 2."),
        (JOIN, '{"data":[NaN],"session_hash":"s","fn_index":1}', "The request holds the number nan; numbers must be"),
        ("/gradio_api/call/tokenize", '{"data":[]}', "data has 0 values; this call takes 2."),
        ("/gradio_api/cancel", '{"session_hash":[]}', "session_hash is []; it must be text"),
    ],
)
def test_a_request_that_is_none_of_this_page_is_refused_in_words_and_logs_nothing(client, capfd, path, content, told):
    answer = client.post(path, content=content, headers=JSON)
    assert answer.status_code == 400
    assert told in words(answer)
    assert "Traceback" not in "".join(capfd.readouterr())


def test_gradios_own_client_in_another_process_needs_no_origin(client):
    theirs = Client(str(client.base_url), verbose=False)
    names = theirs.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(names) == {"/tokenize", "/next_token", "/generate", "/attention"}
    with pytest.raises(AppError, match="The model is not ready"):
        theirs.predict("Hello", False, api_name="/tokenize")
    event = client.post("/gradio_api/call/tokenize", json={"data": ["Hello", False]}).json()["event_id"]
    assert "The model is not ready" in client.get(f"/gradio_api/call/tokenize/{event}").text
