"""Under which names the page is served, and from which pages requests are taken.

A browser sends the name that it was given as `Host`. A foreign name there is another site's own name that was made to
lead here (DNS rebinding); an address of numbers cannot be made to lead anywhere else. `Origin` is the page that asks.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from model.request.errors import UserError
from model.request.validate import shorten

LOCAL = "localhost"
SPACES, SHARED = ".hf.space", ".gradio.live"
LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
NAME = re.compile(rf"{LABEL}(\.{LABEL})*")
LONGEST = 253
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Hosts:
    """`names` are served, and requests from their pages are taken; so are all names that end in one of `below`.

    `is_public`: served to other machines, by any address; otherwise by those of this machine's loopback alone.
    `is_space`: in the frame of Hugging Face Spaces. `is_shared`: by a link of Gradio's relay.
    """

    names: frozenset[str] = frozenset()
    below: tuple[str, ...] = ()
    is_public: bool = False
    is_space: bool = False
    is_shared: bool = False

    def serves(self, host: str | None) -> bool:
        """Whether a request with this `Host` is answered."""
        name, _ = _parts(f"//{host or ''}")
        if name is None:
            return False
        if name == LOCAL or name in self.names or name.endswith(self.below):
            return True
        address = _address(name)
        return address is not None and (self.is_public or address.is_loopback)

    def takes(self, origin: str | None, host: str | None) -> bool:
        """Whether a request of a page from `origin` is answered: this page, or one of a name that was allowed.

        None is no page: another program, or a link that was followed.
        """
        if origin is None:
            return True
        scheme = origin.partition("://")[0]
        name, port = _parts(origin)
        if scheme not in PORTS or name is None:
            return False
        # Behind a proxy the page may be https, and this server http: without a port the names decide.
        here, here_port = _parts(f"//{host or ''}")
        same_port = (port or PORTS[scheme]) == (here_port or PORTS[scheme])
        return (name == here and same_port) or name in self.names


def read_hosts(allowed: str, host: str, share: bool, environment: Mapping[str, str]) -> Hosts:
    """Parses `--allow-host`: 'auto', or names with commas between that are served as well, for a page served at `host`.

    Raises UserError for what is no host name.
    """
    given = [] if allowed == "auto" else [name.strip().lower() for name in allowed.split(",")]
    for name in given:
        if (
            len(name) > LONGEST
            or not NAME.fullmatch(name.removeprefix("*."))
            or (name[0] == "*" and name.count(".") < 2)
        ):
            raise UserError(
                f"--allow-host has {shorten(name)}, which is no host name. Give names such as walk.example.org, or "
                "*.example.org for all below it, without scheme or port and with commas between; auto for none."
            )
    own, is_public = _own_names(host)
    space = _listed(environment.get("SPACE_HOST", ""))
    is_space = bool(space or environment.get("SPACE_ID"))
    below = [name.removeprefix("*") for name in given if name.startswith("*.")]
    below += [SPACES] * is_space + [SHARED] * share
    names = frozenset([*own, *space, *(name for name in given if not name.startswith("*."))])
    return Hosts(names, tuple(below), is_public or is_space or share, is_space, share)


def _own_names(host: str) -> tuple[Iterable[str], bool]:
    """The names by which the local network knows the machine, if it serves to that, and whether it does."""
    name = host.strip("[]").lower()
    address = _address(name)
    if name == LOCAL or (address is not None and address.is_loopback):
        return (), False
    machine = socket.gethostname().lower()
    known = {machine, f"{machine.partition('.')[0]}.local", *([] if address else [name])}
    return {one for one in known if NAME.fullmatch(one)}, True


def _listed(text: str) -> list[str]:
    return [name.strip().lower() for name in text.split(",") if name.strip()]


def _parts(address: str) -> tuple[str | None, int | None]:
    """The name in lower case, and the port. No name where there is none, or more than that."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None, None
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc or not parts.hostname:
        return None, None
    return parts.hostname.rstrip("."), port


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
