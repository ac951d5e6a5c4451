"""The models TRINETRA knows, and where their files come from.

``catalog.toml`` says what each model is; ``resolve`` finds its file and checks every byte of it.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from contracts.errors import ModelError
from models.download import Progress, download
from models.letterbox import Place

CATALOG = Path(__file__).with_name("catalog.toml")
BUNDLED = Path(__file__).with_name("weights")
CARDS = Path(__file__).with_name("cards")
DEFAULT_DETECTOR = "person-trinetra-nano"
DEFAULT_EMBEDDER = "person-embed-trinetra"

Task = Literal["person-detection", "person-embedding"]
OutputForm = Literal[
    "boxes-scores",
    "mmdet",
    "end-to-end",
    "yolox",
    "yolov5",
    "yolov8",
    "yolov8-rows",
    "detr",
    "embedding",
]
Classes = Annotated[tuple[Annotated[int, msgspec.Meta(ge=0)], ...], msgspec.Meta(min_length=1)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
ScoreForm = Literal["probability", "sigmoid", "softmax"]


class InputSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a network eats: float32 ``[N, 3, H, W]``, ``(pixel - mean) / std`` per channel.

    ``layout`` "nhwc" is ``[N, H, W, 3]``.  An embedder's crop is stretched to ``size``; for a
    detector:

    The frame lies at ``place``, the rest is ``pad``.  Height and width are multiples of
    ``stride``; ``size`` (width, height) is the bound that the frame is fitted into by default, and
    the only possible input where the graph is ``fixed``.
    """

    layout: Literal["nchw", "nhwc"] = "nchw"
    colour: Literal["bgr", "rgb"] = "bgr"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    pad: int = 114
    place: Place = "top-left"
    stride: int = 32
    size: tuple[int, int] = (416, 416)
    fixed: bool = False


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model of the catalog; ``threshold`` is the score from which it is sure.

    Scores of different models do not compare, hence the threshold belongs here.  An embedder's is
    a cosine: 1 % of the pairs of different people score above it.

    A detector's ``output`` is one of the forms of ``models.outputs``, in the graph's ``outputs`` of
    these names, or in all of them in order.  Boxes of the ``classes`` are kept, whatever class they
    show; of two that overlap by more than ``nms_iou`` one (1: both, the graph has done it).
    """

    name: str
    task: Task
    file: str
    licence: str
    origin: str
    url: str | None = None
    sha256: str
    bytes: int
    input: InputSpec
    output: OutputForm
    outputs: tuple[str, ...] = ()
    classes: Classes = (0,)
    scores: ScoreForm = "probability"
    nms_iou: Share = 0.6
    threshold: float
    card: str


@dataclass(frozen=True)
class ResolvedModel:
    """A model whose file lies at ``path`` and is what the catalog says."""

    entry: ModelEntry
    path: Path


@cache
def catalog() -> dict[str, ModelEntry]:
    """All entries by name."""
    table = tomllib.loads(CATALOG.read_text(encoding="utf-8"))
    entries = msgspec.convert(table["model"], list[ModelEntry])
    return {entry.name: entry for entry in entries}


def find(name: str) -> ModelEntry:
    """The entry of that name; ``ModelError`` lists the known names."""
    entry = catalog().get(name)
    if entry is None:
        known = ", ".join(sorted(catalog()))
        raise ModelError(f"unknown model {name!r}; known models: {known} (or a path to an .onnx)")
    return entry


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, as hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verify(entry: ModelEntry, path: Path) -> Path:
    """Return ``path`` if its bytes are those of the entry, else raise ``ModelError``."""
    found = file_sha256(path)
    if found != entry.sha256:
        raise ModelError(
            f"{path} is not {entry.name}: expected sha256 {entry.sha256}, found {found}"
        )
    return path


def resolve(
    name_or_path: str | Path,
    *,
    mirror: Path | None = None,
    cache_dir: Path | None = None,
    on_progress: Progress | None = None,
) -> ResolvedModel:
    """Find a model: a path, the bundled weights, the mirror folder, the cache, its public source.

    A path may be any ONNX person detector of a supported form.  Whatever has a catalog entry is
    checked against its SHA-256.  ``cache_dir`` defaults to ``~/.cache/trinetra/models``.

    Raises:
        ModelError: unknown, missing, altered, not to be had, or not a form we can read.
    """
    text = str(name_or_path)
    if Path(text).suffix or "/" in text:
        return resolve_path(Path(text))
    entry = find(text)
    cache_folder = cache_dir or Path.home() / ".cache" / "trinetra" / "models"
    for folder in (BUNDLED, mirror, cache_folder):
        if folder is not None and (folder / entry.file).is_file():
            return ResolvedModel(entry, verify(entry, folder / entry.file))
    if entry.url is None:
        raise ModelError(f"{entry.name}: {entry.file} is neither bundled nor in a model mirror")
    target = cache_folder / entry.file
    download(entry.url, target, sha256=entry.sha256, on_progress=on_progress)
    return ResolvedModel(entry, target)


def resolve_path(path: Path) -> ResolvedModel:
    """A model file named by its path: known by its hash, or described from its own graph."""
    if path.suffix == ".pt":
        raise ModelError(f"{path}: PyTorch files are not run here; export the model to ONNX first")
    if path.suffix != ".onnx":
        raise ModelError(f"{path}: not an .onnx file")
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    digest = file_sha256(path)
    for entry in catalog().values():
        if entry.sha256 == digest:
            return ResolvedModel(entry, path)
        if entry.file == path.name:
            verify(entry, path)
    from models.describe import describe  # needs onnxruntime, which a catalog listing does not

    return ResolvedModel(describe(path, digest), path)
