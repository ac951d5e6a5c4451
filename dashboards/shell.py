"""What every page does first: which store, may this reader see it, and is there anything yet."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NoReturn, TypeVar

import msgspec
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from contracts.metrics import METRICS
from dashboards import words
from dashboards.hours import TRUSTED, Gold
from dashboards.opening import Opening, opening_of
from dashboards.warehouse import Warehouse

T = TypeVar("T")
START_HINT = (
    "**No events yet.** Start the agent with `trinetra run --config store.toml` (or try "
    "`trinetra demo`), and keep the gateway and Dagster running. This page refreshes itself."
)
_STORE_HINT = (
    "**No values from {} yet.** Its plan has arrived; the first numbers follow as soon as "
    "Dagster has materialized its events. This page refreshes itself."
)


class Store(msgspec.Struct, frozen=True):
    """A store as the pages use it."""

    id: str
    name: str
    zone: str
    opening: Opening
    days: tuple[date, ...]

    def began(self, gold: Gold, since: date) -> datetime | None:
        """When its first row ever began, or a time before `since` if it was earlier.

        `gold` holds all rows from `since` on.
        """
        if self.days[0] < since:
            return datetime.combine(since, time()) - timedelta(days=1)
        return gold.first_start()

    def now(self) -> datetime:
        """Local time of the store, without a zone like all times of the frames."""
        return datetime.now(UTC).astimezone(zoneinfo.ZoneInfo(self.zone)).replace(tzinfo=None)


def warehouse() -> Warehouse:
    """What app.py put down for this session."""
    found = st.session_state["warehouse"]
    assert isinstance(found, Warehouse)
    return found


def open_store(place: DeltaGenerator) -> Store:
    """Let the reader pick one of their stores in `place`; stops the page when there is none."""
    gold = warehouse()
    rows = gold.stores()
    if not rows:
        _nothing_yet(START_HINT, lambda: bool(gold.stores()))
    mine = gold.access.visible(_reader(), rows)
    if not mine:
        st.info("**No store is shared with you yet.** Ask whoever runs TRINETRA for access.")
        st.stop()
    chosen = pick(
        place,
        "Store",
        mine,
        "store",
        text=str,
        default=mine[0],
        written=lambda store: str(rows[store]["name"]),
        refused="There is no store “{}” that you may see; this is another one.",
    )
    row, days = rows[chosen], gold.days(chosen)
    if not days:
        hint = _STORE_HINT.format(words.plain(row["name"]))
        _nothing_yet(hint, lambda: bool(gold.days(chosen)))
    opening = opening_of(row["opens"], row["closes"])
    return Store(chosen, row["name"], row["time_zone"], opening, days)


def pick(
    place: DeltaGenerator,
    label: str,
    options: Sequence[T],
    name: str,
    *,
    text: Callable[[T], str],
    default: T,
    written: Callable[[T], str],
    refused: str = "",
) -> T:
    """A select box that begins with the link's `?name=` and writes its choice back there.

    `text` is how an option stands in the link. A value that the link asks for and that is no
    option gives the warning `refused` and the default. The choice survives a change of page.
    """
    key, last = f"pick {name}", f"last {name}"
    known = {text(option): option for option in options}
    asked = st.query_params.get(name)
    chosen = st.session_state.get(key)
    if chosen not in options:
        remembered = asked if asked is not None else st.session_state.get(last)
        chosen = known.get(str(remembered), default)
        if asked is not None and asked not in known and refused and last not in st.session_state:
            st.warning(refused.format(words.plain(asked[:40])))
    st.session_state[key] = chosen  # set every time, or another page's box would begin anew
    chosen = place.selectbox(label, options, format_func=written, key=key)
    remember(name, text(chosen))
    st.session_state[last] = text(chosen)
    return chosen


def remember(name: str, value: str) -> None:
    """Write one choice into the page's link."""
    if st.query_params.get(name) != value:
        st.query_params[name] = value


def coverage_badge(share: float | None) -> None:
    """How much of the number was watched, in words and colour."""
    if share is None:
        st.badge("not watched", color="gray")
    elif share >= TRUSTED:
        st.badge(f"✓ {words.share(share)} watched", color="green")
    else:
        st.badge(f"! {words.share(share)} watched", color="orange")


def definition(*names: str) -> None:
    """A small popover with the registry's definition of metrics."""
    found = {metric.name: metric for metric in METRICS}
    with st.popover("What does this mean?", type="tertiary"):
        for metric in (found[name] for name in names):
            st.markdown(
                f"**{metric.title}** ({metric.unit}): {words.plain(metric.formula)}\n\n"
                f"*Counted per* {words.plain(metric.grain)}. *When it is missing:* "
                f"{words.plain(metric.null_rule)}."
            )


def phone() -> bool:
    """True if the reader's browser says that it is one of a phone."""
    return "Mobi" in st.context.headers.get("User-Agent", "")


def dark() -> bool:
    """True if the reader's page is dark."""
    return st.context.theme.get("type") == "dark"


def _nothing_yet(hint: str, arrived: Callable[[], bool]) -> NoReturn:
    """The empty state: says what to do and looks again by itself."""
    st.info(hint)

    @st.fragment(run_every=5)
    def look_again() -> None:
        warehouse().forget()
        if arrived():
            st.rerun()

    look_again()
    st.stop()


def _reader() -> str | None:
    """E-mail of the signed-in reader, None where nobody signs in."""
    email = st.user.get("email")
    return str(email) if email else None
