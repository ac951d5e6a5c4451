"""The tables that `docs/accuracy.md` gets from measured figures."""

from __future__ import annotations

from typing import Any

from benchmarks.accuracy_page import STORE_FIGURES, TABLES, given_table, reid_table, store_table

MOT = {"HOTA": 74.5, "AssA": 76.4, "DetA": 73.1, "IDF1": 87.8, "MOTA": 86.2, "IDSW": 76}


def test_ours_stands_above_the_peers_and_their_counts_are_whole() -> None:
    peers = {"OC-SORT": {**MOT, "HOTA": 72.32, "IDSW": 95.0}}
    lines = list(given_table({"combined": MOT, "MOT17-05": MOT, "peers": peers}))
    assert lines[2].startswith("| **TRINETRA, combined** | 74.50 |")
    assert lines[3] == "| OC-SORT, combined | 72.32 | 76.40 | 73.10 | 87.80 | 86.20 | 95 |"
    assert lines[4].startswith("| TRINETRA, MOT17-05 |")


def test_an_embedder_is_one_row() -> None:
    ways = {"plain": {"rank1": 0.755, "rank5": 0.922, "mAP": 0.598}}
    ways["normalized"] = {"rank1": 0.78, "mAP": 0.61}
    assert (
        list(reid_table({"some": ways}))[-1] == "| some | 0.755 | 0.922 | 0.598 | 0.780 | 0.610 |"
    )


def test_a_scenario_is_a_column_and_nothing_measured_is_no_zero() -> None:
    day: dict[str, Any] = dict.fromkeys(STORE_FIGURES, 0.5)
    day["intervals"] = {"crossing_recall": [0.25, 0.75], "queue_mae": None}
    day["queue_mae"] = None
    counts = ("crossings", "missed", "false", "not_measured", "stays", "queue_episodes")
    day["counts"] = dict.fromkeys(counts, 3)
    lines = list(store_table({"all": day, "quiet": day}))
    assert lines[0] == "| figure | all | quiet |"
    shown = "| crossing_recall | 0.500 (0.250 … 0.750) | 0.500 (0.250 … 0.750) |"
    assert shown in lines
    assert "| queue_mae | – | – |" in lines


def test_every_measured_part_has_a_table() -> None:
    assert set(TABLES) >= {"mot17", "mot17_full", "mot15_given", "reid", "store"}
