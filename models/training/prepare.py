"""Unpack the training images: ``python -m models.training.prepare --assets DIR --work DIR``.

Rendered frames come from the simulator's own command (see the README beside this file).
"""

from __future__ import annotations

import argparse
import shutil
import zipfile
from pathlib import Path

from models.catalog import file_sha256

ZIPS = {
    "openimages_people.zip": "a7822a2f8fa88f0de74615dc5c9d772b17d3249bf6146a298c2b117b86ace093",
    "clips.zip": "32d5499d0b85535dccbb2f989154e5f7bd89dd0f5a9cba4140cdb54f41441769",
}
COCO = "coco128_person"


def unpack(archive: Path, sha256: str, data: Path) -> None:
    """Extract an archive whose bytes are the expected ones."""
    found = file_sha256(archive)
    if found != sha256:
        raise SystemExit(f"{archive}: expected sha256 {sha256}, found {found}")
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(data)


def main() -> None:
    """Fill ``WORK/data`` with one folder per set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    args = parser.parse_args()
    data = args.work / "data"
    data.mkdir(parents=True, exist_ok=True)
    for name, sha256 in ZIPS.items():
        unpack(args.assets / "train" / name, sha256, data)
    for part in ("images", "labels"):
        (data / COCO / part).mkdir(parents=True, exist_ok=True)
        for path in (args.assets / "images" / COCO / part).iterdir():
            shutil.copyfile(path, data / COCO / part / path.name)
    for folder in sorted(data.iterdir()):
        print(f"{folder.name}: {len(list((folder / 'images').iterdir()))} images")


if __name__ == "__main__":
    main()
