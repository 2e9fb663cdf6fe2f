"""Under which names a page is served, and from which pages requests are taken."""

import socket

import pytest

import app
from model.request.errors import UserError
from viz.door.hosts import Hosts, read_hosts

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
