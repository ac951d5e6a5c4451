"""Fetch a file so that the target is either whole and right, or absent."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx

from contracts.errors import ModelError

Progress = Callable[[int, int | None], None]
TIMEOUT_S = 20.0
CHUNK_BYTES = 1 << 16


def download(url: str, target: Path, *, sha256: str, on_progress: Progress | None = None) -> None:
    """Fetch ``url`` into ``target`` by way of a temporary file beside it.

    ``on_progress`` gets bytes so far and bytes in total (``None`` if the server does not say).

    Raises:
        ModelError: the server cannot be reached or refuses, the transfer ends early, or the bytes
            are not those of ``sha256``.  ``target`` is then untouched and nothing is left beside.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=target.parent, prefix=f".{target.name}.", delete=False
        ) as stream:
            part = Path(stream.name)
    except OSError as error:
        raise ModelError(f"cannot write {target.parent}: {error.strerror}") from error
    try:
        found = _fetch(url, part, on_progress)
        if found != sha256:
            raise ModelError(f"{url}: expected sha256 {sha256}, found {found}")
        part.replace(target)
    except httpx.HTTPError as error:
        raise ModelError(f"cannot fetch {url}: {error or type(error).__name__}") from error
    except OSError as error:
        raise ModelError(f"cannot write {target}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _fetch(url: str, part: Path, on_progress: Progress | None) -> str:
    """Write the body of ``url`` to ``part`` and return its SHA-256."""
    digest = hashlib.sha256()
    done = 0
    with (
        httpx.stream("GET", url, timeout=TIMEOUT_S, follow_redirects=True) as response,
        part.open("wb") as stream,
    ):
        response.raise_for_status()
        length = response.headers.get("content-length", "")
        total = int(length) if length.isdigit() else None
        for chunk in response.iter_bytes(CHUNK_BYTES):
            stream.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            if on_progress is not None:
                on_progress(done, total)
    return digest.hexdigest()
