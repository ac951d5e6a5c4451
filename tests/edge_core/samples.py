"""Messages and configurations for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from contracts.events import Event, OccupancySampled, event_of
from contracts.store import Agent, Camera, Store, StoreConfig
from edge_agent.messages import CameraReport, FrameReady

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def frame(index: int = 0, camera: str = "till") -> FrameReady:
    return FrameReady(
        camera=camera,
        slot=index % 16,
        stamp=2 * index + 2,
        index=index,
        width=64,
        height=64,
        taken_at=1.75e9 + index,
        arrived_at=1.75e9 + index,
    )


def report(at: float = 1.75e9, frames: int = 10) -> CameraReport:
    return CameraReport("till", "live", at, frames, 1.0)


def event(sequence: int) -> Event:
    return event_of(
        OccupancySampled(occupancy=sequence, entries=sequence, exits=0),
        source="trinetra/shop/run",
        subject="shop",
        time=NOON,
        now=NOON,
        sequence=sequence,
    )


def store(data_dir: Path, *urls: str, port: int = 0) -> StoreConfig:
    cameras = tuple(
        Camera(id=f"cam{number}", url=url, size=(64, 64)) for number, url in enumerate(urls)
    )
    return StoreConfig(
        store=Store(id="shop", name="Shop", time_zone="UTC"),
        cameras=cameras,
        agent=Agent(data_dir=str(data_dir), port=port),
    )
