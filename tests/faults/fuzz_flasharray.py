"""Every FlashArray parser with a valid row: material for the campaign of mutated input."""

from __future__ import annotations

import json
from collections.abc import Callable

from backends.flasharray import failures, looks, names, records
from backends.flasharray.fields import Fields, each
from backends.flasharray.records import Owner
from backends.outcome import ParseError
from store.estate import Problem

OWNER = Owner("fa-prd", "2d648fb7-eeff-4561-8d7d-c9a781a0105e")

_POD_ARRAY = {"id": "a1", "name": "fa-prd", "status": "online", "mediator_status": "online", "progress": None}

ROWS: dict[str, tuple[dict[str, object], Callable[[Fields], object]]] = {
    "array": (
        {
            "id": "a1",
            "name": "fa-prd",
            "os": "Purity//FA",
            "version": "6.6.10",
            "capacity": 9,
            "space": {"total_physical": 4},
        },
        records.array,
    ),
    "array connection": (
        {"name": "fa-dr", "status": "connected", "type": "async-replication", "replication_transport": "ip"},
        records.array_connection,
    ),
    "alert": (
        {
            "id": "7a",
            "severity": "warning",
            "state": "open",
            "category": "array",
            "summary": "a b",
            "created": 1678287765779,
        },
        records.alert,
    ),
    "protection group": (
        {
            "name": "pg-erp",
            "id": "5b",
            "destroyed": False,
            "is_local": True,
            "pod": {"id": None, "name": None},
            "replication_schedule": {
                "at": 7200,
                "enabled": True,
                "frequency": 900000,
                "blackout": {"start": 0, "end": 3600000},
            },
            "snapshot_schedule": {"at": None, "enabled": False, "frequency": 3600000},
            "source": {"id": "a1", "name": "fa-prd"},
            "source_retention": {"all_for_sec": 86400, "days": 7, "per_day": 4},
            "target_retention": {"all_for_sec": 86400, "days": 7, "per_day": 4},
            "retention_lock": "ratcheted",
            "time_remaining": 86400000,
        },
        lambda row: records.group(row, OWNER),
    ),
    "member": ({"group": {"name": "pg-erp"}, "member": {"name": "erp-0", "destroyed": False}}, records.member),
    "target": (
        {"group": {"name": "pg-erp"}, "member": {"name": "fa-dr"}, "allowed": True, "status": "replicating"},
        records.target,
    ),
    "group snapshot": (
        {"name": "fa-prd:pg-erp.12", "created": 1678287765779, "destroyed": False},
        records.group_snapshot,
    ),
    "transfer": (
        {
            "name": "fa-prd:pg-erp.12",
            "started": 1678287765779,
            "completed": None,
            "progress": 0.25,
            "data_transferred": 1048576,
            "physical_bytes_written": 524288,
        },
        records.transfer,
    ),
    "volume": (
        {
            "id": "37cd",
            "name": "erp-0",
            "provisioned": 107374182400,
            "serial": "2D648FB7EEFF450000000001",
            "source": {"id": "x", "name": "fa-prd:erp-0"},
            "pod": {"id": None, "name": None},
            "destroyed": False,
        },
        lambda row: records.volume(row, OWNER),
    ),
    "volume snapshot": (
        {
            "name": "fa-prd:pg-erp.12.erp-0",
            "source": {"id": "x", "name": "fa-prd:erp-0"},
            "provisioned": 107374182400,
            "created": 1678287765779,
            "destroyed": False,
        },
        looks.volume_snapshot,
    ),
    "volume tag": (
        {"resource": {"id": "37cd", "name": "erp-0"}, "key": "snapshot_mapping", "value": "37cd"},
        looks.tag,
    ),
    "connection": (
        {
            "host": {"name": "erp_db1"},
            "host_group": {"name": None},
            "lun": 10,
            "volume": {"id": "37cd", "name": "erp-0"},
        },
        records.attachment,
    ),
    "host": (
        {
            "name": "erp_db1",
            "wwns": ["C0507601A1B20010", "c0:50:76:01:a1:b2:00:11"],
            "personality": "aix",
            "host_group": {"name": None},
            "port_connectivity": {"status": "healthy", "details": "Redundant"},
            "chap": {"host_password": None},
        },
        lambda row: records.host(row, OWNER),
    ),
    "pod": (
        {"id": "7c", "name": "pod-web", "destroyed": False, "promotion_status": "promoted", "arrays": [_POD_ARRAY]},
        lambda row: records.pod(row, OWNER),
    ),
    "pod link": (
        {
            "direction": "inbound",
            "lag": 8000,
            "local_pod": {"name": "pod-web"},
            "paused": False,
            "recovery_point": 1678287765779,
            "remotes": [{"id": "a2", "name": "fa-dr"}],
            "remote_pod": {"name": "pod-web"},
            "status": "replicating",
        },
        records.pod_link,
    ),
    "initiator": (
        {"initiator": {"wwn": "C0:50:76:01:A1:B2:00:10", "iqn": None}, "target": {"name": "CT0.FC0"}},
        records.initiator,
    ),
}


def items(text: str) -> list[object]:
    """The items of a list answer in ``text``. Raises :class:`ParseError` if it is none."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise ParseError("JSON", text) from None
    found = body.get("items") if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise ParseError("a list of items", text)
    return found


def _list_parser(parse: Callable[[Fields], object]) -> Callable[[str], object]:
    """Two rows a list: a damaged one is a Problem, what is left of the others is a record."""

    def run(text: str) -> object:
        problems: list[Problem] = []
        return each("GET /x", items(text), parse, problems)

    return run


def _seed(name: str) -> tuple[str, str, Callable[[str], object]]:
    row, parse = ROWS[name]
    return f"flasharray {name}", json.dumps({"items": [row, row]}), _list_parser(parse)


SEEDS: list[tuple[str, str, Callable[[str], object]]] = [
    *(_seed(name) for name in ROWS),
    (
        "flasharray error body",
        json.dumps({"errors": [{"context": "pg-erp", "message": "Protection group does not exist."}]}),
        failures.words,
    ),
    ("flasharray volume name", "pod-web::web-1", names.name),
    ("flasharray group name", "fa-prd:pg-erp", names.group),
    ("flasharray snapshot name", "fa-prd:pg-erp.night-1.erp-0", names.snapshot),
    ("flasharray suffix", "night-1", names.suffix),
]
