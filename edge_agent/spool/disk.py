"""The only place of the spool that writes: what is durable when, and nothing else."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path


def is_full(error: OSError) -> bool:
    """True for a full disk or an exhausted quota."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


class Disk:
    """The machine's own disk. Every method raises `OSError` as the system gives it."""

    def create(self, path: Path) -> int:
        """A new file to append to; its name is durable only after `sync_folder`."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)

    def append(self, descriptor: int, blob: bytes) -> None:
        """Write all of `blob`; on an error the file may hold a part of it."""
        view = memoryview(blob)
        while view:
            view = view[os.write(descriptor, view) :]

    def cut(self, file: int | Path, size: int) -> None:
        """Drop everything behind `size` bytes."""
        os.truncate(file, size)

    def sync(self, descriptor: int) -> None:
        """Return when the file's bytes are on the disk; after an error they may be anywhere."""
        os.fdatasync(descriptor)

    def settle(self, path: Path) -> None:
        """Sync a file that another boot left behind."""
        descriptor = os.open(path, os.O_WRONLY)
        try:
            self.sync(descriptor)
        finally:
            os.close(descriptor)

    def sync_folder(self, folder: Path) -> None:
        """Return when the names in `folder` are on the disk."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self, descriptor: int) -> None:
        """Give the file back."""
        os.close(descriptor)

    def read(self, path: Path) -> bytes:
        """All bytes of a file."""
        return path.read_bytes()

    def move(self, path: Path, target: Path) -> None:
        """Rename within the spool; the file's time becomes the time of the move."""
        path.replace(target)
        os.utime(target)

    def remove(self, path: Path) -> None:
        """Delete a file; one that is gone already is fine."""
        path.unlink(missing_ok=True)

    def save(self, path: Path, blob: bytes) -> None:
        """Write a small file whole or not at all; durability is not needed."""
        fresh = path.with_name(path.name + ".tmp")
        try:
            fresh.write_bytes(blob)
            fresh.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise

    def reserve(self, path: Path, size: int) -> None:
        """Keep `size` bytes of the disk for later."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        finally:
            os.close(descriptor)
