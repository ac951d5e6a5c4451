"""The landing folder, writing side: batches as received, one immutable object each."""

from __future__ import annotations

import errno
import os
from pathlib import Path, PurePosixPath

from contracts.errors import CloudError


class LandingFullError(CloudError):
    """The landing disk has no room; the edge keeps its batch and tries again."""


class Landing:
    """Objects below a folder, by keys such as `store/boot/000000000000.ndjson.zst`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, key: str, body: bytes) -> None:
        """Put an object there, whole and durable, or not at all.

        The caller holds the batch's lock and has seen no ledger row, so an object of that name
        is the rest of a crash and is replaced.
        """
        path = self._path(key)
        fresh = path.with_name(f".{path.name}.tmp")
        try:
            self._make_folders(path.parent)
            try:
                _write_durably(fresh, body)
                fresh.replace(path)
                _sync_folder(path.parent)
            except OSError:
                fresh.unlink(missing_ok=True)
                raise
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise LandingFullError("landing is full") from None
            raise CloudError(f"landing cannot be written: {error.strerror}") from None

    def _path(self, key: str) -> Path:
        if ".." in PurePosixPath(key).parts or key.startswith("/"):
            raise CloudError(f"landing object {key}: the key leaves the landing folder")
        return self._root / key

    def _make_folders(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folders(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _write_durably(path: Path, body: bytes) -> None:
    with path.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
