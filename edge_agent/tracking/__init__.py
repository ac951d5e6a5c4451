"""Tracking: frames to detections, detections to one person's track over time."""
