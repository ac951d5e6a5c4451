"""What crosses a seam between the edge, the cloud, the reports and the simulator."""
