"""Which screen shows what. Each is imported when it is first shown."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from textual.screen import Screen

if TYPE_CHECKING:
    from screens.level import LevelScreen
    from screens.levels import Ref
    from screens.surroundings import Surroundings


def load(pane: str) -> None:
    """Import what a pane needs: on a thread, before it is asked for."""
    import_module(f"screens.{pane}")


def pane(name: str, around: Surroundings) -> Screen[None]:
    """The pane with this id of :data:`screens.actions.PANES`."""
    match name:
        case "overview":
            from screens.overview import Overview

            return Overview(around)
        case "lpars":
            from screens.lpars import LparsPane

            return LparsPane(around)
        case "pgroups":
            from screens.pgroups import PgroupsPane

            return PgroupsPane(around)
        case "rcgs":
            from screens.rcgs import RcgsPane

            return RcgsPane(around)
        case "replicas":
            from screens.replicas import ReplicasPane

            return ReplicasPane(around)
        case "devices":
            from screens.devices import DevicesPane

            return DevicesPane(around)
        case "events":
            from screens.events import EventsPane

            return EventsPane(around)
        case "runs":
            from screens.runs import RunsPane

            return RunsPane(around)
        case "schedules":
            from screens.schedules import SchedulesPane

            return SchedulesPane(around)
    raise ValueError(f"no pane is called {name}")


def detail(kind: str, key: str, around: Surroundings) -> Screen[None]:
    """Everything known of one object. ``kind`` is lpar, pgroup, rcg_pair, vm or device."""
    match kind:
        case "lpar":
            from screens.detail_lpar import LparDetail

            return LparDetail(around, key)
        case "pgroup":
            from screens.detail_pgroup import PgroupDetail

            return PgroupDetail(around, key)
        case "rcg_pair":
            from screens.detail_rcg import RcgDetail

            return RcgDetail(around, key)
        case "vm":
            from screens.detail_vm import VmDetail

            return VmDetail(around, key)
        case "device":
            from screens.detail_device import DeviceDetail

            return DeviceDetail(around, key)
    raise ValueError(f"nothing shows a {kind}")


def level(ref: Ref, around: Surroundings, crumbs: Sequence[str]) -> LevelScreen:
    """The table of what belongs to an object; ``crumbs`` are the titles of the levels above."""
    from screens.level import LevelScreen

    if ref.kind.startswith("infra."):
        from screens.blast import BlastScreen
        from screens.infra import InfraScreen

        return (BlastScreen if ref.kind == "infra.blast" else InfraScreen)(around, ref, crumbs)
    if ref.kind == "pgroup.snapshots":
        from screens.pgroup_snapshots import SnapshotsScreen

        return SnapshotsScreen(around, ref, crumbs)
    return LevelScreen(around, ref, crumbs)
