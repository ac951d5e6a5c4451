"""`trinetra bench gallery`: one query against many templates, beside the limit and Qdrant."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from edge_agent.identity.appearance import Vector
from edge_agent.identity.gallery import Gallery, MemoryGallery

HITS = 32
WARM_UP = 20
SLOW_QUERIES = 50


def bench(
    templates: Annotated[int, typer.Option(min=1, help="Vectors in the gallery.")] = 10_000,
    size: Annotated[int, typer.Option(min=2, help="Numbers in a vector.")] = 256,
    queries: Annotated[int, typer.Option(min=10, help="Queries that are timed.")] = 2000,
    qdrant: Annotated[str, typer.Option(help="URL of a Qdrant server to time, too.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Milliseconds of one query with 32 hits; the limit is one product of matrix and vector."""
    rng = np.random.default_rng(1)
    rows = _unit(rng.standard_normal((templates, size)).astype(np.float32))
    asked = _unit(rng.standard_normal((queries, size)).astype(np.float32))
    memory = _filled(MemoryGallery(), rows, "in memory")
    figures = {
        "trinetra": _timed(lambda query: memory.search(query, HITS), asked),
        "numpy_limit": _timed(lambda query: rows @ query, asked),
        **_peers(rows, asked[:SLOW_QUERIES], qdrant),
    }
    told: dict[str, Any] = {"templates": templates, "size": size, "hits": HITS, "ms": figures}
    told["bytes"] = rows.nbytes
    told["gb_per_s"] = round(rows.nbytes / figures["trinetra"]["p50"] / 1e6, 2)
    told["ratio"] = round(figures["trinetra"]["p50"] / figures["numpy_limit"]["p50"], 2)
    if as_json:
        typer.echo(json.dumps(told))
        return
    _show(told)


def _peers(rows: Vector, asked: Vector, url: str) -> dict[str, dict[str, float]]:
    """Qdrant's own client in memory (exact, in Python), and a server where one is named."""
    if importlib.util.find_spec("qdrant_client") is None:
        return {}
    from qdrant_client import QdrantClient

    from edge_agent.identity.gallery_qdrant import QdrantGallery

    galleries = {"qdrant_client_memory": QdrantGallery(QdrantClient(":memory:"), "bench")}
    if url:
        galleries["qdrant_server"] = QdrantGallery.at(url, "bench")
    found = {}
    for name, gallery in galleries.items():
        gallery.begin_day("bench")
        _filled(gallery, rows, name)
        found[name] = _timed(lambda query, g=gallery: g.search(query, HITS), asked)  # type: ignore[misc]
        gallery.begin_day("bench")
    return found


def _filled(gallery: Gallery, rows: Vector, name: str) -> Gallery:
    console = Console(stderr=True)
    for number in track(range(len(rows)), f"filling {name}", console=console, transient=True):
        gallery.put(f"p{number}", "camera", rows[number])
    return gallery


def _timed(ask: Callable[[Vector], object], asked: Vector) -> dict[str, float]:
    for query in asked[:WARM_UP]:
        ask(query)
    took = np.empty(len(asked))
    for number, query in enumerate(asked):
        began = time.perf_counter()
        ask(query)
        took[number] = time.perf_counter() - began
    p50, p99 = np.percentile(1000 * took, (50, 99))
    return {"p50": round(float(p50), 4), "p99": round(float(p99), 4)}


def _unit(rows: Vector) -> Vector:
    whole: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return whole


def _show(told: dict[str, Any]) -> None:
    table = Table(title=f"1 query, {told['templates']} × {told['size']}, {told['hits']} hits")
    for column in ("gallery", "p50, ms", "p99, ms"):
        table.add_column(column)
    for name, figure in told["ms"].items():
        table.add_row(name, f"{figure['p50']:.3f}", f"{figure['p99']:.3f}")
    console = Console()
    console.print(table)
    console.print(f"{told['ratio']} × the limit; {told['gb_per_s']} GB/s")
