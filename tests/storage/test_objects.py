"""Landing keeps objects whole or not at all, and inside its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import CloudError
from orchestration.storage.landing_reader import LandingReader
from orchestration.storage.objects import Landing


def test_what_is_written_is_read_back_and_replaced_whole(tmp_path: Path) -> None:
    landing, reader = Landing(tmp_path / "landing"), LandingReader(str(tmp_path / "landing"))
    for body in (b"first, and longer", b"second"):
        landing.write("shop/boot/1", body)
        assert reader.read("shop/boot/1") == body
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 1, "no temporary file stays"


@pytest.mark.parametrize("key", ["../out", "a/../../out", "/etc/out"])
def test_a_key_cannot_leave_the_folder(tmp_path: Path, key: str) -> None:
    with pytest.raises(CloudError, match="leaves the landing folder"):
        Landing(tmp_path / "landing").write(key, b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / "landing").write_bytes(b"a file")
    with pytest.raises(CloudError, match="landing cannot be written"):
        Landing(tmp_path / "landing").write("shop/boot/1", b"x")
