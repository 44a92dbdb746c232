"""Exports in a plan: taking the volumes of one side away from its hosts, and showing the other side's to theirs."""

from __future__ import annotations

from collections.abc import Mapping

from app.recovery.rcg.object_steps import Export, Snapshot, Unexport
from app.recovery.rcg.options import Options
from app.recovery.rcg.situation import RcgDraft, SideNow
from app.recovery.step import Step
from store.estate import RemoteCopyGroup, Vlun


def exports_of(side: SideNow) -> dict[str, tuple[Vlun, ...]]:
    """The exports of the group's volumes on one side, by volume: as just read, else as last known."""
    group = side.any_group
    if group is None:
        return {}
    if side.objects is not None:
        return {volume.local: side.objects.vluns.get(volume.local, ()) for volume in group.volumes}
    return {volume.local: volume.vluns for volume in group.volumes}


def fence(draft: RcgDraft, side: SideNow, options: Options) -> None:
    """Take every volume of ``side`` away from every host: nobody writes there any more."""
    steps: list[tuple[Step, str]] = []
    for volume, vluns in exports_of(side).items():
        for vlun in vluns:
            if vlun.lun is None or vlun.host.startswith(("port ", "any host")):
                words = f"the exports of {volume} on {side.device} are to hosts, under LUNs"
                draft.guard("rcg.fence", words, False, f"{volume} is exported to {vlun.host} as LUN {vlun.lun}", side)
                continue
            step = Unexport(side.device, volume, vlun.lun, vlun.host, side.door, options.conflict_delay_s)
            steps.append((step, f"Take {volume} away from {vlun.host}"))
    draft.add_all(steps, destructive=True, limit_s=120.0 + options.conflict_delay_s)
    hosts = sorted({vlun.host for vluns in exports_of(side).values() for vlun in vluns})
    if hosts:
        draft.notes.append(
            f"Stop the applications on {', '.join(hosts)} first: the volumes are taken away one after another, and "
            "what still writes then leaves them torn."
        )


def export_as(draft: RcgDraft, frm: SideNow, to: SideNow, options: Options) -> None:
    """Show the volumes of ``to`` to its hosts as those of ``frm`` were shown to theirs: same LUNs, hosts by name."""
    source, target = frm.any_group, to.group
    if not options.exports or source is None or target is None:
        return
    pairs = _pairs(source, target)
    steps: list[tuple[Step, str]] = []
    for volume, vluns in exports_of(frm).items():
        for vlun in vluns:
            host = options.hosts.get(vlun.host, vlun.host)
            if _can_export(draft, to, pairs.get(volume), vlun, host) and vlun.lun is not None:
                step = Export(to.device, pairs[volume], vlun.lun, host, to.door)
                steps.append((step, f"Show {pairs[volume]} to {host} as LUN {vlun.lun}"))
    draft.add_all(steps, destructive=False, limit_s=120.0)
    if not steps and not any(exports_of(to).values()):
        draft.notes.append(f"No host is known that {to.device} should show the volumes to: nothing will be exported.")


def _can_export(draft: RcgDraft, to: SideNow, volume: str | None, vlun: Vlun, host: str) -> bool:
    words = f"{to.device} can show the volume to {host}"
    if volume is None:
        return draft.guard("rcg.vlun", words, False, "the volume has no pair there", to)
    if vlun.lun is None:
        evidence = "its LUN is not known: export it by hand, and say --no-export"
        return draft.guard("rcg.vlun", words, False, evidence, to)
    if to.objects is None:
        return draft.guard("rcg.vlun", words, False, f"its hosts could not be read: {to.objects_failure}", to)
    if not host.startswith("set:") and host not in to.objects.hosts:
        evidence = f"it has no host {host}: name another with --host {vlun.host}=NAME, or say --no-export"
        return draft.guard("rcg.hosts", words, False, evidence, to)
    for other, found in to.objects.vluns.items():
        if other != volume and any((each.host, each.lun) == (host, vlun.lun) for each in found):
            return draft.guard("rcg.vlun", words, False, f"LUN {vlun.lun} of {host} is taken by {other}", to)
    return True


def _pairs(source: RemoteCopyGroup, target: RemoteCopyGroup) -> Mapping[str, str]:
    """The volume of ``target`` by that of ``source`` whose pair it is."""
    return {volume.remote: volume.local for volume in target.volumes if volume.remote} or {
        volume.local: volume.remote for volume in source.volumes
    }


def save(draft: RcgDraft, side: SideNow) -> None:
    """Keep what the volumes of ``side`` hold: snapshots that stay until somebody removes them."""
    group = side.group
    if group is None:
        return
    steps: list[tuple[Step, str]] = []
    for number, volume in enumerate(group.volumes, start=1):
        name = f"drdeck-{draft.run_tag}.{draft.prefix}{number}"
        steps.append((Snapshot(side.device, volume.local, name, side.door), f"Keep {volume.local} as {name}"))
    draft.add_all(steps, destructive=False, limit_s=120.0)
