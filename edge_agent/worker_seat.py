"""One place of the process table and the worker that sits in it: started, watched, replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Literal

import msgspec

from edge_agent.clock import Clock
from edge_agent.log import Logger
from edge_agent.messages import Heartbeat
from edge_agent.processes import Process
from edge_agent.worker import STARTING
from edge_agent.worker_main import EXIT_REFUSED, WorkerSeed

SeatState = Literal["waiting", "starting", "running", "stopping", "finished", "stopped"]
START_ALLOWANCE_S = 60.0  # imports, loading a model, opening a spool of some size
FIRST_BACKOFF_S = 0.2
LAST_BACKOFF_S = 10.0
STEADY_S = 30.0


class SeatStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A seat as /health shows it; `beat_state` is the worker's own word."""

    name: str
    camera: str | None
    pid: int | None
    state: SeatState
    beat_state: str
    alive: bool
    restarts: int
    last_beat_age_s: float | None


class Seat:
    """Lifecycle: waiting → starting → running → (dead or hung) waiting …; finished; stopped.

    `finishes` says that the worker may end by itself (a file was read to its end); any other
    end is followed by a restart, later each time (0.2 s doubling to 10 s), at once again after
    30 steady seconds.
    """

    def __init__(
        self, row: Process, seed: WorkerSeed, *, finishes: bool, clock: Clock, log: Logger
    ) -> None:
        self.row = row
        self.name = seed.name
        self.state: SeatState = "waiting"
        self.restarts = -1
        self.refused = False
        self._seed = seed
        self._finishes = finishes
        self._clock = clock
        self._log = log
        self._child: subprocess.Popen[bytes] | None = None
        self._backoff_s = FIRST_BACKOFF_S
        self._due_at = clock.monotonic()
        self._started_at = self._due_at
        self._sign_at = self._due_at
        self._beat_at: float | None = None
        self._beat_state = ""
        self._was_ready = False
        self._restart_by: float | None = None

    @property
    def camera(self) -> str | None:
        """The camera of a row that has one worker for each."""
        return self._seed.camera

    @property
    def pid(self) -> int | None:
        """Process id of the worker that sits here now."""
        return self._child.pid if self._child else None

    @property
    def over(self) -> bool:
        """True if no worker sits here and none will."""
        return self.state in ("finished", "stopped")

    def take_beat(self, beat: Heartbeat) -> bool:
        """Note a sign of life; False if it is from a worker that no longer sits here."""
        if self._child is None or beat.pid != self._child.pid:
            return False
        self._sign_at = self._beat_at = self._clock.monotonic()
        self._beat_state = beat.state
        if self.state == "starting" and beat.state != STARTING:
            self.state, self._was_ready = "running", True
        return True

    def renew(self, seed: WorkerSeed, *, finishes: bool, restart: bool) -> None:
        """Who sits here next gets this seed; with `restart` that is as soon as this one has ended.

        A worker that was asked and does not end in its row's `drain_s` is killed.
        """
        self._seed, self._finishes = seed, finishes
        if not restart or self.state == "stopped":
            return
        self._due_at, self._backoff_s = self._clock.monotonic(), FIRST_BACKOFF_S
        if self._child is None or self._child.poll() is not None:
            self._child, self.state = None, "waiting"
            return
        self._restart_by = self._due_at + self.row.drain_s
        self.state = "stopping"
        self._signal(signal.SIGTERM)

    def forgive(self) -> None:
        """Nobody could listen for a while: count silence from now on."""
        self._sign_at = self._clock.monotonic()

    def tend(self) -> None:
        """Do what is due: start, notice an end, kill a hung worker."""
        now = self._clock.monotonic()
        if self.state == "waiting" and now >= self._due_at:
            self._start(now)
        elif self._child is not None:
            code = self._child.poll()
            if code is not None:
                self._take_end(code, now)
            elif self._restart_by is not None and now > self._restart_by:
                self.kill()
            elif self.state in ("starting", "running") and self._is_hung(now):
                silent_s = round(now - self._sign_at, 1)
                self._log.warning("worker hung", name=self.name, pid=self.pid, silent_s=silent_s)
                self.kill()
                self._sign_at = now  # the kernel may take a moment: told once, not at each turn

    def ask_to_stop(self) -> None:
        """SIGTERM: finish what is there and end; nobody will be seated again."""
        self._restart_by = None
        if self._child is None or self._child.poll() is not None:
            self._child, self.state = None, "finished" if self.state == "finished" else "stopped"
            return
        self.state = "stopping"
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, which a stopped or hung worker obeys too."""
        self._signal(signal.SIGKILL)

    def end(self) -> None:
        """Kill what sits here and wait until it is gone."""
        self.kill()
        if self._child is not None:
            self._child.wait()
            self._child, self.state = None, "stopped"

    def status(self) -> SeatStatus:
        """How it is now."""
        alive = self._child is not None and self._child.poll() is None
        age_s = None if self._beat_at is None else self._clock.monotonic() - self._beat_at
        return SeatStatus(
            name=self.name,
            camera=self._seed.camera,
            pid=self.pid if alive else None,
            state=self.state,
            beat_state=self._beat_state,
            alive=alive,
            restarts=max(self.restarts, 0),
            last_beat_age_s=None if age_s is None else round(age_s, 3),
        )

    def _start(self, now: float) -> None:
        self._child = _spawn(self._seed)
        self.state = "starting"
        self.restarts += 1
        self._started_at = self._sign_at = now
        self._log.info("worker started", name=self.name, pid=self.pid, restarts=self.restarts)

    def _is_hung(self, now: float) -> bool:
        allowed_s = self.row.silent_after_s if self.state == "running" else START_ALLOWANCE_S
        return now - self._sign_at > allowed_s

    def _take_end(self, code: int, now: float) -> None:
        self._child = None
        if self.state == "stopping":
            self.state = "stopped" if self._restart_by is None else "waiting"
            self.restarts -= self._restart_by is not None  # that one was asked for
            self._restart_by = None
            return
        if code == 0 and self._finishes:
            self.state = "finished"
            self._log.info("worker finished", name=self.name)
            return
        self.refused = code == EXIT_REFUSED and not self._was_ready
        if now - self._started_at >= STEADY_S:
            self._backoff_s = FIRST_BACKOFF_S
        self._due_at = now + self._backoff_s
        self.state = "waiting"
        self._log.warning(
            "worker ended", name=self.name, exit_code=code, restart_in_s=self._backoff_s
        )
        self._backoff_s = min(self._backoff_s * 2, LAST_BACKOFF_S)

    def _signal(self, number: signal.Signals) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)


def _spawn(seed: WorkerSeed) -> subprocess.Popen[bytes]:
    """A fresh interpreter in a process group of its own; the seed is its stdin.

    The seed may hold a token, so it goes through memory: neither argument, file nor pipe.
    """
    paper = os.memfd_create("trinetra-seed")
    try:
        os.write(paper, msgspec.json.encode(seed))
        os.lseek(paper, 0, os.SEEK_SET)
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "edge_agent.worker_main", seed.name, str(os.getpid())],
            stdin=paper,
            stdout=2,  # a stray print must not end in somebody's --json
            process_group=0,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    finally:
        os.close(paper)
