"""Days of a store from one seed: events (L0), detections (L1), frames (L2), and their truth."""

from simulator.days.day import Day, simulate_day
from simulator.days.frames import CameraFrame, frames
from simulator.days.records import DayTruth
from simulator.days.scenario import DayScenario
from simulator.days.scenario_files import load_scenario, names
from simulator.days.store import store_config
from simulator.days.truth import truth_of_day

__all__ = [
    "CameraFrame",
    "Day",
    "DayScenario",
    "DayTruth",
    "frames",
    "load_scenario",
    "names",
    "simulate_day",
    "store_config",
    "truth_of_day",
]
