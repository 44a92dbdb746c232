"""The one shape that the sweep and the checks know of a driver."""

from __future__ import annotations

from typing import Protocol

from store.estate import Reading


class Driver(Protocol):
    """A connection to one device. All calls block and keep to the endpoint's limits. One thread at a time uses it; only
    :meth:`close` may come from another, while a :meth:`read` hangs."""

    def read(self) -> Reading:
        """Read everything the panes show. Raises :class:`backends.outcome.DeviceError` when the device as a whole could
        not be read; a bad row is a :class:`store.estate.Problem` in the reading instead."""

    def close(self) -> None:
        """Log out and close, within the limits; never raises."""
