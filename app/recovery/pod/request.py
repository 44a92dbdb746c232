"""What an operator asks of a pod."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

WAIT_S = 900.0
"""How long it may take until an act is seen to be done, where nothing else is said."""


class PodVerb(StrEnum):
    DEMOTE = "demote"
    PROMOTE = "promote"
    UNDO = "undo"


class Asked(Struct, frozen=True):
    """``on`` is the device that has the pod, None: the only one that fits. ``disaster``: promoted, or demoted at the
    end of a drill, although its source is silent; ``drill``: promoted although the other side stays so; ``discard``:
    demoted at once, without what is pending. ``undo`` names the undo-demote pod to go back to, None: the only one.
    ``wait_s`` bounds each wait."""

    verb: PodVerb
    pod: str
    on: str | None = None
    disaster: bool = False
    drill: bool = False
    discard: bool = False
    undo: str | None = None
    wait_s: float = WAIT_S

    @property
    def word(self) -> str:
        """What the plan is called by: a promotion for a drill is none that anything is served from."""
        return "drill" if self.verb is PodVerb.PROMOTE and self.drill else str(self.verb)
