"""What survives a killed rules worker: a checkpoint, and a journal of what was heard since.

The worker writes down each message before it acts on it. The engine has no clock of its own, so
a replay of the journal on top of the checkpoint ends in the very state that was lost, and tells
the same events under the same ids. Neither file is synced: they outlive the process, and a power
cut leaves an older state or none.
"""

from __future__ import annotations

import os
import secrets
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from contracts.errors import AgentError
from contracts.store import StoreConfig
from edge_agent.messages import CameraReport, IdentityAssigned, TracksJoined, TracksUpdated
from edge_agent.rules.engine import EngineState, RuleEngine
from edge_agent.rules.facts import Fact

VERSION = 1
MOST_TRIES = 3
_HEAD = struct.Struct("<II")  # length and CRC-32 of what follows
_BOOT = Path("/proc/sys/kernel/random/boot_id")

News = TracksUpdated | CameraReport | IdentityAssigned | TracksJoined


class Heard(msgspec.Struct, frozen=True, array_like=True):
    """A message, or None for a look at the clocks; wall clock and monotonic seconds."""

    now_s: float
    steady_s: float
    news: News | None


class Checkpoint(msgspec.Struct, frozen=True):
    """The engine at one moment; `unkept` are events (JSON) that the spool may not have.

    `number` ties the journal to it, `config` and `boot` say where it may be used.
    """

    run_id: str
    source: str
    sequence: int
    heard: Heard
    state: EngineState
    unkept: list[bytes]
    config: int = 0
    number: int = 0
    closed: bool = False
    boot: str = ""
    version: int = VERSION


class Recalled(NamedTuple):
    """A checkpoint and everything that was heard after it, oldest first."""

    checkpoint: Checkpoint
    heard: list[Heard]
    same_boot: bool


def apply(engine: RuleEngine, heard: Heard) -> list[Fact]:
    """Let the engine have one message; the only way in, now and in a replay."""
    news = heard.news
    if news is None:
        return engine.tick(heard.now_s, heard.steady_s)
    if isinstance(news, TracksUpdated):
        return engine.tracks(news)
    if isinstance(news, CameraReport):
        return engine.camera(news, heard.now_s, heard.steady_s)
    return engine.identity(news)


def fingerprint(config: StoreConfig) -> int:
    """Changes with everything that the rules' state depends on."""
    parts = (config.store, config.cameras, config.floor_plan, config.doors, config.zones)
    return zlib.crc32(msgspec.msgpack.encode(parts))


class Memory:
    """The two files in `folder`; errors of the disk are the caller's to report, never fatal."""

    def __init__(self, folder: Path, config: StoreConfig) -> None:
        self._state, self._journal = folder / "rules.state", folder / "rules.journal"
        self._tries = folder / "rules.tries"
        self._config = fingerprint(config)
        self._file: int | None = None
        self.written = 0
        """Bytes in the journal."""

    def adopt(self, config: StoreConfig) -> None:
        """Save for another configuration from now on; what lies there is of the old one."""
        self._config = fingerprint(config)

    def recall(self) -> tuple[Recalled | None, str]:
        """(what was known, "") or (None, why not); no reason where nothing was written.

        After a start that failed the last message is left out, as it may be what the engine
        fell over; after three, everything is.
        """
        try:
            body = next(_records(self._state.read_bytes()))
            checkpoint = msgspec.msgpack.decode(body, type=Checkpoint)
        except FileNotFoundError:
            return None, ""
        except (OSError, StopIteration, msgspec.MsgspecError):
            return None, "unreadable or corrupt"
        if checkpoint.version != VERSION or checkpoint.config != self._config:
            return None, "of another version or configuration"
        tries = self._count_try()
        if tries >= MOST_TRIES:
            return None, f"{tries} starts from it failed"
        heard = self._heard_since(checkpoint.number)
        kept = heard[:-1] if tries else heard
        return Recalled(checkpoint, kept, checkpoint.boot == _boot()), ""

    def save(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint in one step and begin the journal anew; `AgentError` if not."""
        number = secrets.randbits(63)
        whole = msgspec.structs.replace(
            checkpoint, number=number, config=self._config, boot=_boot()
        )
        beside = self._state.with_suffix(".new")
        try:
            beside.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(_record(msgspec.msgpack.encode(whole)))
            beside.replace(self._state)
            self._begin_journal(number)
            self._tries.unlink(missing_ok=True)
        except OSError as error:
            self._drop_journal()
            raise AgentError(f"the rules' state cannot be saved: {error.strerror}") from None

    def note(self, heard: Heard) -> None:
        """Write a message down before it is acted on; `AgentError` once when the disk refuses.

        A journal with a gap is worse than none: it ends there, until the next checkpoint.
        """
        if self._file is None:
            return
        record = _record(msgspec.msgpack.encode(heard))
        try:
            if os.write(self._file, record) != len(record):
                raise OSError(0, "short write")
        except OSError as error:
            self._drop_journal()
            raise AgentError(f"the rules' journal cannot be written: {error.strerror}") from None
        self.written += len(record)

    def _count_try(self) -> int:
        """How many starts from this checkpoint did not get to the next one."""
        with suppress(OSError, ValueError):
            tries = int(self._tries.read_text())
            self._tries.write_text(str(tries + 1))
            return tries
        with suppress(OSError):
            self._tries.write_text("1")
        return 0

    def _heard_since(self, number: int) -> list[Heard]:
        found = []
        with suppress(OSError, StopIteration, msgspec.MsgspecError):
            records = _records(self._journal.read_bytes())
            if msgspec.msgpack.decode(next(records), type=int) == number:
                for body in records:
                    found.append(msgspec.msgpack.decode(body, type=Heard))
        return found

    def _begin_journal(self, number: int) -> None:
        if self._file is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._file = os.open(self._journal, flags, 0o600)
        os.ftruncate(self._file, 0)
        self.written = os.write(self._file, _record(msgspec.msgpack.encode(number)))

    def _drop_journal(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        with suppress(OSError):
            self._journal.unlink(missing_ok=True)


def _record(body: bytes) -> bytes:
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


def _records(content: bytes) -> Iterator[bytes]:
    """Whole records from the begin; a torn or altered one ends it."""
    at = 0
    while at + _HEAD.size <= len(content):
        length, crc = _HEAD.unpack_from(content, at)
        body = content[at + _HEAD.size : at + _HEAD.size + length]
        if len(body) != length or zlib.crc32(body) != crc:
            return
        yield body
        at += _HEAD.size + length


def _boot() -> str:
    """The machine's boot; "" where the system does not tell."""
    with suppress(OSError):
        return _BOOT.read_text().strip()
    return ""
