"""Fakes of outside things; each takes all of its state in the constructor."""
