"""Region shards: a fixed number of groups of stores, the second dimension of partitions."""

from __future__ import annotations

import zlib

REGIONS = tuple(f"r{number:02d}" for number in range(16))


def region_of(store_id: str) -> str:
    """The shard of a store: CRC-32 of its id modulo 16, the same on every machine for ever."""
    return REGIONS[zlib.crc32(store_id.encode()) % len(REGIONS)]
