"""Logins by reference; neither errors nor representations show them."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import SourceError
from edge_agent.credentials import read_login


def test_no_reference_is_no_login() -> None:
    assert read_login("") is None


def test_env_and_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA_LOGIN", "adm in:p@ss:w/rd")
    (tmp_path / "login").write_text("root:x\n")
    one, two = read_login("env:CAMERA_LOGIN"), read_login(f"file:{tmp_path / 'login'}")
    assert one
    assert one.userinfo() == "adm%20in:p%40ss%3Aw%2Frd"
    assert two
    assert two.userinfo() == "root:x"
    assert "p@ss" not in f"{one!r} {one}"


@pytest.mark.parametrize("text", ["", "hunter2", ":hunter2"])
def test_text_that_is_no_login_is_refused_without_showing_it(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMERA_LOGIN", text)
    with pytest.raises(SourceError, match="expected user:password") as caught:
        read_login("env:CAMERA_LOGIN")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("reference", ["env:NOT_SET_ANYWHERE", "file:/nowhere/login", "hunter2"])
def test_references_that_lead_nowhere(reference: str) -> None:
    with pytest.raises(SourceError, match=r"not set|cannot be read|must be"):
        read_login(reference)
