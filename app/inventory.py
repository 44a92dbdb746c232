"""``drdeck inventory``: what the estate holds, for scripts. The columns are in :mod:`app.inventory_columns`."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from app.inventory_columns import SHEETS, Value
from app.output import columns, of_twin, stamp, twin_line
from app.settings_records import DeviceSettings, Settings
from store.place import Place
from store.records import DeviceHealth, DeviceStatus, Entry

if TYPE_CHECKING:
    from store.database import Store

SCHEMA_VERSION = 1
OK, FAILED, PARTLY = 0, 1, 3
Row = dict[str, Value]


class Form(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class Request(Struct, frozen=True):
    """What to print (None: everything) and how; ``cached``: from the store, without asking any device;
    ``twin``: the devices are a copy of an estate as it was then."""

    what: str | None
    form: Form
    cached: bool
    store: Place
    twin: datetime | None = None


def asked(settings: Settings, request: Request) -> list[DeviceSettings]:
    """The devices that know about what is requested."""
    kinds = {SHEETS[what].device for what in _whats(request)}
    return [device for device in settings.devices if device.kind in kinds]


def run(settings: Settings, request: Request) -> int:
    """Print the inventory and return the exit code: 1 if there is nothing to tell, 3 if some devices are missing.

    Raises :class:`store.errors.StoreError`.
    """
    from app.connect import Connector
    from app.sweep import Sweeper
    from store.database import open_store

    devices = asked(settings, request)
    began = datetime.now(UTC)
    store = open_store(request.store)
    try:
        sweeper = Sweeper(devices, Connector(settings), store)
        if not request.cached:
            sweeper.sweep_once(max((device.timeout_s for device in devices), default=0.0))
            sweeper.stop()
        code = _complain(store.view.devices(), cached=request.cached)
        sheets = {what: _rows(store, what, devices, None if request.cached else began) for what in _whats(request)}
        print(_shown(sheets, store.view.devices(), request))
        return code
    finally:
        store.close()


def _whats(request: Request) -> Sequence[str]:
    return tuple(SHEETS) if request.what is None else (request.what,)


def _complain(devices: Sequence[DeviceStatus], *, cached: bool) -> int:
    """Tell on standard error which devices are missing, what to do first; returns the exit code."""
    if cached:
        never = [device.name for device in devices if device.last_ok is None]
        if never and len(never) == len(devices):
            print("Nothing is stored yet: run drdeck inventory without --cached, or the console.", file=sys.stderr)
            return FAILED
        for name in never:
            print(f"{name}: never read so far; nothing is known of it.", file=sys.stderr)
        return PARTLY if never else OK
    failing = [device for device in devices if device.health in (DeviceHealth.FAILING, DeviceHealth.NEVER)]
    partial = [device for device in devices if device.health is DeviceHealth.PARTIAL]
    if failing or partial:
        names = " ".join(device.name for device in (*failing, *partial))
        print(f"Not all could be read; what to do says: drdeck check {names}", file=sys.stderr)
    for device in failing:
        rows = "It was never read" if device.last_ok is None else "Its rows are the last known ones"
        print(f"{device.name}: {device.failure}: {device.text}. {rows}.", file=sys.stderr)
    for device in partial:
        why = device.text or f"{len(device.problems)} rows could not be read"
        print(f"{device.name}: partly read: {why}", file=sys.stderr)
    if failing and len(failing) == len(devices):
        return FAILED
    return PARTLY if failing or partial else OK


def _rows(store: Store, what: str, devices: Sequence[DeviceSettings], began: datetime | None) -> list[Row]:
    """The rows of one sheet, sorted. ``began`` is when the sweep did, None if there was none."""
    sheet = SHEETS[what]
    sites = {device.name: device.site for device in devices}
    now = datetime.now(UTC)
    rows = []
    for entry in store.view.entries(sheet.kind):
        if entry.gone or not sheet.wanted(entry.obj):
            continue
        current = began is not None and entry.seen_at >= began
        rows.append({**sheet.row(entry.obj, now), **_provenance(entry, sites, now, current=current)})
    return sorted(rows, key=lambda row: tuple(str(row[name]) for name in (*sheet.order, "key")))


def _provenance(entry: Entry, sites: dict[str, str], now: datetime, *, current: bool) -> Row:
    return {
        "key": entry.key,
        "device": entry.device,
        "site": sites.get(entry.device),
        "seen_at": stamp(entry.seen_at),
        "age_s": max(0, int((now - entry.seen_at).total_seconds())),
        "freshness": "current" if current else "last known",
    }


def _shown(sheets: dict[str, list[Row]], devices: Sequence[DeviceStatus], request: Request) -> str:
    match request.form:
        case Form.JSON:
            return _json(sheets, devices, request)
        case Form.CSV:
            return "\n".join(_csv(what, rows) for what, rows in sheets.items())
        case _:
            return "\n\n".join([*twin_line(request.twin), *(_table(what, rows) for what, rows in sheets.items())])


def _json(sheets: dict[str, list[Row]], devices: Sequence[DeviceStatus], request: Request) -> str:
    asked_devices = [
        {
            "name": device.name,
            "read": device.health.value,
            "last_read": stamp(device.last_ok),
            "failure": device.failure,
            "text": device.text,
        }
        for device in devices
    ]
    content = {
        "schema_version": SCHEMA_VERSION,
        "taken_at": stamp(datetime.now(UTC)),
        "cached": request.cached,
        **of_twin(request.twin),
        "devices": asked_devices,
        "rows": sheets,
    }
    return json.dumps(content, indent=2)


def _csv(what: str, rows: Sequence[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = SHEETS[what].names
    writer.writerow(names)
    writer.writerows([_cell(row[name]) for name in names] for row in rows)
    return out.getvalue().rstrip("\n")


def _table(what: str, rows: Sequence[Row]) -> str:
    names = SHEETS[what].table
    head = [name.replace("_", " ").upper() for name in names]
    lines = columns([head, *([_cell(row[name]) for name in names] for row in rows)])
    return "\n".join([f"{what}: {len(rows)}", *lines])


def _cell(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return " ".join(value)
        case _:
            return str(value)
