"""Tiny workers for the supervisor's tests; what they do is told by files in the data folder."""

from __future__ import annotations

import os
import time
from pathlib import Path

from contracts.errors import ModelError
from edge_agent.messages import TrackedBox, TracksUpdated
from edge_agent.worker import WorkerContext
from edge_agent.worker_metrics import sample


def book(ctx: WorkerContext, word: str) -> None:
    """Append `word name pid` to the data folder's diary, in one write."""
    with (ctx.data_dir / "diary").open("a") as diary:
        diary.write(f"{word} {ctx.name} {os.getpid()}\n")


def steady(ctx: WorkerContext) -> None:
    """Beats until it is stopped."""
    book(ctx, "start")
    began = time.monotonic()
    while not ctx.stopping():
        count = float(int((time.monotonic() - began) * 100))
        ctx.beat("ok", {sample("frames_total", camera="cam0"): count, "spool_events_total": 1.0})
        time.sleep(0.02)
    book(ctx, "stop")


def camera(ctx: WorkerContext) -> None:
    """Beats as a live camera; ends when the file `end` appears."""
    book(ctx, "start")
    while not ctx.stopping() and not (ctx.data_dir / "end").exists():
        ctx.beat("live", {}, {sample("camera_fps", camera=str(ctx.camera)): 9.0})
        time.sleep(0.02)
    book(ctx, "stop")


def crashing(ctx: WorkerContext) -> None:
    """Ends with an error as soon as it is ready."""
    book(ctx, "start")
    ctx.beat("ok")
    ctx.bus.close()
    raise RuntimeError("rtsp://admin:hunter2@10.0.0.9/ broke")


def refusing(ctx: WorkerContext) -> None:
    """Cannot work at all."""
    ctx.beat("starting")
    raise ModelError("model nano: sha256 does not match")


def deaf(ctx: WorkerContext) -> None:
    """Does not listen to SIGTERM."""
    book(ctx, "start")
    while True:
        ctx.beat("ok")
        time.sleep(0.02)


def silent(ctx: WorkerContext) -> None:
    """Beats once and falls silent, the first time; is steady after a restart."""
    first = not Path(ctx.data_dir / "diary").exists()
    book(ctx, "start")
    if first:
        ctx.beat("ok")
        time.sleep(600)
    steady(ctx)


def chatty(ctx: WorkerContext) -> None:
    """Prints on stdout, which is not the worker's to use."""
    print("a stray line")  # noqa: T201
    steady(ctx)


def strollers(ctx: WorkerContext) -> None:
    """In place of tracking: at each camera somebody stands in the middle for 1.2 s, then leaves."""
    book(ctx, "start")
    tracks = ctx.bus.writer("tracks")
    index = 0
    while not ctx.stopping():
        if ctx.reloaded():
            book(ctx, "reloaded")
        number, step = divmod(index, 20)
        place = 0.05 if step < 3 else 0.5 if step < 15 else 0.95
        box = TrackedBox(number + 1, place - 0.02, 0.3, place + 0.02, 0.5, 0.9, True)
        now = ctx.clock.now()
        for camera in ctx.config.cameras:
            over = [number] if number and step == 0 else []
            tracks.write(TracksUpdated(camera.id, index, now, now, [box], over))
        tracks.flush()
        ctx.beat("ok")
        index += 1
        time.sleep(0.1)
