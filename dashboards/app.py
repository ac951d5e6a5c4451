"""The managers' reports: `streamlit run app.py`, started by `trinetra dashboards`."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from contracts.errors import TrinetraError
from dashboards.access import parse_access
from dashboards.warehouse import Warehouse

_STYLE = """<style>
[data-testid="stMainBlockContainer"] {max-width: 1400px; padding-top: 4rem; padding-bottom: 3rem;}
[data-testid="stMetricDelta"] {font-size: 0.85rem;}
</style>"""


@st.cache_resource(show_spinner=False)
def warehouse() -> Warehouse:
    """Made once for all sessions of this server: the only place that reads the environment."""
    url = os.environ.get("TRINETRA_DATABASE_URL", "")
    return Warehouse(url, parse_access(os.environ.get("TRINETRA_REPORT_ACCESS", "")))


def main() -> None:
    """Open the pages; an error that a reader can do something about is one line."""
    st.set_page_config(page_title="TRINETRA", page_icon="🏬", layout="wide")
    st.html(_STYLE)
    pages = [
        st.Page("app_pages/this_week.py", title="This week", default=True),
        st.Page("app_pages/floor_plan.py", title="Floor plan", url_path="floor-plan"),
    ]
    st.logo(str(Path(__file__).with_name("logo.svg")), size="large")
    page = st.navigation(pages, position="top")
    try:
        st.session_state["warehouse"] = warehouse()
        page.run()
    except TrinetraError as error:
        st.error(str(error))


main()
