"""Engines that run a network; each is imported only where it is chosen."""
