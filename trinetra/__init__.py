"""The front door: the `trinetra` command."""
