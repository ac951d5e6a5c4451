"""What Dagster runs, one folder per domain."""
