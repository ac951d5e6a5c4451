"""Reads landed objects back from a folder or an object-store URL."""

from __future__ import annotations

import importlib
from pathlib import Path, PurePosixPath

from contracts.errors import CloudError


class LandingReader:
    """Objects below `url` (a folder, `s3://…`, `gs://…`) by the key that the ledger holds."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def read(self, key: str) -> bytes:
        """The object's bytes; `CloudError` if it is not there or the store does not answer."""
        if ".." in PurePosixPath(key).parts or key.startswith("/"):
            raise CloudError(f"landing object {key}: the key leaves the landing folder")
        try:
            return self._read(key)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise CloudError(f"landing object {key} cannot be read: {reason}") from None

    def _read(self, key: str) -> bytes:
        if "://" not in self._url:
            return (Path(self._url) / key).read_bytes()
        fs = importlib.import_module("pyarrow.fs")  # slow, and not needed for a folder
        store, root = fs.FileSystem.from_uri(self._url)
        with store.open_input_stream(f"{root}/{key}") as stream:
            return bytes(stream.read())
