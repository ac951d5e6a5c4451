"""Camera logins by reference: the configuration says where a login lies, never what it is."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from contracts.errors import SourceError


class Login:
    """User and password of a camera; its text form shows neither."""

    def __init__(self, user: str, password: str) -> None:
        self._user = user
        self._password = password

    def __repr__(self) -> str:
        return "Login(***)"

    def userinfo(self) -> str:
        """`user:password`, quoted for the authority of a URL."""
        return f"{quote(self._user, safe='')}:{quote(self._password, safe='')}"


def read_login(reference: str) -> Login | None:
    """The login behind `env:NAME` or `file:PATH` (holding `user:password`), None for "".

    `SourceError` names the reference, never its content.
    """
    if not reference:
        return None
    kind, _, where = reference.partition(":")
    if kind == "env":
        text = os.environ.get(where)
        if text is None:
            raise SourceError(f"credentials {reference}: not set")
    elif kind == "file":
        try:
            text = Path(where).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise SourceError(f"credentials {reference}: cannot be read") from None
    else:
        raise SourceError("credentials must be env:NAME or file:PATH")
    user, colon, password = text.strip().partition(":")
    if not (user and colon):
        raise SourceError(f"credentials {reference}: expected user:password")
    return Login(user, password)
