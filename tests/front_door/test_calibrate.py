"""`trinetra calibrate` says how far off each pair is, and is honest about four."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.errors import ConfigError
from trinetra.cli import build

STORE = """
[store]
id = "shop"
name = "Shop"
time_zone = "Europe/Berlin"

[[cameras]]
id = "left"
url = "rtsp://10.0.0.2/1"
image_points = [[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5], [0.25, 0.75], [0.75, 0.3]]
floor_points = [[0, 0], [8, 0], [8, 4], [0, 4], [4.4, 2], [2, 3], [6, 1.2]]

[[cameras]]
id = "right"
url = "rtsp://10.0.0.3/1"
image_points = [[0, 0], [1, 0], [1, 1], [0, 1]]
floor_points = [[3, 0], [8, 0], [8, 4], [3, 4]]

[[cameras]]
id = "door"
url = "rtsp://10.0.0.4/1"
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.toml"
    path.write_text(STORE)
    return path


def _output(*arguments: str) -> str:
    run = CliRunner().invoke(build("calibrate"), ["calibrate", *arguments])
    if run.exception:
        raise run.exception
    return run.stdout


def test_json_names_the_wrong_pair(store: Path) -> None:
    found = json.loads(_output("--config", str(store), "--json"))["cameras"]
    assert set(found) == {"left", "right"}
    assert found["left"]["suspect"] == 5
    assert found["left"]["pairs"][4]["left_out_cm"] == pytest.approx(40, abs=0.1)
    assert (found["right"]["pair_count"], found["right"]["checked"]) == (4, False)


def test_the_table_is_for_people(store: Path) -> None:
    text = _output("--config", str(store))
    assert "pair 5 looks wrong" in text
    assert "four pairs always fit" in text
    assert "door: no point pairs" in text
    assert "left:" not in _output("--config", str(store), "--camera", "right")


def test_an_unknown_camera_and_a_mirrored_floor_are_one_error(store: Path) -> None:
    with pytest.raises(ConfigError, match="no camera is called 'yard'"):
        _output("--config", str(store), "--camera", "yard")
    store.write_text(STORE.replace("[[3, 0], [8, 0], [8, 4], [3, 4]]", "[[8,0],[3,0],[3,4],[8,4]]"))
    with pytest.raises(ConfigError, match=r"store.toml:16: cameras.1..image_points: .*mirrored"):
        _output("--config", str(store))
