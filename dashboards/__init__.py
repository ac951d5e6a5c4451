"""Streamlit reports for store managers, fed by the gold tables only."""
