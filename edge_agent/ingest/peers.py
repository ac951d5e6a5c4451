"""To whom this process is connected, as the kernel says (Linux, /proc)."""

from __future__ import annotations

import ipaddress
import re
import sys
from pathlib import Path

from edge_agent.ingest.camera_url import Address

_TABLES = ("/proc/self/net/tcp", "/proc/self/net/tcp6")
_ESTABLISHED = "01"


def tcp_peers() -> set[Address]:
    """Addresses at the other end of this process's TCP connections."""
    mine = _socket_inodes()
    found: set[Address] = set()
    for table in _TABLES:
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue  # no IPv6 on this machine
        for line in lines:
            fields = line.split()
            if fields[3] == _ESTABLISHED and fields[9] in mine:
                found.add(_address(fields[2].partition(":")[0]))
    return found


def _socket_inodes() -> set[str]:
    inodes = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", str(entry.readlink()))
        except OSError:
            continue  # closed meanwhile
        if found:
            inodes.add(found[1])
    return inodes


def _address(text: str) -> Address:
    """The kernel prints 32-bit words in the machine's own byte order."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    packed = b"".join(word.to_bytes(4, sys.byteorder) for word in words)
    address = ipaddress.ip_address(packed)
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
