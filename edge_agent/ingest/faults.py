"""What went wrong with a source, in fixed phrases: library errors carry URLs and passwords."""

from __future__ import annotations

import av

Fault = Exception
OPEN_ERRORS: tuple[type[Exception], ...] = (
    av.error.FFmpegError,
    OSError,
    ValueError,
    EOFError,
    MemoryError,
)
_PHRASES: tuple[tuple[type[Exception], str], ...] = (
    (av.error.HTTPUnauthorizedError, "wrong user or password"),
    (av.error.HTTPForbiddenError, "access is forbidden"),
    (av.error.HTTPNotFoundError, "no such stream"),
    (av.error.HTTPClientError, "the camera refuses the request"),
    (av.error.HTTPServerError, "the camera has an error"),
    (av.error.ExitError, "the camera does not answer"),
    (TimeoutError, "the camera does not answer"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionResetError, "connection lost"),
    (BrokenPipeError, "connection lost"),
    (FileNotFoundError, "no such file"),
    (IsADirectoryError, "is a folder"),
    (PermissionError, "no permission"),
    (av.error.InvalidDataError, "not a video that can be read"),
    (av.error.DecoderNotFoundError, "unknown video codec"),
    (EOFError, "connection ended"),
    (OSError, "the camera cannot be reached"),
)
UNREADABLE = "cannot be read"


def phrase_of(error: BaseException) -> str:
    """A fixed phrase for `error`; nothing of the error's own text."""
    for kind, phrase in _PHRASES:
        if isinstance(error, kind):
            return phrase
    return UNREADABLE
