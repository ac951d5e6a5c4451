"""The kernel's word on whom we are connected to."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from edge_agent.ingest.peers import tcp_peers


@pytest.mark.parametrize(("family", "host"), [("v4", "127.0.0.3"), ("v6", "::1")])
def test_the_other_end_is_found_and_gone_after_closing(family: str, host: str) -> None:
    kind = socket.AF_INET if family == "v4" else socket.AF_INET6
    try:
        server = socket.create_server((host, 0), family=kind)
    except OSError:
        pytest.skip(f"{host} is not to be had here")
    with server, socket.create_connection(server.getsockname()[:2]):
        assert ipaddress.ip_address(host) in tcp_peers()
    assert ipaddress.ip_address(host) not in tcp_peers()
