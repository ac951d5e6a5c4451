"""Read ahead: one thread makes what another will need next."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import Any, NamedTuple, TypeVar

Item = TypeVar("Item")


class _End(NamedTuple):
    """Nothing comes any more; `error` is why, if it was not the natural end."""

    error: BaseException | None


def ahead(items: Iterable[Item], depth: int) -> Generator[Item, None, None]:
    """The same items, up to `depth` of them made in advance by a thread.

    An exception is raised where its item would have come. Closing the iterator stops the thread.
    """
    ready: queue.Queue[Any] = queue.Queue(depth)
    stopped = threading.Event()
    worker = threading.Thread(target=_fill, args=(items, ready, stopped), daemon=True)
    worker.start()
    try:
        while not isinstance(item := ready.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stopped.set()
        worker.join()


def _fill(items: Iterable[Any], ready: queue.Queue[Any], stopped: threading.Event) -> None:
    end = _End(None)
    try:
        for item in items:
            if not _put(ready, item, stopped):
                return
    except BaseException as error:  # noqa: BLE001 - raised again where it is read
        end = _End(error)
    _put(ready, end, stopped)


def _put(ready: queue.Queue[Any], item: Any, stopped: threading.Event) -> bool:
    """False if nobody wants items any more."""
    while not stopped.is_set():
        try:
            ready.put(item, timeout=0.1)
        except queue.Full:
            continue
        return True
    return False
