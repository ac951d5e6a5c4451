"""From tracks to events: pure state machines, and the worker that feeds them."""
