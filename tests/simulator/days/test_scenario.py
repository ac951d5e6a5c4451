"""Scenarios of days are read whole, or refused with the file and the key."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from contracts.errors import ConfigError
from simulator.days import frames, load_scenario, names, simulate_day, truth_of_day

REQUIRED = {"quiet", "busy", "groups", "queue", "faults"}


def test_every_bundled_scenario_can_be_read() -> None:
    assert set(names()) >= REQUIRED
    for name in names():
        assert load_scenario(name).name == name


def test_a_scenario_like_another_changes_only_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\nlike = "busy"\n[visits]\nper_day = 10\n')
    mine, busy = load_scenario(path), load_scenario("busy")
    assert (mine.name, mine.visits.per_day) == ("mine", 10)
    assert mine.visits.stops == busy.visits.stops
    assert mine.tills == busy.tills


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("per_day = 'many'", "mine.toml: Expected `float`, got `str` - at `$.visits.per_day`"),
        ("per_day = nan", "expected a finite number - at `$.visits.per_day`"),
        ("pair_share = 1.5", "expected a share from 0 to 1 - at `$.visits.pair_share`"),
        ("pear_share = 0.5", "unknown field `pear_share` - at `$.visits`"),
        ("browse_s = [0, 1]", "expected [median above 0, sigma from 0 to 3]"),
        ("pair_share = 0.8\nfamily_share = 0.4", "more than all - at `$.visits.family_share`"),
        ("[calendar]\nby_hour = [1, 2]", "expected 24 numbers from 0 to 1000"),
        ('[calendar]\nopens = "9"', "expected a local time like 09:30 - at `$.calendar.opens`"),
        ('[calendar]\ncloses = "08:00"', "closes later than it opens"),
        ('[calendar]\nholidays = ["Easter"]', "expected a date like 2026-03-03"),
        ('[[faults]]\nkind = "outage"\nat = "12:00"', "for_s must be above 0"),
        ('[[faults]]\nkind = "fire"\nat = "12:00"', "$.faults[0].kind"),
        ('[[faults]]\nkind = "outage"\nat = "12:00"\nfor_s = 5\ncamera = "roof"',
         "unknown camera 'roof' - at `$.faults[0].camera`"),
        ('[[shifts]]\nstarts = "10:00"\nends = "09:00"', "a shift ends later than it starts"),
        ('[[optics]]\ncamera = "floor"\nk1 = 3', "k1 must be between -0.4 and 0.4"),
        ('[calendar]\ndate = "0001-01-01"', "from 1971 to 2100 - at `$.calendar.date`"),
        ('[calendar]\nholidays = ["2101-01-01"]', "2100 - at `$.calendar.holidays[0]`"),
        ('[[mannequins]]\nat = [18.5, 3.0]', "outside of the plan - at `$.mannequins[0].at`"),
        ('[[faults]]\nkind = "clock"\nat = "12:00"',
         "needs offset_s or drift_ppm - at `$.faults[0].offset_s`"),
        ('[[faults]]\nkind = "bumped"\nat = "12:00"',
         "needs turn_deg - at `$.faults[0].turn_deg`"),
        ("[", "mine.toml: "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_file_and_key(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'name = "mine"\nlike = "quiet"\n[visits]\n{text}\n')
    with pytest.raises(ConfigError) as error:
        load_scenario(path)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert "mine.toml" in str(error.value)


@pytest.mark.parametrize("name", ["", "../../trav/x", "Mine", "my day", "x" * 64, "a\\nb"])
def test_a_name_can_be_part_of_a_path(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'name = "{name}"\nlike = "quiet"\n')
    with pytest.raises(ConfigError, match=r"mine\.toml: .* - at `\$\.name`"):
        load_scenario(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('name = "mine"', 'expected plan = "NAME"'),
        ('name = "mine"\nplan = "castle"', "there is no plan 'castle'"),
        ('name = "mine"\nlike = 3', "expected the name of another scenario"),
        ('name = "mine"\nlike = "mine.toml"', "expected the name of another scenario"),
        ('name = "mine"\nplan = "market"\nstaff_door = "cellar"', "no door is called 'cellar'"),
    ],
)
def test_plans_and_models_are_checked(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"mine\.toml"):
        load_scenario(path)
    with pytest.raises(ConfigError) as error:
        load_scenario(path)
    assert told in str(error.value)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="busy"):
        load_scenario("nowhere")


PLAN = """
id = "box"
name = "Box"
time_zone = "Europe/Berlin"
width_m = 8.0
depth_m = 6.0
wall_height_m = 3.0
door_height_m = 2.2
fps = 10
queue_zone = ""
browse = [[1.0, 1.0, 1.0, 0.0]]
[flow]
entries_per_min = 1
exits_per_min = 1
inside_at_start = 0
busiest = 1
[[fixtures]]
name = "shelf"
kind = "shelf"
rect = [4.0, 1.0, 6.0, 2.0]
height_m = 1.4
[[doors]]
name = "door"
camera = "eye"
wall = "south"
from_m = 1.0
to_m = 2.5
[[zones]]
name = "corner"
camera = "eye"
rect = [5.0, 3.0, 7.0, 5.0]
spots = [[6.0, 4.0, 6.5, 4.0]]
[[cameras]]
id = "eye"
name = "Eye"
position_m = [7.0, 1.0, 3.0]
look_at_m = [2.0, 5.0, 0.5]
hfov_deg = 90
"""


def test_an_own_plan_lies_beside_its_scenario(tmp_path: Path) -> None:
    (tmp_path / "box.toml").write_text(PLAN)
    (tmp_path / "mine.toml").write_text('name = "mine"\nplan = "box.toml"\n')
    mine = load_scenario(tmp_path / "mine.toml")
    assert mine.plan.name == "Box"
    day = simulate_day(mine, 1, start=datetime(2026, 3, 3, 17), seconds=300)  # noqa: DTZ001
    truth = truth_of_day(day)
    assert truth.entries() > 3
    assert not truth.transactions
    assert sum(len(frame.score) for frame in frames(day)) > 1000


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("width_m = 8.0", "width_m = 900", "4 to 200 m wide and deep - at `$.plan.width_m`"),
        ('id = "box"', 'id = "../box"', "a-z 0-9 _ - - at `$.plan.id`"),
        ('id = "eye"', 'id = "../../eye"', "a-z 0-9 _ - - at `$.plan.cameras[0].id`"),
        ("fps = 10", "fps = 0", "between 1 and 60 - at `$.plan.fps`"),
        ("hfov_deg = 90", "hfov_deg = 180", "between 10 and 150 - at `$.plan.cameras[0].hfov"),
        ("[2.0, 5.0, 0.5]", "[7.0, 1.0, 0.5]", "straight down - at `$.plan.cameras[0].look_at_m`"),
        ("[7.0, 1.0, 3.0]", "[7.0, 1.0]", "box.toml: Expected `array` of length 3"),
        ('camera = "eye"\nwall', 'camera = "ear"\nwall', "'ear' - at `$.plan.doors[0].camera`"),
        ('camera = "eye"\nrect', 'camera = "ear"\nrect', "'ear' - at `$.plan.zones[0].camera`"),
        ("to_m = 2.5", "to_m = 1.5", "at least 0.8 m wide - at `$.plan.doors[0].to_m`"),
        ("to_m = 2.5", "to_m = 9.5", "between the plan's corners - at `$.plan.doors[0].from_m`"),
        ("to_m = 2.5", "to_m = 2.5\nouter_m = 2", "before the inner one"),
        ("[4.0, 1.0, 6.0, 2.0]", "[6.0, 1.0, 4.0, 2.0]", "at `$.plan.fixtures[0].rect`"),
        ("[5.0, 3.0, 7.0, 5.0]", "[5.0, 3.0, 9.0, 5.0]", "at `$.plan.zones[0].rect`"),
        ("[[1.0, 1.0, 1.0, 0.0]]", "[]", "something to look at - at `$.plan.browse`"),
        ("[[1.0, 1.0, 1.0, 0.0]]", "[[5.0, 1.5, 1, 0]]", "in a fixture, or so close to one"),
        ("[6.0, 4.0, 6.5, 4.0]", "[6.0, 7.0, 6, 4]", "at `$.plan.zones[0].spots[0]`"),
        ('kind = "shelf"', 'kind = "sofa"', "$.fixtures[0].kind"),
    ],
)
def test_an_own_plan_is_checked(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in PLAN
    (tmp_path / "box.toml").write_text(PLAN.replace(old, new))
    (tmp_path / "mine.toml").write_text('name = "mine"\nplan = "box.toml"\n')
    with pytest.raises(ConfigError) as error:
        load_scenario(tmp_path / "mine.toml")
    assert told in str(error.value)
    assert "\n" not in str(error.value)
