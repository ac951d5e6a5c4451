"""One payload of every event type, with every field set to something to recognise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from contracts.events import (
    CameraStatus,
    CoverageMinute,
    Event,
    GeometryChanged,
    HeatmapTile,
    LineCrossed,
    OccupancySampled,
    Payload,
    PlanShape,
    QueueEpisode,
    Retraction,
    VisitClosed,
    ZoneVisit,
    event_of,
)

NOON = datetime(2026, 5, 4, 12, 0, 0, 250_000, tzinfo=UTC)

PAYLOADS: tuple[Payload, ...] = (
    LineCrossed(
        door="main", camera="entrance", direction="in", track_id=7, identity="3f9a", staff=False
    ),
    ZoneVisit(
        zone="Bakery",
        camera="entrance",
        track_id=7,
        entered_at=NOON - timedelta(seconds=30),
        left_at=NOON,
        dwell_s=30.0,
        censored=True,
        identity="3f9a",
    ),
    QueueEpisode(
        zone="Till queue",
        camera="tills",
        track_id=9,
        joined_at=NOON - timedelta(seconds=90),
        left_at=NOON - timedelta(seconds=40),
        wait_s=50.0,
        outcome="served",
        service_s=40.0,
        identity="3f9a",
    ),
    VisitClosed(
        identity="3f9a",
        entered_at=NOON - timedelta(minutes=9),
        exited_at=NOON,
        entry_door="main",
        exit_door="main",
        first_seen_at=NOON - timedelta(minutes=9, seconds=2),
        last_seen_at=NOON + timedelta(seconds=1),
        zones=["Bakery", "Till queue"],
        cameras=["entrance", "tills"],
        sightings=5,
    ),
    OccupancySampled(occupancy=3, entries=10, exits=8),
    HeatmapTile(
        camera="entrance",
        kind="presence",
        cell_m=0.25,
        window_start=NOON,
        window_end=NOON + timedelta(seconds=60),
        x=[0, 12],
        y=[3, 4],
        seconds=[1.5, 0.1],
    ),
    CoverageMinute(camera="entrance", minute=NOON, expected_s=60.0, observed_s=58.5, frames=585),
    CameraStatus(camera="entrance", state="stalled", reason="no frame for 2 s"),
    GeometryChanged(
        store_name="High Street",
        time_zone="Europe/London",
        opens="09:00",
        closes="20:00",
        width_m=18.0,
        depth_m=12.0,
        cell_m=0.25,
        fixtures=[PlanShape(name="shelf", kind="shelf", points_m=[(1.0, 2.0), (3.0, 4.5)])],
        zones=[PlanShape(name="Bakery", kind="zone", points_m=[], camera="entrance")],
        doors=[PlanShape(name="main", kind="door", points_m=[(-0.5, 2.0)], camera="entrance")],
        seen_cells=["0110", "1111"],
    ),
    Retraction(event_id="0197f3a0-0000-7000-8000-000000000000", reason="one person, two ids"),
)


def wrapped(payload: Payload, sequence: int = 0) -> Event:
    """The payload in its envelope."""
    return event_of(
        payload,
        source="trinetra/high-street/r1",
        subject="camera/entrance",
        time=NOON,
        now=NOON + timedelta(milliseconds=40),
        sequence=sequence,
    )
