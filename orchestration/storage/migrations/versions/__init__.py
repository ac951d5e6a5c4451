"""One file per change of the warehouse, oldest first."""
