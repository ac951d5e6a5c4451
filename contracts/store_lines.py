"""Where in a `store.toml` a mistake is: messages that name file, line and key."""

from __future__ import annotations

import re


def toml_message(name: str, error: str) -> str:
    """`Expected '=' (at line 3, column 7)` → `store.toml:3: Expected '=' (column 7)`."""
    found = re.search(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", error)
    if not found:
        return f"{name}: {error}"
    line = f":{found[2]}" if found[2] else ": end of file"
    return f"{name}{line}: {found[1]}"


def located(name: str, text: str, error: str) -> str:
    """Turn msgspec's `… - at `$.cameras[1].fps`` into `store.toml:14: cameras[1].fps: …`."""
    message, _, where = error.partition(" - at `$")
    key = where.rstrip("`").lstrip(".")
    unknown = re.search(r"unknown field `(\w+)`", message)
    full = ".".join(part for part in (key, unknown[1] if unknown else "") if part)
    line = _line_of(text, full)
    at = f"{name}:{line}" if line else name
    return f"{at}: {full}: {message}" if full else f"{at}: {message}"


def _line_of(text: str, key: str) -> int | None:
    """Line of `table[n].key`, or of its table's header where the key itself is absent."""
    parts = re.findall(r"([^.\[\]]+)(?:\[(\d+)\])?", key)
    if not parts:
        return None
    table, index = parts[0][0], int(parts[0][1] or 0)
    leaf = parts[1][0] if len(parts) > 1 else ""
    header = re.compile(rf"^\s*\[\[?\s*{re.escape(table)}\s*\]\]?")
    headers = [n for n, line in enumerate(text.splitlines(), 1) if header.match(line)]
    if len(headers) <= index:
        return None
    for number, line in enumerate(text.splitlines()[headers[index] :], headers[index] + 1):
        if line.lstrip().startswith("["):
            break
        if leaf and re.match(rf"\s*\"?{re.escape(leaf)}\"?\s*=", line):
            return number
    return headers[index]
