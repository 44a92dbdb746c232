"""One remote copy group out of what the CLI and the WSAPI say of it.

The CLI's words decide, because the WSAPI folds roles together and most of its numbers are not documented. Where the two
contradict each other the fact is *unknown* and a Problem says why: nothing is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from msgspec import Struct, field

from backends.threepar import words
from backends.threepar.answers import System, WsGroup, WsTarget
from backends.threepar.showrcopy import CliGroup
from store.estate import Problem, RcgMode, RcgRole, RcgStatus, RemoteCopyGroup, RemoteCopyVolume, Vlun

T = TypeVar("T")

BOTH_DOORS = "showrcopy groups and GET /remotecopygroups"


class Merger(Struct):
    """``exports``: VLUNs by volume; ``sizes``: MiB by volume. Problems are collected in ``problems``."""

    system: System
    exports: Mapping[str, tuple[Vlun, ...]]
    sizes: Mapping[str, int]
    problems: list[Problem] = field(default_factory=list)

    def merge(self, cli: CliGroup | None, ws: WsGroup | None) -> RemoteCopyGroup | None:
        """The group; None where no id or mode is known, so that it cannot be shown truthfully."""
        target = self._target(cli, ws)
        number = self._id(cli, ws)
        name = cli.name if cli is not None else ws.name if ws is not None else ""
        mode = self._mode(name, cli, target)
        target_name = cli.target if cli is not None else target.name if target is not None else None
        if number is None or mode is None or target_name is None:
            self._problem(name, "a group with an id, a target and a mode")
            return None
        remote = ws.remote_group if ws is not None else None
        natural_name, natural_id = words.natural(name, self.system.system_id, remote)
        return RemoteCopyGroup(
            array=self.system.name,
            array_serial=self.system.serial,
            id=number,
            name=name,
            natural_name=natural_name,
            natural_system_id=natural_id,
            target=target_name,
            status=self._status(name, cli, target),
            role=self._role(name, cli, ws, target),
            mode=mode,
            role_reversed=target.role_reversed if target is not None else None,
            remote_group=remote,
            period_s=_first(cli.period_s if cli else None, target.period_s if target else None),
            last_sync=_first(cli.last_sync if cli else None, target.last_sync if target else None),
            policies=cli.policies if cli is not None else target.policies if target is not None else (),
            local_cpg=_first(ws.local_cpg if ws else None, cli.local_cpg if cli else None),
            remote_cpg=_first(target.remote_cpg if target else None, cli.remote_cpg if cli else None),
            volumes=self._volumes(name, cli, ws),
        )

    def _target(self, cli: CliGroup | None, ws: WsGroup | None) -> WsTarget | None:
        if ws is None:
            return None
        if len(ws.targets) == 1 and (cli is None or ws.targets[0].name == cli.target):
            return ws.targets[0]
        self._problem(ws.name, "a group with one target, the same on both doors")
        return next((t for t in ws.targets if cli is not None and t.name == cli.target), None)

    def _id(self, cli: CliGroup | None, ws: WsGroup | None) -> int | None:
        if ws is not None and cli is not None and cli.id is not None and cli.id != ws.id:
            self._problem(ws.name, f"one group id, not {cli.id} and {ws.id}")
            return None
        return ws.id if ws is not None else cli.id if cli is not None else None

    def _mode(self, name: str, cli: CliGroup | None, target: WsTarget | None) -> RcgMode | None:
        said = cli.mode if cli is not None else None
        if said is not None and target is not None and said is not target.mode:
            self._problem(name, f"one mode, not {said} and {target.mode}")
        return said if said is not None else target.mode if target is not None else None

    def _status(self, name: str, cli: CliGroup | None, target: WsTarget | None) -> RcgStatus:
        if cli is None:
            return words.state(target.state) if target is not None else RcgStatus.UNKNOWN
        if target is None or cli.status is RcgStatus.UNKNOWN:
            return cli.status
        evidenced = words.EVIDENCED_STATES.get(target.state)
        if cli.status is evidenced or (evidenced is None and cli.status not in words.EVIDENCED_STATES.values()):
            return cli.status
        self._problem(name, f"one status: the CLI says {cli.status}, the WSAPI state {target.state}")
        return RcgStatus.UNKNOWN

    def _role(self, name: str, cli: CliGroup | None, ws: WsGroup | None, target: WsTarget | None) -> RcgRole:
        numbers = None
        if ws is not None and target is not None and target.role_reversed is not None:
            numbers = words.role(ws.role, target.role_reversed)
        if cli is None:
            return numbers or RcgRole.UNKNOWN
        if numbers is None or cli.role in (numbers, RcgRole.UNKNOWN):
            return cli.role
        said = f"role {ws.role if ws else '?'}, roleReversed {target.role_reversed if target else '?'}"
        self._problem(name, f"one role: the CLI says {cli.role}, the WSAPI {said}")
        return RcgRole.UNKNOWN

    def _volumes(self, name: str, cli: CliGroup | None, ws: WsGroup | None) -> tuple[RemoteCopyVolume, ...]:
        found: dict[str, RemoteCopyVolume] = {}
        listed = {v.local: v for v in ws.volumes} if ws is not None else {}
        for each in cli.volumes if cli is not None else ():
            other = listed.get(each.local)
            if ws is not None and (other is None or other.remote != each.remote):
                self._problem(name, f"the same volumes on both doors; {each.local} is not")
            found[each.local] = self._volume(each)
        for local, ws_volume in listed.items():
            if local in found:
                continue
            if cli is not None:
                self._problem(name, f"the same volumes on both doors; {local} is not")
            found[local] = self._volume(
                RemoteCopyVolume(
                    local,
                    ws_volume.local_id,
                    ws_volume.remote,
                    ws_volume.remote_id,
                    ws_volume.sync_status,
                    None,
                    ws_volume.last_sync,
                )
            )
        return tuple(found[local] for local in sorted(found))

    def _volume(self, each: RemoteCopyVolume) -> RemoteCopyVolume:
        return RemoteCopyVolume(
            each.local,
            each.local_id,
            each.remote,
            each.remote_id,
            each.sync_status,
            each.synced_percent,
            each.last_sync,
            self.sizes.get(each.local),
            self.exports.get(each.local, ()),
        )

    def _problem(self, name: str, expected: str) -> None:
        self.problems.append(Problem(BOTH_DOORS, name, expected))


def _first(one: T | None, other: T | None) -> T | None:
    return one if one is not None else other
