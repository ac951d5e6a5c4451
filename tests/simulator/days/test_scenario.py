"""Scenarios of days are read whole, or refused with the file and the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import ConfigError
from simulator.days import load_scenario, names

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
