"""`trinetra gateway`: receives batches from the edge."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from contracts.errors import ConfigError


def gateway(
    tokens: Annotated[
        Path, typer.Option(help='TOML with one line per store: shop-1 = "SHA-256 of its token".')
    ],
    data_dir: Annotated[
        Path, typer.Option(help="Holds landing/ and, without a URL, the embedded PostgreSQL.")
    ] = Path("var"),
    database_url: Annotated[
        str, typer.Option(envvar="TRINETRA_DATABASE_URL", help="PostgreSQL with the ledger.")
    ] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Receive batches from the edge until Ctrl-C or SIGTERM; one JSON line when it listens."""
    known = read_tokens(tokens)
    from orchestration.gateway.server import serve
    from orchestration.storage.postgres import migrate, postgres

    def announce(taken: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        facts = {"gateway": f"http://{shown}:{taken}", "port": taken, "stores": len(known)}
        typer.echo(msgspec.json.encode(facts).decode())

    with postgres(data_dir / "postgres", database_url or None) as url:
        migrate(url)
        serve(host, port, url=url, landing=data_dir / "landing", tokens=known, ready=announce)


def read_tokens(path: Path) -> dict[str, str]:
    """Store → SHA-256 (hex) of its bearer token; `ConfigError` names the file and the store."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    for store, digest in table.items():
        if not (isinstance(digest, str) and re.fullmatch(r"[0-9a-f]{64}", digest)):
            raise ConfigError(
                f"{path}: {store}: expected the token's SHA-256: printf %s TOKEN | sha256sum"
            )
    if not table:
        raise ConfigError(f"{path}: names no store")
    return dict(table)
