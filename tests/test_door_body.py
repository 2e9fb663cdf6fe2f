"""What the door reads of a request's body, and what it says of one that is none of this page: over raw HTTP."""

import socket
import time

import pytest

from tests.doors import JOIN, JSON, LOOK, look, served, words
from viz.door.body import MOST_BYTES

# It starts a server and asks it over HTTP.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client():
    with served() as (_, client):
        yield client


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
