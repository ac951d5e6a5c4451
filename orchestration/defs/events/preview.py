"""A small picture of the heatmap for Dagster's UI, drawn without an image library."""

from __future__ import annotations

import base64
import datetime as dt
import struct
import zlib

import dagster as dg
import sqlalchemy as sa

from orchestration.storage.tables import heatmap_tiles

_VIRIDIS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
_CELL_PX = 6
_SIDE_MAX = 400

Cells = dict[tuple[int, int], float]


def heatmap_preview(
    database: sa.Engine, day: dt.date, region: str
) -> dict[str, dg.MetadataValue[str]]:
    """Metadata with the heatmap of the partition's busiest store; {} if nobody was seen."""
    store, cells = _busiest(database, day, region)
    if not cells:
        return {}
    text = base64.b64encode(png(cells)).decode()
    picture = f"![presence](data:image/png;base64,{text})\n\n{store}, {day.isoformat()}"
    return {"preview": dg.MetadataValue.md(picture)}


def png(cells: Cells) -> bytes:
    """A PNG of {(x, y): seconds}: x right, y down, empty white, dark to light by square root."""
    width = min(max(x for x, _ in cells) + 1, _SIDE_MAX)
    height = min(max(y for _, y in cells) + 1, _SIDE_MAX)
    top = max(cells.values()) or 1.0
    lines = bytearray()
    for y in range(height):
        row = b"".join(bytes(_colour(cells.get((x, y)), top)) * _CELL_PX for x in range(width))
        lines += (b"\x00" + row) * _CELL_PX
    header = struct.pack(">IIBBBBB", width * _CELL_PX, height * _CELL_PX, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(lines), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _busiest(database: sa.Engine, day: dt.date, region: str) -> tuple[str, Cells]:
    table = heatmap_tiles.c
    own = (table.business_date == day) & (table.region == region) & (table.kind == "presence")
    total = sa.func.sum(table.seconds)
    with database.connect() as connection:
        store = connection.execute(
            sa.select(table.store_id)
            .where(own)
            .group_by(table.store_id)
            .order_by(total.desc(), table.store_id)
            .limit(1)
        ).scalar()
        rows = connection.execute(
            sa.select(table.x, table.y, total)
            .where(own, table.store_id == store, table.x >= 0, table.y >= 0)
            .group_by(table.x, table.y)
        )
        return store or "", {(x, y): seconds for x, y, seconds in rows}


def _colour(seconds: float | None, top: float) -> tuple[int, int, int]:
    if not seconds:
        return (255, 255, 255)
    place = min(1.0, (seconds / top) ** 0.5) * (len(_VIRIDIS) - 1)
    low = min(int(place), len(_VIRIDIS) - 2)
    share = place - low
    red, green, blue = (
        round(a + (b - a) * share) for a, b in zip(_VIRIDIS[low], _VIRIDIS[low + 1], strict=True)
    )
    return (red, green, blue)


def _chunk(kind: bytes, content: bytes) -> bytes:
    sized = struct.pack(">I", len(content)) + kind + content
    return sized + struct.pack(">I", zlib.crc32(kind + content))
