"""store.toml: what is accepted, and that every refusal names line and key."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ConfigError
from contracts.store import StoreConfig, load_store, parse_store

GOOD = """\
[store]
id = "shop"
name = "Corner shop"
time_zone = "Europe/Berlin"
resets = "04:00"

[floor_plan]
width_m = 8.0
depth_m = 4.0

[[cameras]]
id = "entrance"
url = "rtsp://10.0.0.2/stream"
credentials = "file:secrets/entrance"
fps = 10
size = [640, 360]
image_points = [[0, 0], [1, 0], [1, 1], [0, 1]]
floor_points = [[0, 0], [5, 0], [5, 4], [0, 4]]

[[cameras]]
id = "till"
url = "clips/till.mp4"

[[doors]]
name = "main"
camera = "entrance"
outer = [[0.2, 0.4], [0.8, 0.4]]
inner = [[0.2, 0.6], [0.8, 0.6]]

[[zones]]
name = "queue"
camera = "entrance"
polygon_m = [[0, 0], [2, 0], [2, 2]]

[agent]
data_dir = "var"
tile_s = 60.0

[upload]
url = "https://gateway.example"
token = "env:TOKEN"
"""


def line_of(text: str, part: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_good_file() -> None:
    config = parse_store(GOOD)
    assert config.cameras[0].homography is not None
    assert config.cameras[1].homography is None
    assert [camera.is_file for camera in config.cameras] == [False, True]
    assert config.doors[0].pair.outer.start == (0.2, 0.4)
    assert config.zones[0].on_floor
    assert config.zones[0].area.contains((1.5, 1.0))


REFUSALS = [
    # (what stands there, what is written instead, part of the refused line, key, words)
    ('id = "shop"', 'id = "Shop 1"', "Shop 1", "store.id", "a-z 0-9"),
    ('name = "Corner shop"', 'name = ""', 'name = ""', "store.name", "visible"),
    ('name = "Corner shop"', "name = 5", "name = 5", "store.name", "Expected `str`"),
    ('name = "Corner shop"\n', "", "[store]", "store", "missing required field"),
    ("Europe/Berlin", "Europe/Atlantis", "Atlantis", "store.time_zone", "unknown time zone"),
    ("Europe/Berlin", "Europe", '"Europe"', "store.time_zone", "unknown time zone"),
    ('resets = "04:00"', 'resets = "4am"', "4am", "store.resets", "09:30"),
    ('resets = "04:00"', 'colour = "red"', "colour", "store.colour", "unknown field"),
    ("width_m = 8.0", "width_m = -1", "width_m", "floor_plan.width_m", "between 0 and 1000"),
    ("depth_m = 4.0", "depth_m = nan", "depth_m", "floor_plan.depth_m", "expected a number"),
    ("depth_m = 4.0", "depth_m = 900\ncell_m = 0.05", "cell_m", "floor_plan.cell_m", "cells"),
    ('id = "till"', 'id = "entrance"', None, "cameras[1].id", "twice"),
    ('id = "till"', 'id = "../x"', "../x", "cameras[1].id", "1 to 31"),
    ("rtsp://10.0", "rtsp://me:pw@10.0", "me:pw", "cameras[0].url", "no password"),
    ("rtsp://10.0", "RTSP://me:pw@10.0", "me:pw", "cameras[0].url", "no password"),
    ("rtsp://10.0.0.2", "http://10.0.0.2", "http://10", "cameras[0].url", "rtsp://"),
    ("clips/till.mp4", "", 'url = ""', "cameras[1].url", "path of a video"),
    ('"file:secrets/entrance"', '"hunter2"', "credentials", "cameras[0].credentials", "env:NAME"),
    ("fps = 10", "fps = 0", "fps = 0", "cameras[0].fps", "above 0"),
    ("fps = 10", 'fps = "10"', 'fps = "10"', "cameras[0].fps", "Expected `float`"),
    ("fps = 10", 'tiles = "9x1"', "tiles", "cameras[0].tiles", "COLUMNSxROWS"),
    ("[640, 360]", "[640, 36]", "size", "cameras[0].size", "between 64 and 4096"),
    ("[640, 360]", "[640]", "size", "cameras[0].size", "length 2"),
    ("[[0, 0], [1, 0], [1, 1], [0, 1]]", "[[0, 0]]", "image_p", "cameras[0].image_points", "four"),
    ("image_points", "#", "floor_points", "cameras[0].floor_points", "need image_points"),
    ("[1, 1], [0, 1]]", "[2, 0], [0, 1]]", "image_p", "cameras[0].image_points", "one line"),
    ('camera = "entrance"\nouter', 'camera = "back"\nouter', "back", "doors[0].camera", "unknown"),
    ("outer = [[0.2", "outer = [[0.8", "outer", "doors[0].outer", "two different points"),
    ("outer = [[0.2, 0.4]", "outer = [[0.2, 0.9]", "outer", "doors[0].outer", "not meet"),
    ("inner = [[0.2", "inner = [[120", "inner", "doors[0].inner", "fractions"),
    ("inner = [[0.2", "inner = [[inf", "inner", "doors[0].inner", "expected a number"),
    ("inner = [[0.2", "staff_only = 1\ninner = [[0.2", "staff_only", "doors[0].staff_only", "bool"),
    ("[2, 0], [2, 2]]", "[2, 0]]", 'name = "queue"', "zones[0].name", "three corners"),
    ("polygon_m =", "#", 'name = "queue"', "zones[0].name", "either polygon_m or polygon"),
    ('"entrance"\npolygon', '"till"\npolygon', None, "zones[0].camera", "no floor calibration"),
    ("polygon_m =", "min_dwell_s = -1\npolygon_m =", "-1", "zones[0].min_dwell_s", "between"),
    ("tile_s = 60.0", "tile_s = 0", "tile_s", "agent.tile_s", "between 1 and 3600"),
    ("tile_s = 60.0", "port = 70000", "port", "agent.port", "between 0 and 65535"),
    ("tile_s = 60.0", "threads = 0", "threads", "agent.threads", "between"),
    ("tile_s = 60.0", 'camera_networks = ["all"]', "all", "agent.camera_networks", "192.168"),
    ("tile_s = 60.0", 'runtime = "vulkan"', "vulkan", "agent.runtime", "Invalid enum value"),
    ("tile_s = 60.0", 'precision = "fp8"', "fp8", "agent.precision", "Invalid enum value"),
    ("https://gateway", "ftp://gateway", "ftp", "upload.url", "https://"),
    ("https://gateway", "https://a:b@gateway", "a:b", "upload.url", "without a password"),
    ('"env:TOKEN"', '"abc"', "token", "upload.token", "env:NAME"),
]


@pytest.mark.parametrize(
    ("old", "new", "part", "key", "words"), REFUSALS, ids=[f"{r[3]} {r[4]}" for r in REFUSALS]
)
def test_a_refusal_names_line_and_key(
    old: str, new: str, part: str | None, key: str, words: str
) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    with pytest.raises(ConfigError) as caught:
        parse_store(text, name="my.toml")
    message = str(caught.value)
    assert "\n" not in message
    place, _, rest = message.partition(f": {key}: ")
    assert words in rest
    name, _, line = place.partition(":")
    assert name == "my.toml"
    if part is not None:
        assert int(line) == line_of(text, part)
    table, _, leaf = key.replace("[", ".").replace("]", "").rpartition(".")
    assert table.split(".")[0] in {"", *key.split(".")[0].split("[")}
    assert text.splitlines()[int(line) - 1].strip()
    for secret in ("hunter2", "me:pw", "a:b"):
        assert secret not in message
    assert leaf or key == "store"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "missing required field `store`"),
        ("[store", "my.toml:"),
        ("a = = 1", "my.toml:1:"),
        ("\n\n[[cameras]\n", "my.toml:3:"),
        ("a = " + "[" * 20_000, "my.toml"),
        ("a = " + "1" * 5_000, "my.toml"),
        ('[store]\nid = "a"\nid = "b"\n', "my.toml:3:"),
        ("cameras = []", "missing required field"),
        (GOOD.split("[[cameras]]")[0] + "cameras = []", "unknown field"),
    ],
    ids=["empty", "open table", "two signs", "open array", "deep", "huge", "twice", "flat", "late"],
)
def test_text_that_is_no_store(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_store(text, name="my.toml")
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300


def test_no_camera_is_refused() -> None:
    text = "cameras = []\n" + GOOD.split("[floor_plan]")[0]
    with pytest.raises(ConfigError, match="at least one camera"):
        parse_store(text)


class TestLoad:
    """The file itself, and the paths in it."""

    def test_paths_are_relative_to_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "store.toml").write_text(GOOD)
        config = load_store(tmp_path / "store.toml")
        assert config.agent.data_dir == str(tmp_path / "var")
        assert config.cameras[0].url == "rtsp://10.0.0.2/stream"
        assert config.cameras[0].credentials == f"file:{tmp_path}/secrets/entrance"
        assert config.cameras[1].url == str(tmp_path / "clips" / "till.mp4")
        assert config.upload.token == "env:TOKEN"

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="No such file"):
            load_store(tmp_path / "store.toml")

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read"):
            load_store(tmp_path)

    def test_bytes_that_are_no_text(self, tmp_path: Path) -> None:
        (tmp_path / "store.toml").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(ConfigError, match="not UTF-8"):
            load_store(tmp_path / "store.toml")

    def test_a_path_with_a_zero_byte(self) -> None:
        with pytest.raises(ConfigError):
            load_store(Path(os.devnull + "\0"))


def read(text: str) -> StoreConfig | None:
    """Only ConfigError may come out, in one line."""
    try:
        return parse_store(text)
    except ConfigError as error:
        return None if len(str(error).splitlines()) == 1 else pytest.fail("more than one line")


@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    read(text)


_values = st.sampled_from(
    [
        "nan",
        "inf",
        "-1",
        "0",
        "1e308",
        "99999999999999999999",
        "''",
        "'x'",
        "true",
        "[]",
        "[[]]",
        "{}",
        "1979-05-27",
        "07:32:00",
        "'24:00'",
        "[[nan,0],[1,1]]",
        "[[1e308,0],[1e308,1],[0,1],[1,0]]",
    ]
) | st.just('"\\u0000\\n"')


@given(line=st.integers(0, 60), value=_values)
def test_any_value_replaced(line: int, value: str) -> None:
    lines = GOOD.splitlines()
    at = line % len(lines)
    if "=" in lines[at]:
        lines[at] = f"{lines[at].split('=')[0]}= {value}"
    read("\n".join(lines))


@given(
    at=st.integers(0, len(GOOD)),
    cut=st.integers(0, 20),
    junk=st.text(max_size=5) | st.sampled_from(["\0", "\x1b[2J", "[[", '"""', "\r", "\ufeff"]),
)
def test_any_mutation(at: int, cut: int, junk: str) -> None:
    config = read(GOOD[:at] + junk + GOOD[at + cut :])
    if config is not None:
        with contextlib.suppress(KeyError):
            assert config.cameras
