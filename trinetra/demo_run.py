"""The demo, stage by stage: store, cameras, agent, gateway, Dagster, and what came out."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from contracts.errors import AgentError, CloudError, ConfigError
from contracts.store import Agent, StoreConfig, Upload, load_store
from edge_agent.spool.audit import spooled_ids
from orchestration.storage.lake import Lake
from orchestration.storage.postgres import migrate, postgres
from trinetra.children import Child
from trinetra.demo_score import Score, read_gold, score
from trinetra.demo_store import STORE_ID, DemoStore
from trinetra.status import read_health

LOGIN = "TRINETRA_DEMO_LOGIN"
TOKEN = "TRINETRA_DEMO_TOKEN"  # noqa: S105 - the name of a variable
MARK = ".trinetra-demo"
START_S = 60.0
DRAIN_S = 40.0
MATERIALIZE_S = 120.0
SETTLE_S = 1.5
"""After the last frame: what is on its way through network, ring and bus."""


class Options(msgspec.Struct, frozen=True):
    """What a demo is asked to do; `model` "" is the bundled detector."""

    folder: Path
    seconds: int = 60
    seed: int = 7
    model: str = ""
    mirror: str = ""
    rtsp: bool = True


class DemoResult(msgspec.Struct, frozen=True):
    """What `trinetra demo --json` prints."""

    store: str
    seconds: int
    cameras: int
    source: str
    detector: str
    truth: dict[str, Any]
    measured: dict[str, Any]
    errors: dict[str, float | None]
    events: dict[str, int]
    agent: dict[str, float]
    timings: dict[str, float]


class Places:
    """Folders of one demo; everything that it writes is below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.agent, self.cloud = root / "agent", root / "cloud"
        self.films, self.logs = root / "films", root / "logs"
        for folder in (self.agent, self.cloud, self.films, self.logs):
            folder.mkdir()


class Stages:
    """Names the stage that runs, for people, and keeps how long each took."""

    def __init__(self, begin: Callable[[str], None], move: Callable[[float], None]) -> None:
        self.timings: dict[str, float] = {}
        self.move = move
        self._begin = begin

    @contextlib.contextmanager
    def stage(self, name: str, text: str) -> Iterator[None]:
        """Run one stage; its seconds go to `timings[name_s]`."""
        self._begin(text)
        began = time.monotonic()
        yield
        self.timings[f"{name}_s"] = round(time.monotonic() - began, 2)


@contextlib.contextmanager
def whole_way(
    options: Options, stages: Stages, during: Callable[[Path], None] | None = None
) -> Iterator[tuple[DemoResult, str]]:
    """Run a demo; yields its result and the warehouse's URL while the warehouse is up.

    `during` is called with the agent's data folder as soon as people walk (tests kill there).
    """
    began = time.monotonic()
    places = Places(fresh(options.folder))
    shop = DemoStore(options.seed, options.seconds, places.films, rtsp=options.rtsp)
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(1))
        warehouse = pool.submit(_warehouse, stack, places)
        with stages.stage("render", "Rendering the store as its cameras see it"):
            shop.render(stages.move)
        with stages.stage("start", "Starting gateway, Dagster, cameras and agent"):
            url = warehouse.result()
            dagster = _dagster(places, url, stack)
            gateway = _gateway(places, url, stack)
            stack.enter_context(shop.serving(LOGIN))
            config, agent = _agent(options, places, shop, gateway, stack)
            _until_live(places.agent, agent)
        with stages.stage("watch", f"Watching {len(config.cameras)} cameras ({shop.source})"):
            shop.go()
            if during is not None:
                during(places.agent)
            shop.play(stages.move)
            time.sleep(SETTLE_S)
            facts = _facts(places.agent)
        with stages.stage("drain", "Stopping the agent: open visits close, batches go out"):
            agent.wait(DRAIN_S)
            detector = _detector(places.logs / "agent.log")
        with stages.stage("materialize", "Dagster: landing to bronze, silver, gold"):
            dagster.line(START_S)  # ready: imported and connected
            dagster.tell("go")
            summary = dagster.line(MATERIALIZE_S)
            if summary.get("failed"):
                raise CloudError(f"not materialized: {summary['failed']}")
        found = _compare(places, shop, config, url)
        stages.timings["total_s"] = round(time.monotonic() - began, 2)
        yield (
            DemoResult(
                store=config.store.id,
                seconds=options.seconds,
                cameras=len(config.cameras),
                source=shop.source,
                detector=detector,
                truth=found.truth,
                measured=found.measured,
                errors=found.errors,
                events=_events(places),
                agent=facts,
                timings=stages.timings,
            ),
            url,
        )


