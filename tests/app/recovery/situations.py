"""Situations of a pair for the planner, as the two arrays would tell them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from app.recovery.rcg.situation import SideNow, Situation
from app.recovery.witnesses import Witness
from backends.threepar.objects import ArrayObjects, ArrayVolume
from store.estate import (
    RcgMode,
    RcgRole,
    RcgStatus,
    RcopyLink,
    RcopyTarget,
    RemoteCopyGroup,
    RemoteCopyVolume,
    StorageSystem,
    SyncStatus,
    Vlun,
)

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
P, S, PR, SR, U = RcgRole.PRIMARY, RcgRole.SECONDARY, RcgRole.PRIMARY_REV, RcgRole.SECONDARY_REV, RcgRole.UNKNOWN


def group(
    array: str,
    name: str,
    role: RcgRole,
    status: RcgStatus,
    *,
    mode: RcgMode = RcgMode.SYNC,
    sync: SyncStatus = SyncStatus.SYNCED,
    last_sync: datetime | None = None,
    policies: tuple[str, ...] = (),
) -> RemoteCopyGroup:
    volumes = tuple(RemoteCopyVolume(f"v{n}", n, f"v{n}", n, sync, last_sync=last_sync, size_mib=1024) for n in (1, 2))
    return RemoteCopyGroup(
        array=array,
        array_serial=f"serial-{array}",
        id=1,
        name=name,
        natural_name="oradb",
        natural_system_id=1001,
        target="there",
        status=status,
        role=role,
        mode=mode,
        role_reversed=role in (PR, SR) if role is not U else None,
        period_s=300 if mode is RcgMode.PERIODIC else None,
        policies=policies,
        volumes=volumes,
    )


def side(device: str, view: RemoteCopyGroup | None, exported: bool, *, links: str = "Up") -> SideNow:
    """A side that was just read; ``exported``: its volumes to host ``db1``, LUN 1 and 2."""
    vluns = {f"v{n}": (Vlun("db1", n),) for n in (1, 2)} if exported else {}
    system = StorageSystem(
        device,
        f"serial-{device}",
        "HPE_3PAR 8200",
        "3.3.1",
        1001,
        targets=(RcopyTarget("there", 1, "IP", "ready" if links == "Up" else "failed"),),
        links=(RcopyLink("there", "0:3:1", "192.0.2.1", links), RcopyLink("receive", "0:3:1", "receive", links)),
    )
    volumes = {f"v{n}": ArrayVolume(f"v{n}", 1024) for n in (1, 2)}
    objects = ArrayObjects(volumes, vluns, frozenset({"db1"}), frozenset({"CPG"}))
    return SideNow(device, device, True, view, view, NOW, system, objects, taken_at=NOW, skew_s=0.0)


def dark(device: str, last: RemoteCopyGroup | None) -> SideNow:
    """A side whose array gives no sign of life; what the store last saw of it, five minutes ago."""
    seen = None if last is None else NOW - timedelta(minutes=5)
    if last is not None:
        volumes = (replace(v, sync_status=SyncStatus.SYNCED, vluns=(Vlun("db1", v.local_id),)) for v in last.volumes)
        last = replace(last, status=RcgStatus.STARTED, volumes=tuple(volumes))
    return SideNow(device, device, False, None, last, seen, failure="unreachable: refused", silent=True)


def pair(
    natural: RcgRole | None,
    peer: RcgRole | None,
    status: RcgStatus = RcgStatus.STARTED,
    *,
    peer_status: RcgStatus | None = None,
    exported: str = "natural",
    links: str = "Up",
    witnesses: tuple[Witness, ...] = (),
    **more: object,
) -> Situation:
    """The pair with these roles; None: that side is dark."""
    here = group("paris", "oradb", natural or P, status, **more)  # type: ignore[arg-type]
    there = group("lyon", "oradb.r1001", peer or S, peer_status or status, **more)  # type: ignore[arg-type]
    left = dark("paris", here) if natural is None else side("paris", here, exported == "natural", links=links)
    right = dark("lyon", there) if peer is None else side("lyon", there, exported == "peer", links=links)
    return Situation("oradb", "rcg:1001:oradb", left, right, NOW, witnesses)


TWO_WITNESSES = (Witness("links of lyon", True, "0 of 2 Up"), Witness("hmc-paris", True, "unreachable"))
