"""`trinetra run`: the agent in the foreground."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from contracts.errors import ConfigError
from contracts.store import StoreConfig, load_store

MIRROR = "TRINETRA_MODEL_MIRROR"


def run(
    config: Annotated[Path | None, typer.Option(help="The store's configuration, TOML.")] = None,
    source: Annotated[
        str | None,
        typer.Option(help="One video file or rtsp:// camera, without a configuration."),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Where the spool lives; else as configured, with --source ./var."),
    ] = None,
    model: Annotated[str, typer.Option(help="Detector: a catalog name or an .onnx file.")] = "",
    runtime: Annotated[
        str, typer.Option(help="Engine of the detector, or auto; see `trinetra models benchmark`.")
    ] = "",
    precision: Annotated[str, typer.Option(help="auto, fp32, fp16 or int8.")] = "",
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of /health and /metrics, 0 = any.")
    ] = None,
    credentials: Annotated[
        str, typer.Option(help="With --source: env:NAME or file:PATH that holds user:password.")
    ] = "",
) -> None:
    """Run the agent until Ctrl-C or SIGTERM; nothing that was seen is lost by a clean stop."""
    from edge_agent.agent import check_source, config_for_source, run_agent
    from edge_agent.config_change import ConfigFile

    if (config is None) == (source is None):
        raise ConfigError("give either --config store.toml or --source VIDEO|rtsp://…")
    named = {"model": model, "runtime": runtime, "precision": precision}

    def amend(read: StoreConfig) -> StoreConfig:
        return _with_options(read, data_dir, port, named)

    file = None
    if config is not None:
        file, loaded = ConfigFile(config, amend), load_store(config)
    else:
        assert source is not None
        check_source(source)
        loaded = config_for_source(source, data_dir or Path("var"), credentials=credentials)
    raise typer.Exit(run_agent(amend(loaded), ready=_announce, file=file))


def _with_options(
    config: StoreConfig, data_dir: Path | None, port: int | None, named: dict[str, str]
) -> StoreConfig:
    """The command line wins over the file; the mirror may also come from the environment."""
    agent = config.agent
    changes: dict[str, Any] = {key: text for key, text in named.items() if text}
    if data_dir is not None:
        changes["data_dir"] = str(data_dir.resolve())
    if port is not None:
        changes["port"] = port
    if not agent.model_mirror and os.environ.get(MIRROR):
        changes["model_mirror"] = str(Path(os.environ[MIRROR]).resolve())
    return msgspec.structs.replace(config, agent=msgspec.structs.replace(agent, **changes))


def _announce(facts: dict[str, Any]) -> None:
    """One JSON line on stdout, for whoever started us."""
    typer.echo(msgspec.json.encode(facts).decode())