def fresh(folder: Path) -> Path:
    """An empty folder for this demo; only what an earlier demo wrote is removed."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise ConfigError(f"{folder} is not empty and no earlier demo: choose another --dir")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    return folder.resolve()


def _warehouse(stack: contextlib.ExitStack, places: Places) -> str:
    url = stack.enter_context(postgres(places.cloud / "postgres"))
    migrate(url)
    return url


def _dagster(places: Places, url: str, stack: contextlib.ExitStack) -> Child:
    """Imports while people walk, so that the end of the demo does not wait for it."""
    cloud = places.cloud
    arguments = ["trinetra.materialize", "--wait", "--json", "--warehouse", url]
    arguments += ["--landing", str(cloud / "landing"), "--lake", str(cloud / "lake")]
    arguments += ["--dagster-home", str(cloud / "dagster")]
    return stack.enter_context(Child("dagster", arguments, log=places.logs / "dagster.log"))


def _gateway(places: Places, url: str, stack: contextlib.ExitStack) -> Upload:
    """Start the gateway; the upload section that reaches it."""
    token = secrets.token_urlsafe(16)
    os.environ[TOKEN] = token
    tokens = places.cloud / "tokens.toml"
    tokens.write_text(f'{STORE_ID} = "{hashlib.sha256(token.encode()).hexdigest()}"\n')
    arguments = ["trinetra", "gateway", "--tokens", str(tokens), "--data-dir", str(places.cloud)]
    arguments += ["--database-url", url, "--port", "0"]
    gateway = stack.enter_context(Child("gateway", arguments, log=places.logs / "gateway.log"))
    port = gateway.line(START_S)["port"]
    return Upload(url=f"http://127.0.0.1:{port}", token=f"env:{TOKEN}", seal_s=2.0)


def _agent(
    options: Options,
    places: Places,
    shop: DemoStore,
    upload: Upload,
    stack: contextlib.ExitStack,
) -> tuple[StoreConfig, Child]:
    section = Agent(
        data_dir="agent",
        port=0,
        model=options.model,
        model_mirror=options.mirror,
        tile_s=5.0,
        occupancy_s=2.0,
    )
    path = places.root / "store.toml"
    path.write_text(shop.store_toml(section, upload, LOGIN), encoding="utf-8")
    arguments = ["trinetra", "run", "--config", str(path)]
    agent = stack.enter_context(Child("agent", arguments, log=places.logs / "agent.log"))
    agent.line(START_S)
    return load_store(path), agent


def _until_live(data_dir: Path, agent: Child) -> None:
    """Wait until every worker runs and every camera gives pictures."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if agent.popen.poll() is not None:
            raise AgentError(f"the agent ended early: {agent.last_words()}")
        try:
            health = read_health(data_dir)
        except AgentError:
            continue
        working = all(row["alive"] and row["state"] != "starting" for row in health["workers"])
        if working and all(row["state"] == "live" for row in health["cameras"]):
            return
        time.sleep(0.2)
    raise AgentError(f"the agent is not ready after {START_S:.0f} s: {agent.last_words()}")


def _facts(data_dir: Path) -> dict[str, float]:
    """What the agent itself says of its work: frames, losses, latency.

    Empty if it has ended already, as it does by itself when its sources are files.
    """
    try:
        port = json.loads((data_dir / "agent.json").read_text())["port"]
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5.0).text
    except (OSError, httpx.HTTPError):
        return {}
    facts = {"frames": 0.0, "detected": 0.0, "dropped": 0.0, "restarts": 0.0}
    names = {
        "trinetra_frames_total": "frames",
        "trinetra_detected_frames_total": "detected",
        "trinetra_dropped_frames_total": "dropped",
        "trinetra_worker_restarts_total": "restarts",
    }
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name in names and sample.labels.get("reason") != "sampling":
                facts[names[sample.name]] += sample.value
            elif sample.name == "trinetra_detection_latency_p99_ms":
                facts["latency_p99_ms"] = round(sample.value, 1)
    return facts


def _detector(log: Path) -> str:
    """The model that really ran, from the tracking worker's own word."""
    for line in log.read_text(errors="replace").splitlines():
        with contextlib.suppress(ValueError, AttributeError):
            record = json.loads(line)
            if record.get("msg") == "detector ready":
                return str(record["model"])
    raise AgentError("the agent never said which detector it runs")


def _compare(places: Places, shop: DemoStore, config: StoreConfig, url: str) -> Score:
    assert config.floor_plan is not None
    truth = shop.truth(places.root / "truth")
    rows, columns = truth["heatmap"].shape
    return score(truth, read_gold(url, config.store.id, (rows, columns)), config.floor_plan.cell_m)


def _events(places: Places) -> dict[str, int]:
    """Ids of the spool's own record against the ids that gold was made from."""
    spooled = spooled_ids(places.agent / "spool")
    silver = Lake(str(places.cloud / "lake")).scan("silver_events")
    ids = [] if silver is None else silver.select("event_id").collect()["event_id"].to_list()
    return {
        "spooled": len(spooled),
        "gold": len(ids),
        "missing": len(spooled - set(ids)),
        "invented": len(set(ids) - spooled),
        "duplicated": len(ids) - len(set(ids)),
    }
