"""The watch of a configuration, on its devices and its store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from app.auto_records import AutoGroup
from app.notify.telling import of_watch
from app.recovery.auto.arming import Prepared, arm_checks
from app.recovery.auto.conditions import loss_s
from app.recovery.auto.gather import Eyes
from app.recovery.auto.port import Recovery
from app.recovery.auto.vm_plans import VmPlans
from app.recovery.auto.vms import VmRecovery
from app.recovery.auto.watch import Told, Watch, window_of
from app.recovery.operations import Operations, holder
from app.settings_records import Settings
from store.auto import AutoStore
from store.database import open_store
from store.ledger import Ledger
from store.readiness import Check


def recovery(operations: Operations) -> Recovery:
    """How groups are recovered."""
    plans = VmPlans(operations)
    return VmRecovery(operations, plans.draw, plans.digest, plans.drill, plans.checks, plans.targets)


class Reached:
    """The devices of a configuration, reached for as long as this is entered, beside the ``auto`` part of its store."""

    def __init__(self, settings: Settings, auto: AutoStore) -> None:
        self._settings = settings
        self._auto = auto

    def __enter__(self) -> Reached:
        self._store = open_store(self._auto.path)
        self._ledger = Ledger(self._auto.path)
        self._operations = Operations(self._settings, self._store, self._ledger)
        self._recovery = recovery(self._operations)
        return self

    def __exit__(self, *_: object) -> None:
        self._operations.devices.abandon()
        self._operations.devices.rest()
        self._ledger.close()
        self._store.close()

    @property
    def operations(self) -> Operations:
        return self._operations

    def watch(self, tell: Callable[[Told], None]) -> Watch:
        """``tell`` may be called from any thread."""
        return watch(self._operations, self._auto, self._recovery, tell, read_only=self._settings.read_only)

    def checks(self, group: AutoGroup, bound_s: float | None) -> tuple[Check, ...]:
        """As of :func:`checks`."""
        return checks(self._auto, self._recovery, group, bound_s)


def checks(auto: AutoStore, acts: Recovery, group: AutoGroup, bound_s: float | None) -> tuple[Check, ...]:
    """What stands against arming a group, on a look now. ``bound_s`` None: what was accepted, if anything was."""
    drill, digest = acts.drill(group), acts.digest(group)
    replicas, found = acts.replicas(group), acts.checks(group)
    now, arming = datetime.now(UTC), auto.arming(group.name)
    if bound_s is None and arming is not None and arming.ended_at is None:
        bound_s = arming.bound_s
    seen = Prepared(
        drill=drill,
        digest=digest,
        checks=found,
        standing=auto.standing(group.name),
        shadows=auto.shadows(group.name, most=10_000),
        window=window_of(auto.windows(), group, now),
        bound_s=bound_s,
        loss_s=None if replicas is None else loss_s(replicas, now),
        arming=arming,
    )
    return arm_checks(seen, now)


def watch(
    operations: Operations,
    store: AutoStore,
    acts: Recovery,
    tell: Callable[[Told], object],
    *,
    read_only: bool,
) -> Watch:
    """The watch of a console, which goes on until it is stopped; ``read_only``: nothing is begun by it. Operators are
    told of what it sees where the configuration says how."""
    settings, post = operations.settings, of_watch(operations)

    def told(what: Told) -> None:
        tell(what)
        post(what)

    eyes = Eyes(settings.auto, settings.devices, operations.devices, acts)
    return Watch(settings.auto, store, eyes, acts, holder(), told, read_only=read_only)
