"""A store with ground truth: people, cameras, rendered frames, RTSP."""
