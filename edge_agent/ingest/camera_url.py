"""Which camera addresses may be dialled: an allow-list of networks, checked on the literal.

A URL is parsed, its name resolved once, IPv4 in IPv6 unmapped, and the literal address that
was checked is the one that is dialled, so that a second look-up cannot lead elsewhere.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from contracts.errors import SourceError
from edge_agent.credentials import Login

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[[str, int], list[str]]
_PORTS = {"rtsp": 554, "rtsps": 322}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class CameraUrl(NamedTuple):
    """A checked rtsp or rtsps URL without login; `rest` is path and query."""

    scheme: str
    host: str
    port: int
    rest: str

    def dialled(self, address: Address, login: Login | None) -> str:
        """The URL to open: `address` instead of the name, with the login if there is one."""
        host = f"[{address}]" if address.version == 6 else str(address)
        userinfo = f"{login.userinfo()}@" if login else ""
        return f"{self.scheme}://{userinfo}{host}:{self.port}{self.rest}"


def parse_camera_url(url: str) -> CameraUrl:
    """Take a camera's URL apart; `SourceError` (without the URL) if it is not acceptable."""
    if re.search(r"[\s\x00-\x1f\x7f\\]", url) or len(url) > 2000:
        raise SourceError("camera URL holds characters that are not allowed")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SourceError("camera URL cannot be read") from None
    if parts.scheme not in _PORTS:
        raise SourceError("camera URL must begin with rtsp:// or rtsps://")
    if "@" in parts.netloc:
        raise SourceError('no password in a camera URL: use credentials = "env:NAME"')
    if not parts.hostname or port == 0:
        raise SourceError("camera URL has no host or a bad port")
    rest = parts.path or "/"
    return CameraUrl(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        rest=f"{rest}?{parts.query}" if parts.query else rest,
    )


def literal_of(host: str) -> Address | None:
    """`host` as an address, None if it is a name."""
    try:
        return _unmapped(ipaddress.ip_address(host))
    except ValueError:
        return None


def allowed_address(
    camera: CameraUrl, networks: Sequence[str], lookup: Lookup | None = None
) -> Address:
    """First address of the camera's host, if it lies in one of `networks`, else `SourceError`."""
    address = literal_of(camera.host)
    if address is None:
        try:
            found = (lookup or _looked_up)(camera.host, camera.port)
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise SourceError("camera name cannot be resolved")
        address = _unmapped(ipaddress.ip_address(found[0]))
    if not any(address in ipaddress.ip_network(text, strict=False) for text in networks):
        raise SourceError("camera address is not in agent.camera_networks")
    return address


def _looked_up(host: str, port: int) -> list[str]:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]).partition("%")[0] for info in infos]


def _unmapped(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address.sixtofour:
            return address.sixtofour
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
