"""Alembic migrations of the warehouse: schemas `ledger` and `gold`."""
