"""Which stores a reader may see.

`TRINETRA_REPORT_ACCESS` is a JSON object from a reader's e-mail to a list of store ids, for
example `{"anna@example.com": ["alder"], "head@example.com": ["*"]}`. Without it every store is
shown, as on a local install. With it, someone who has not signed in sees none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from contracts.errors import ConfigError

EVERY_STORE = "*"


class Access(msgspec.Struct, frozen=True):
    """Grants by reader; None means that nothing is restricted."""

    grants: Mapping[str, frozenset[str]] | None = None

    def visible(self, reader: str | None, stores: Iterable[str]) -> tuple[str, ...]:
        """Those of `stores` that `reader` may see, in the given order."""
        if self.grants is None:
            return tuple(stores)
        mine = self.grants.get((reader or "").lower(), frozenset())
        return tuple(store for store in stores if store in mine or EVERY_STORE in mine)


def parse_access(text: str) -> Access:
    """Read the mapping; `ConfigError` for anything but an object of lists of store ids."""
    if not text.strip():
        return Access()
    try:
        grants = msgspec.json.decode(text, type=dict[str, list[str]])
    except (msgspec.MsgspecError, UnicodeError):
        raise ConfigError(
            'TRINETRA_REPORT_ACCESS must be JSON like {"anna@example.com": ["store-id"]}'
        ) from None
    return Access({reader.lower(): frozenset(stores) for reader, stores in grants.items()})
