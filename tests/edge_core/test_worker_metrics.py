"""Sample texts: what is written can be read again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.worker_metrics import Histogram, parsed, sample

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)


@given(NAMES, st.dictionaries(NAMES.filter(lambda name: name != "name"), st.text(), max_size=4))
def test_samples_survive_the_way(name: str, labels: dict[str, str]) -> None:
    assert parsed(sample(name, **labels)) == (name, labels)


@given(st.text(max_size=40))
def test_any_text_is_a_sample_or_none(text: str) -> None:
    assert parsed(text) is None or parsed(text)


def test_histograms_are_cumulative() -> None:
    histogram = Histogram("wait_ms", (1, 10), camera="till")
    for value in (0.5, 1.0, 5.0, 100.0):
        histogram.observe(value)
    assert histogram.samples() == {
        'wait_ms_bucket{camera="till",le="1"}': 2.0,
        'wait_ms_bucket{camera="till",le="10"}': 3.0,
        'wait_ms_bucket{camera="till",le="+Inf"}': 4.0,
        'wait_ms_sum{camera="till"}': 106.5,
        'wait_ms_count{camera="till"}': 4.0,
    }
