"""The agent's front door: check what was asked for, then run the supervisor until it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import msgspec

from contracts.errors import ConfigError, SourceError
from contracts.store import Agent, Camera, Store, StoreConfig
from edge_agent.config_change import ConfigFile, is_touched
from edge_agent.ingest.camera_url import allowed_address, literal_of, parse_camera_url
from edge_agent.log import Level
from edge_agent.supervisor import Ready, Supervisor

_PROBE_S = 30.0
_SIDE_PX = 640


class SourceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a probe found out about a file; zeros for a network camera."""

    width: int = 0
    height: int = 0
    fps: float = 0.0
    problem: str = ""


def check_source(url: str) -> SourceFacts:
    """Look whether a source can be used; `SourceError` with one clear line if not.

    Files are opened and their first picture decoded (in a process of its own). Of a network
    camera only the URL is checked: it may be off now and come later.
    """
    if "://" in url:
        parse_camera_url(url)
        return SourceFacts()
    if not Path(url).is_file():
        reason = "is a folder" if Path(url).is_dir() else "no such file"
        raise SourceError(f"{url}: {reason}")
    command = [sys.executable, "-P", "-m", "edge_agent.ingest.probe", url]
    path = os.pathsep.join(filter(None, sys.path))
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PROBE_S,
            check=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        facts = msgspec.json.decode(done.stdout, type=SourceFacts)
    except (subprocess.SubprocessError, msgspec.MsgspecError):
        raise SourceError(f"{url}: not a video that can be read") from None
    if facts.problem:
        raise SourceError(f"{url}: {facts.problem}")
    return facts


def config_for_source(
    url: str,
    data_dir: Path | str = "var",
    *,
    credentials: str = "",
    fps: float = 10.0,
    model: str = "",
    port: int = 0,
    size: tuple[int, int] | None = None,
) -> StoreConfig:
    """Configuration of `trinetra run --source`: one camera, no doors, zones or plan.

    The analysis size keeps the file's proportions at 640 pixels of width; `SourceError` if the
    source cannot be used.
    """
    facts = check_source(url)
    if size is None:
        size = _fitted(facts.width, facts.height)
    source = url if "://" in url else str(Path(url).resolve())
    return StoreConfig(
        store=Store(id="source", name="One source", time_zone="UTC"),
        cameras=(Camera(id="camera", url=source, credentials=credentials, fps=fps, size=size),),
        agent=Agent(data_dir=str(Path(data_dir).resolve()), port=port, model=model),
    )


def run_agent(
    config: StoreConfig,
    *,
    ready: Ready | None = None,
    log_level: Level = "info",
    supervisor: Callable[..., Supervisor] = Supervisor,
    file: ConfigFile | None = None,
) -> int:
    """Run the agent in the foreground until SIGTERM, SIGINT or the end of all files; 0.

    `ready` gets `{"port", "pid", "run_id", "run_dir"}` when the workers are started. Raises
    `SourceError` or `ConfigError` before anything is started, `AgentError` for a port in use
    or a second agent, and a worker's own error if it cannot start at all. Call it from the
    main thread to have signals answered; a second SIGINT kills instead of draining, SIGHUP reads
    the configuration `file` again and takes it over, or refuses it as a whole.
    """
    for camera in config.cameras:
        _check_camera(camera, config.agent.camera_networks)
    reread = None if file is None else lambda running: _reread(file, running)
    agent = supervisor(config, log_level=log_level, reread=reread)
    with _answering_signals(agent):
        return agent.run(ready)


def _check_camera(camera: Camera, networks: tuple[str, ...]) -> None:
    """Refuse what can never work; a camera that is merely off is no reason."""
    try:
        check_source(camera.url)
        if "://" in camera.url:
            url = parse_camera_url(camera.url)
            if literal_of(url.host) is not None:
                allowed_address(url, networks)
    except SourceError as error:
        raise SourceError(f"camera {camera.id}: {error}") from None
    except ValueError:
        raise ConfigError("agent.camera_networks: expected networks like 10.0.0.0/8") from None


def _reread(file: ConfigFile, running: StoreConfig) -> StoreConfig:
    """The configuration in `file`, checked as at a start; only what is new is looked at."""
    config = file.read(running)
    known = {(camera.url, camera.id) for camera in running.cameras}
    for index, camera in enumerate(config.cameras):
        if (camera.url, camera.id) in known:
            continue
        try:
            _check_camera(camera, config.agent.camera_networks)
        except (SourceError, ConfigError) as error:
            raise file.refusal(str(error), f"cameras[{index}].url") from None
    if is_touched(
        ("agent.model", "agent.model_mirror", "agent.runtime", "agent.precision"), running, config
    ):
        problem = _model_problem(config.agent)
        if problem:
            raise file.refusal(problem, "agent.model")
    return config


def _model_problem(agent: Agent) -> str:
    """Why the detector cannot be loaded, found out in a process of its own; "" if it can."""
    command = [sys.executable, "-P", "-m", "edge_agent.tracking.probe"]
    path = os.pathsep.join(filter(None, sys.path))
    try:
        done = subprocess.run(
            command,
            input=msgspec.json.encode(agent),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=2 * _PROBE_S,
            check=True,
            env={**os.environ, "PYTHONPATH": path},
        )
    except subprocess.SubprocessError:
        return "the detector cannot be loaded"
    return done.stdout.decode().strip()


def _fitted(width: int, height: int) -> tuple[int, int]:
    """Analysis size: 640 wide, same proportions, even sides."""
    if not (width and height):
        return (_SIDE_PX, _SIDE_PX * 9 // 16)
    return (_SIDE_PX, min(max(round(_SIDE_PX * height / width / 2) * 2, 64), 4096))


@contextmanager
def _answering_signals(agent: Supervisor) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupts = 0

    def answer(number: int, _: FrameType | None) -> None:
        nonlocal interrupts
        interrupts += number == signal.SIGINT
        agent.stop(hurry=interrupts > 1)

    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, answer) for number in numbers}
    before[signal.SIGHUP] = signal.signal(signal.SIGHUP, lambda *_: agent.reload())
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
