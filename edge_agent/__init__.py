"""The real-time agent: from camera pictures to durable events on a store's own hardware."""
