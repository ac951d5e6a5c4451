"""Pure functions of tables (polars): no storage, no Dagster, no clock."""
