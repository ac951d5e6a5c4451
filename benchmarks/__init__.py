"""Measurements that anyone can repeat; each prints what `docs/` quotes."""
