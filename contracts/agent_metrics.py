"""The registry of what an agent tells Prometheus: names, labels, and when a series is absent."""

from __future__ import annotations

from typing import Literal

import msgspec


class AgentMetric(msgspec.Struct, frozen=True):
    """What an agent counts or measures, `trinetra_…` on /metrics.

    `when` says in which agents it is there at all; "" for every one that is at work.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    when: str = ""


AGENT_PREFIX = "trinetra_"
AGENT_METRICS: tuple[AgentMetric, ...] = (
    AgentMetric("frames_total", "counter", "Frames handed to tracking.", labels=("camera",)),
    AgentMetric(
        "corrupt_frames_total",
        "counter",
        "Frames that the decoder found damaged, or too large.",
        labels=("camera",),
    ),
    AgentMetric(
        "dropped_frames_total",
        "counter",
        "Frames that were read and not analysed.",
        labels=(
            "camera",
            "reason",
        ),
        when="once one is dropped",
    ),
    AgentMetric("camera_fps", "gauge", "Frames a second handed to tracking.", labels=("camera",)),
    AgentMetric("camera_live", "gauge", "1 while the camera's state is live.", labels=("camera",)),
    AgentMetric(
        "camera_rtcp_time",
        "gauge",
        "1 while frames carry the camera's own time and not their arrival.",
        labels=("camera",),
    ),
    AgentMetric(
        "camera_clock_skew_seconds",
        "gauge",
        "Camera's clock minus this machine's, less the least delay.",
        labels=("camera",),
        when="cameras with sender reports",
    ),
    AgentMetric(
        "camera_clock_drift_ppm",
        "gauge",
        "Microseconds that the camera's clock gains each second.",
        labels=("camera",),
        when="after a minute of sender reports",
    ),
    AgentMetric(
        "camera_reconnects_total",
        "counter",
        "Times the camera was opened again.",
        labels=("camera",),
    ),
    AgentMetric(
        "camera_time_jumps_total",
        "counter",
        "Times the stream's time jumped, or this machine's clock was set.",
        labels=("camera",),
    ),
    AgentMetric(
        "detected_frames_total", "counter", "Frames that were detected on.", labels=("camera",)
    ),
    AgentMetric(
        "refused_detections_total",
        "counter",
        "Boxes that no camera can have seen.",
        labels=("camera",),
    ),
    AgentMetric(
        "refused_checkpoints_total", "counter", "Tracker files after a crash that were no good."
    ),
    AgentMetric(
        "detection_latency_ms", "histogram", "Milliseconds from a frame's arrival to its tracks."
    ),
    AgentMetric(
        "detection_latency_p50_ms",
        "gauge",
        "Median of the last frames' detection latency.",
        when="once a frame was detected on",
    ),
    AgentMetric(
        "detection_latency_p99_ms",
        "gauge",
        "99th percentile of the last frames' detection latency.",
        when="once a frame was detected on",
    ),
    AgentMetric("detection_batch_size", "gauge", "Frames in the last run of the detector."),
    AgentMetric("detection_queue_depth", "gauge", "Frames that wait for the detector."),
    AgentMetric(
        "ring_use",
        "gauge",
        "Share of the frame ring that was filled while a frame waited; at 1 it is lost.",
        labels=("camera",),
        when="once a frame was detected on",
    ),
    AgentMetric("rung", "gauge", "Rung of the degrade ladder, 0 while nothing is given up."),
    AgentMetric("active_tracks", "gauge", "Confirmed tracks at this moment.", labels=("camera",)),
    AgentMetric(
        "gpu_vram_mb",
        "gauge",
        "GPU memory in use, MiB.",
        labels=("gpu",),
        when="machines with an NVIDIA GPU",
    ),
    AgentMetric(
        "gpu_temperature_celsius",
        "gauge",
        "GPU temperature.",
        labels=("gpu",),
        when="machines with an NVIDIA GPU",
    ),
    AgentMetric("reid_match_rate", "gauge", "Share of identity queries that found a match."),
    AgentMetric("identities", "gauge", "Identities that are known now."),
    AgentMetric("gallery_size", "gauge", "Templates of identities that are looked up."),
    AgentMetric("identity_waiting", "gauge", "Tracks without an identity."),
    AgentMetric("identity_crops_total", "counter", "Crops that came for embedding."),
    AgentMetric(
        "identity_dropped_crops_total",
        "counter",
        "Crops that were not embedded.",
        labels=("reason",),
    ),
    AgentMetric("identity_embed_ms", "histogram", "Milliseconds of one run of the embedder."),
    AgentMetric("identity_gallery_failures_total", "counter", "Calls to the gallery that failed."),
    AgentMetric(
        "rules_latency_ms",
        "histogram",
        "Milliseconds from a frame's arrival to its events: the whole way.",
    ),
    AgentMetric(
        "rules_refused_messages_total",
        "counter",
        "Messages of unknown cameras or with times out of range.",
    ),
    AgentMetric(
        "rules_backward_frames_total", "counter", "Frames that were older than the one before."
    ),
    AgentMetric("events_total", "counter", "Events that were sent to the spool.", labels=("type",)),
    AgentMetric(
        "crossings_total",
        "counter",
        "Door crossings.",
        labels=(
            "direction",
            "door",
        ),
        when="once there is one",
    ),
    AgentMetric("occupancy", "gauge", "People inside since the last reset."),
    AgentMetric(
        "zone_people", "gauge", "People in a zone now.", labels=("zone",), when="stores with zones"
    ),
    AgentMetric(
        "queue_length",
        "gauge",
        "People who queue now.",
        labels=("zone",),
        when="stores with queue zones",
    ),
    AgentMetric("spool_events_total", "counter", "Events written to disk.", labels=("lane",)),
    AgentMetric("spool_backlog_events", "gauge", "Events on disk that are not uploaded yet."),
    AgentMetric("spool_backlog_batches", "gauge", "Batches on disk that are not uploaded yet."),
    AgentMetric(
        "spool_oldest_age_seconds", "gauge", "Age of the oldest event that is not uploaded yet."
    ),
    AgentMetric("spool_bytes", "gauge", "Bytes of the spool on disk."),
    AgentMetric("spool_evicted_total", "counter", "Events that a full disk cost."),
    AgentMetric("spool_corrupt_total", "counter", "Records that were found altered."),
    AgentMetric("spool_torn_total", "counter", "Records that a crash had cut."),
    AgentMetric(
        "spool_refused_batches_total", "counter", "Batches that the gateway refused for good."
    ),
    AgentMetric(
        "upload_batches_total",
        "counter",
        "Batches that the gateway has.",
        when="stores with an upload",
    ),
    AgentMetric(
        "upload_failures_total",
        "counter",
        "Uploads that failed.",
        labels=("reason",),
        when="stores with an upload",
    ),
    AgentMetric("upload_up", "gauge", "1 while uploads succeed.", when="stores with an upload"),
    AgentMetric(
        "dropped_messages_total",
        "counter",
        "Messages of the bus that were dropped.",
        labels=("topic",),
    ),
    AgentMetric(
        "malformed_messages_total",
        "counter",
        "Messages of the bus that were no messages.",
        labels=("topic",),
    ),
    AgentMetric(
        "config_version",
        "gauge",
        "Version of the configuration that a worker has, from 1 at the start.",
        labels=("worker",),
    ),
    AgentMetric("config_refused", "gauge", "1 while the last reload was refused."),
    AgentMetric(
        "config_reloads_total",
        "counter",
        "Reloads that were taken over and refused.",
        labels=("result",),
    ),
    AgentMetric(
        "worker_up", "gauge", "1 while the worker is running as it should.", labels=("worker",)
    ),
    AgentMetric(
        "worker_beat_age_seconds",
        "gauge",
        "Seconds since the worker's last heartbeat.",
        labels=("worker",),
    ),
    AgentMetric(
        "worker_restarts_total",
        "counter",
        "Times a worker was started again without being asked.",
        labels=("worker",),
    ),
    *(
        AgentMetric(f"identity_{name}_total", "counter", f"{text}.")
        for name, text in (
            ("abstained", "Tracks that stay UNKNOWN"),
            ("begun", "Identities that began"),
            ("clock_jumps", "Steps back of this machine's clock"),
            ("features", "Embeddings that were taken in"),
            ("forgotten", "Identities that were forgotten"),
            ("joined", "Tracks that were joined to another camera's"),
            ("matched", "Tracks that were given a known identity"),
            ("merged", "Identities that turned out to be one"),
            ("place_splits", "Tracks cut because nobody walks so fast"),
            ("purity_splits", "Tracks cut because they show someone else"),
            ("reconciled", "Young identities that turned out to be older ones"),
            ("refused", "Messages that cannot be"),
            ("taken_back", "Answers that were taken back"),
            ("tracklets", "Tracks that were heard of"),
        )
    ),
)
