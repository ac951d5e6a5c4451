"""Ingest: one process per camera turns packets into frames in the camera's ring."""
