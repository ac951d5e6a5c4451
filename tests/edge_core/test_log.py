"""Log lines: one JSON object each, no credentials, no way to stop a worker."""

from __future__ import annotations

import io
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.log import Logger, redacted
from tests.fakes.clock import FakeClock


def logged(msg: str, **fields: object) -> dict[str, object]:
    stream = io.StringIO()
    Logger("tracking", clock=FakeClock(now=12.5), stream=stream).info(msg, **fields)
    (line,) = stream.getvalue().splitlines()
    found: dict[str, object] = json.loads(line)
    return found


def test_a_record_has_time_level_worker_message_and_fields() -> None:
    assert logged("camera live", camera="till", fps=9.5) == {
        "ts": 12.5,
        "level": "info",
        "worker": "tracking",
        "msg": "camera live",
        "camera": "till",
        "fps": 9.5,
    }


@pytest.mark.parametrize(
    "text",
    [
        "open rtsp://admin:hunter2@10.0.0.5/stream failed",
        "rtsps://hunter2@10.0.0.5:322/",
        "rtsp://a:b@c:hunter2@10.0.0.5/",
        "https://u:hunter2%40@x.example/path?x=1",
        "password=hunter2&x=1",
        '{"token": "hunter2"}',
        "Authorization: Bearer hunter2hunter2",
        "Authorization: Basic aHVudGVyMmh1bnRlcjI=",
    ],
)
def test_credentials_are_cut_out(text: str) -> None:
    stream = io.StringIO()
    log = Logger("x", stream=stream)
    log.error(text, a=text, b=[text], c={"k": text}, d=ValueError(text))
    assert "hunter2" not in stream.getvalue()
    assert "aHVudGVy" not in stream.getvalue()
    assert "***" in stream.getvalue()


@given(st.text(alphabet="abc/:%?#.-_~", max_size=12))
def test_a_url_keeps_its_host_and_loses_its_password(path: str) -> None:
    found = redacted(f"rtsp://user:s3cret@10.1.2.3/{path}")
    assert "s3cret" not in found
    assert "10.1.2.3" in found


def test_numbers_that_json_does_not_know_and_strange_things_pass() -> None:
    found = logged("x", nan=math.nan, worker="me", thing=object(), blob=b"abc")
    assert found["nan"] is None
    assert found["worker"] == "tracking"
    assert found["field_worker"] == "me"


def test_a_closed_stream_stops_nobody() -> None:
    stream = io.StringIO()
    stream.close()
    Logger("x", stream=stream).error("still here")


def test_levels_below_the_wanted_one_are_silent() -> None:
    stream = io.StringIO()
    log = Logger("x", stream=stream, level="warning")
    log.debug("a")
    log.info("b")
    log.warning("c")
    assert len(stream.getvalue().splitlines()) == 1
