"""The written store.toml is one that the product reads."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.geometry import Line
from contracts.store import Agent, StoreConfig, Upload, parse_store
from simulator.cameras import camera_of
from simulator.plan import Scenario
from simulator.store_file import store_config, store_toml


@pytest.fixture(scope="module")
def config(scenario: Scenario) -> StoreConfig:
    urls = {lens.id: f"rtsp://127.0.0.1:8554/{lens.id}" for lens in scenario.cameras}
    return store_config(
        scenario,
        urls,
        agent=Agent(data_dir="var/demo", port=0, tile_s=10),
        upload=Upload(url="http://127.0.0.1:9000", token="file:token"),
        credentials="env:CAMERA",
    )


def test_it_is_read_back_unchanged(config: StoreConfig) -> None:
    assert parse_store(store_toml(config)) == config
    assert len(config.cameras) == 3
    assert len(config.doors) == 2
    assert config.floor_plan is not None
    assert len(config.floor_plan.fixtures) == 10


@given(name=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_text_survives(config: StoreConfig, name: str) -> None:
    named = msgspec.structs.replace(config, agent=Agent(model=name))
    assert parse_store(store_toml(named)) == named


def test_a_camera_that_is_not_served_takes_its_doors_and_zones_along(scenario: Scenario) -> None:
    config = store_config(scenario, {"floor": "floor.mp4"})
    assert [camera.id for camera in config.cameras] == ["floor"]
    assert config.doors == ()
    assert {zone.camera for zone in config.zones} == {"floor"}
    assert parse_store(store_toml(config)) == config


def test_door_lines_lie_on_the_floor_where_the_plan_says(
    scenario: Scenario, config: StoreConfig
) -> None:
    for camera in config.cameras:
        assert camera.homography is not None
        for door in config.doors:
            if door.camera != camera.id:
                continue
            way = scenario.door(door.name)
            for line, inside_m in ((door.outer, way.outer_m), (door.inner, way.inner_m)):
                for point, x in zip(line, (way.from_m - 0.3, way.to_m + 0.3), strict=True):
                    floor = camera.homography.apply(point)
                    assert floor is not None
                    assert math.dist(floor, (x, way.y(scenario.depth_m, inside_m))) < 0.005


def test_walking_in_passes_the_outer_line_first_in_the_picture(
    scenario: Scenario, config: StoreConfig
) -> None:
    cameras = {lens.id: camera_of(lens) for lens in scenario.cameras}
    for door in config.doors:
        way, camera = scenario.door(door.name), cameras[door.camera]
        steps = [
            camera.fraction(way.centre_m, way.y(scenario.depth_m, inside)) for inside in (0, 1.3, 3)
        ]
        assert Line(*door.outer).crossed_by(steps[0], steps[1])
        assert not Line(*door.inner).crossed_by(steps[0], steps[1])
        assert Line(*door.inner).crossed_by(steps[1], steps[2])
