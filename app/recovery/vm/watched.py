"""The replicated VMs of the configuration, as the console checks them over and over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from app.recovery.draft import CannotPlanError
from app.recovery.operations import Operations
from app.recovery.pra.watch import Found, Pace
from store.readiness_view import ReadinessView

PACE = Pace(soon=5.0, least=60.0, later=120.0, latest=300.0)
"""A check reads all machines of both servers, and some machine of a large one changes all the time."""


class Vms:
    """All of them, with room at the other side for all together."""

    soon, later = frozenset({"vm", "esxi"}), frozenset({"datastore", "vcenter"})

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def begin(self, view: ReadinessView, why_not: str) -> frozenset[str]:
        replications = self._operations.settings.replications
        if not replications:
            view.cover(None, "the configuration replicates no VM: see [[replications]]")
            return frozenset()
        view.cover(None, why_not)
        return frozenset() if why_not else frozenset(n for one in replications for n in (one.source, one.destination))

    def look(self, without: Mapping[str, str]) -> Found:
        from app.recovery.vm.operate import ready

        try:
            every, found = ready(self._operations, ["*"], without)
        except CannotPlanError:  # the configuration was read anew, and replicates nothing any more
            return Found(datetime.now(UTC), (), {}, True, {})
        sides = {side.device: side for at in every for side in (at.source, at.target)}
        unread = {name: side.failure for name, side in sides.items() if not side.read}
        taken = {name: side.taken_at for name, side in sides.items()}
        return Found(every[0].now, found, unread, True, taken)
