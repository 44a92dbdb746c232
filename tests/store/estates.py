"""Estates for the tests of the store and the sweep: strategies for every record, and a small one made by hand."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st
from msgspec.structs import replace

from store import estate as e
from store.records import DeviceHealth, DeviceStatus

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)
"""Some noon of the last days: what is much older, the store forgets."""

_texts = st.text(max_size=12)
_times = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
st.register_type_strategy(datetime, _times)
st.register_type_strategy(str, _texts)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(int, st.integers(-(2**63), 2**63))


def records(kind: str) -> st.SearchStrategy[e.EstateObject]:
    """Any object of a kind."""
    return st.from_type(e.KINDS[kind])


def any_record() -> st.SearchStrategy[e.EstateObject]:
    return st.one_of([records(kind) for kind in e.KINDS])


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def status(name: str = "hmc1", **changes: object) -> DeviceStatus:
    found = DeviceStatus(name, e.DeviceKind.HMC, "paris", f"{name}.example:22", DeviceHealth.NEVER)
    return replace(found, **changes)  # type: ignore[arg-type]


def lpar(number: int, state: e.LparState = e.LparState.RUNNING, **changes: object) -> e.Lpar:
    wwpns = (f"c0507609a1b2{2 * number:04x}", f"c0507609a1b2{2 * number + 1:04x}")
    adapter = e.FcAdapter(4, e.AdapterType.CLIENT, 1, "vios1", 10 + number, wwpns)
    found = e.Lpar(
        system="p9-a",
        system_key="9009-42A*7812345",
        name=f"lpar{number:05d}",
        lpar_id=number,
        uuid=None,
        env="aixlinux",
        state=state,
        os_version="AIX 7.3",
        default_profile="normal",
        curr_profile="normal",
        rmc_state="active",
        rmc_ipaddr="10.0.0.1",
        fc=(adapter,),
        eth=(e.EthAdapter(2, f"FE9F66D5{number:04X}", 100, "ETHERNET0"),),
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def lpars(count: int) -> tuple[e.Lpar, ...]:
    return tuple(lpar(number) for number in range(count))


def system(state: e.SystemState = e.SystemState.OPERATING) -> e.ManagedSystem:
    return e.ManagedSystem("p9-a", "9009-42A", "7812345", state)


def rcg(mode: e.RcgMode, *sync: e.SyncStatus, **changes: object) -> e.RemoteCopyGroup:
    volumes = tuple(
        e.RemoteCopyVolume(f"vol{n}", n, f"vol{n}", n, state, last_sync=NOON) for n, state in enumerate(sync)
    )
    found = e.RemoteCopyGroup(
        "par1", "1612345", 7, "oradb", "oradb", 1612345, "lyon1", e.RcgStatus.STARTED, e.RcgRole.PRIMARY, mode,
        volumes=volumes,
    )  # fmt: skip
    return replace(found, **changes)  # type: ignore[arg-type]


def reading(
    seconds: float,
    *objects: e.EstateObject,
    device: str = "hmc1",
    problems: tuple[e.Problem, ...] = (),
    unread: tuple[e.Unread, ...] = (),
) -> e.Reading:
    return e.Reading(device, at(seconds), objects, problems, unread)


def bytes_of(path: Path) -> dict[str, bytes]:
    """The store's file and its write-ahead log, as they are on the disk."""
    return {each.name: each.read_bytes() for each in (path, path.with_name(path.name + "-wal")) if each.exists()}


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def running_as_root() -> bool:
    return os.geteuid() == 0
