"""From what is asked of a protection group to a plan: which devices, a look, guards and steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from app.connect import host_key
from app.known_devices import KnownDevicesError
from app.recovery import prediction
from app.recovery.draft import CannotPlanError, merged
from app.recovery.operations import Operations
from app.recovery.pg import gather, plans
from app.recovery.pg.request import Request, Restore
from app.recovery.pg.situation import CloneDraft, DatabaseNow, RestoreDraft
from app.recovery.step import UnseenError
from app.settings_records import DeviceSettings, Settings
from backends.flasharray.looks import ArrayItself, GroupAsked
from store.estate import DeviceKind
from store.runs import Plan


def plan_clone(operations: Operations, asked: Request, run_id: str) -> Plan:
    """Look, and draw up the plan for a snapshot and, where a target group is given, its clone. Raises
    :class:`UnseenError` where an array cannot be read."""
    at = gather.clone(operations.devices, asked)
    if asked.database is not None and at.snapshot is None:
        at = replace(at, database=_database(operations.settings, asked.database))
    draft = CloneDraft(at, "s", run_id)
    plans.draw_clone(draft, asked)
    plan = merged("snapshot" if asked.onto is None else "clone", [draft])
    return prediction.predicted(plan, operations.ledger.durations)


def volume_snapshots(operations: Operations, asked: Request) -> tuple[str, ...]:
    """The names of the volume snapshots that are asked for, where they are cloned from. Raises as above."""
    return tuple(source.snapshot for source in plans.wanted(gather.clone(operations.devices, asked), asked)[0])


def plan_restore(operations: Operations, asked: Restore, run_id: str) -> Plan:
    """The same for a restore of a whole group from one of its own snapshots."""
    draft = RestoreDraft(gather.restore(operations.devices, asked), "s", run_id)
    plans.draw_restore(draft, asked)
    return prediction.predicted(merged("restore", [draft]), operations.ledger.durations)


def database_of(settings: Settings, group: str) -> str:
    """The one database of the configuration that lies on a protection group of this name. Raises
    :class:`CannotPlanError`."""
    found = [database.name for database in settings.databases if group in database.groups]
    if len(found) == 1:
        return found[0]
    if found:
        raise CannotPlanError(
            f"More than one database of the configuration lies on {group}: {', '.join(found)}. One can be put into "
            "backup mode: leave the group to that one"
        )
    raise CannotPlanError(
        f"No database of the configuration lies on {group}: nothing is known that could be put into backup mode. Name "
        "the group in a table [[databases]]"
    )


def _database(settings: Settings, name: str) -> DatabaseNow:
    database = settings.database(name)
    if database is None:
        raise CannotPlanError(f"The configuration has no database {name}")
    try:
        believed, identity = host_key(settings, database)
    except KnownDevicesError as error:
        raise CannotPlanError(str(error)) from None
    commands = (database.begin, database.end, database.status)
    return DatabaseNow(name, f"{database.user}@{database.host}", *commands, believed, identity)


def array_of(operations: Operations, group: str) -> str:
    """The one FlashArray of the configuration that has a group of this name of its own. Raises
    :class:`CannotPlanError`."""
    found, failed = _asked(operations, _arrays(operations), lambda device: _is_local(operations, device, group))
    if len(found) == 1:
        return found[0]
    silent = f"; not read: {', '.join(failed)}" if failed else ""
    if found:
        raise CannotPlanError(
            f"More than one array has a protection group {group}: {', '.join(found)}. Say which: --on"
        )
    raise CannotPlanError(f"No array of the configuration has a protection group {group} of its own{silent}")


def target_of(operations: Operations, array: str, group: str) -> str:
    """The one device that ``group`` replicates to. Raises :class:`CannotPlanError` and :class:`UnseenError`."""
    look = gather.look_at(operations.devices, array)
    found = look(GroupAsked(group))
    names = {target.name for target in found.targets} if found is not None else set()
    if not names:
        raise CannotPlanError(f"{group} on {array} has no target to replicate to")

    def is_target(device: str) -> bool:
        return bool(gather.look_at(operations.devices, device)(ArrayItself()).name in names)

    others = [name for name in _arrays(operations) if name != array]
    devices, failed = _asked(operations, others, is_target)
    if len(devices) == 1:
        return devices[0]
    if devices:
        raise CannotPlanError(f"{group} replicates to more than one device: {', '.join(devices)}. Say which: --to")
    silent = f"; not read: {', '.join(failed)}" if failed else ""
    raise CannotPlanError(f"No device of the configuration is {' or '.join(sorted(names))}, where {group} goes{silent}")


def _arrays(operations: Operations) -> list[str]:
    settings = operations.settings
    every: Iterable[DeviceSettings] = (*settings.devices, *settings.guests)
    return [device.name for device in every if device.kind is DeviceKind.FLASHARRAY]


def _is_local(operations: Operations, device: str, group: str) -> bool:
    found = gather.look_at(operations.devices, device)(GroupAsked(group))
    return found is not None and found.is_local


def _asked(operations: Operations, names: Iterable[str], holds: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    """The devices for which it holds, and those that could not be asked."""
    found, failed = [], []
    for name in names:
        try:
            if holds(name):
                found.append(name)
        except UnseenError:
            failed.append(name)
    return found, failed
