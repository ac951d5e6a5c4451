"""The spool worker: offers from the bus go to disk, then to the gateway."""

from __future__ import annotations

import time

from contracts.errors import SpoolError
from edge_agent.spool.intake import Intake
from edge_agent.spool.spool import Limits, Spool
from edge_agent.spool.uploader import Uploader, token_from
from edge_agent.worker import WorkerContext
from edge_agent.worker_metrics import sample

SILENCE_S = 0.3
UPLOAD_DRAIN_S = 8.0


def main(ctx: WorkerContext) -> None:
    """Keep events until the gateway has them; drain when asked to stop."""
    config = ctx.config
    limits = Limits(
        seal_s=config.upload.seal_s,
        seal_events=config.upload.seal_events,
        max_bytes=config.agent.spool_max_mb * 1024 * 1024,
    )
    ctx.beat("starting")
    spool = Spool(ctx.data_dir / "spool", config.store.id, limits, clock=ctx.clock)
    uploader = None
    if config.upload.url:
        token = token_from(config.upload.token)
        uploader = Uploader(spool.shelf, url=config.upload.url, token=token, log=ctx.log)
        uploader.start()
    intake = Intake(spool, ctx.bus.desk("events"))
    ctx.log.info("spool open", boot=spool.boot, backlog=spool.shelf.backlog().batches)
    _keep_until_stopped(ctx, intake, uploader)
    spool.seal_all()
    if uploader is not None:
        uploader.stop()
        _wait_for_end(ctx, intake, uploader)
    left = spool.shelf.backlog()
    spool.close()
    ctx.log.info("spool closed", waiting_batches=left.batches, waiting_events=left.events)


def _keep_until_stopped(ctx: WorkerContext, intake: Intake, uploader: Uploader | None) -> None:
    """Serve; after the request to stop go on until the producers are silent."""
    silent_since = ctx.clock.monotonic()
    was_full = False
    while True:
        came = intake.serve()
        if intake.spool.full != was_full:
            was_full = intake.spool.full
            ctx.log.error("disk is full: events wait" if was_full else "disk has room again")
        intake.spool.seal_due()
        _beat(ctx, intake, uploader)
        if uploader is not None and not uploader.alive:
            raise SpoolError("spool: the uploader ended")
        now = ctx.clock.monotonic()
        if came or not ctx.stopping():
            silent_since = now
        elif now - silent_since >= SILENCE_S:
            return


def _wait_for_end(ctx: WorkerContext, intake: Intake, uploader: Uploader) -> None:
    deadline = ctx.clock.monotonic() + UPLOAD_DRAIN_S
    while uploader.alive and ctx.clock.monotonic() < deadline:
        _beat(ctx, intake, uploader)
        time.sleep(0.02)


def _beat(ctx: WorkerContext, intake: Intake, uploader: Uploader | None) -> None:
    spool, counts = intake.spool, intake.spool.shelf.counts
    backlog = spool.shelf.backlog()
    oldest_s = max(0.0, ctx.clock.now() - backlog.oldest_at) if backlog.oldest_at else 0.0
    counters = {
        **{sample("spool_events_total", lane=k): float(v) for k, v in intake.appended.items()},
        "spool_evicted_total": float(counts.evicted_events),
        "spool_corrupt_total": float(counts.corrupt),
        "spool_torn_total": float(counts.torn),
        "spool_refused_batches_total": float(counts.refused_batches),
    }
    gauges = {
        "spool_backlog_events": float(backlog.events + spool.open_events),
        "spool_backlog_batches": float(backlog.batches),
        "spool_oldest_age_seconds": oldest_s,
        "spool_bytes": float(spool.shelf.used_bytes()),
    }
    state = "full" if spool.full else "ok"
    if uploader is not None:
        counters["upload_batches_total"] = float(uploader.batches)
        for reason, count in dict(uploader.failures).items():
            counters[sample("upload_failures_total", reason=reason)] = float(count)
        gauges["upload_up"] = float(uploader.state == "ok")
        state = uploader.state if state == "ok" else state
    ctx.beat(state, counters, gauges)
