"""What the screen of compliance shows, in memory. The records behind it are loaded when it is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.compliance import Compliance


class ComplianceView:
    """What the screen shows; ``now`` None: it was not looked at yet. Written by one thread and read by others."""

    def __init__(self) -> None:
        self.version = 0
        self.now: Compliance | None = None

    def take(self, found: Compliance) -> None:
        self.now = found
        self.version += 1
