"""The commands of the CLI that change something. Each is checked and done inside one turn of the world."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct, field

from backends.lab.threepar.array import ThreePar
from backends.lab.threepar.cli_args import Arguments, UsageError, parse
from backends.lab.threepar.objects import Task
from backends.lab.threepar.provision import (
    NewGroup,
    admit,
    create_group,
    dismiss,
    remove_group,
    set_period,
    set_policy,
    target_of,
)
from backends.lab.threepar.rcg import Group, Options, Side
from backends.lab.threepar.refusals import ArrayError, Why
from store.estate import RcgMode


class Effect(Struct):
    """What a command printed, and the tasks that it waits for before it returns."""

    lines: list[str] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)


_MODES = {"sync": RcgMode.SYNC, "periodic": RcgMode.PERIODIC, "async": RcgMode.ASYNC}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_ROLE_FLAGS = (
    "-f",
    "-nostart",
    "-nosync",
    "-discard",
    "-nopromote",
    "-nosnap",
    "-stopgroups",
    "-local",
    "-natural",
    "-current",
    "-waittask",
    "-pat",
)
_ROLE_VERBS = ("failover", "recover", "restore", "reverse", "switchover", "override")


def _group(array: ThreePar, name: str) -> tuple[Group, Side]:
    if name not in array.groups:
        raise ArrayError(Why.NON_EXISTENT_RCOPY_GROUP, name)
    return array.groups[name]


def _each_group(array: ThreePar, args: Arguments, usage: str) -> list[tuple[Group, Side]]:
    found = [_group(array, name) for name in args.need(1, usage)]
    for group, side in found:
        target_of(group, side, args.options.get("-t"))
    return found


# ------------------------------------------------------------------------------------------------------- remote copy


def startrcopygroup(array: ThreePar, words: list[str], now: float) -> Effect:
    args = parse(words, ("-nosync", "-wait", "-f"), ("-t",))
    found = _each_group(array, args, "startrcopygroup <group>")
    tasks = [group.start(side, now) for group, side in found]
    return Effect(tasks=tasks if "-wait" in args.flags else [])


def stoprcopygroup(array: ThreePar, words: list[str], now: float) -> Effect:
    args = parse(words, ("-f", "-no_snap", "-nosnap", "-remote", "-pat", "-ovrd"), ("-t",))
    for group, side in _each_group(array, args, "stoprcopygroup <group>"):
        group.stop(side, now, remote="-remote" in args.flags)
    return Effect()


def syncrcopy(array: ThreePar, words: list[str], now: float) -> Effect:
    args = parse(words, ("-w", "-n", "-ovrd"), ("-t",))
    effect = Effect()
    for group, side in _each_group(array, args, "syncrcopy <group>"):
        task = group.sync(side, now)
        effect.lines.append(f"Synchronization request issued for group {side.name}")
        if "-w" in args.flags:
            effect.tasks.append(task)
    return effect


def setrcopygroup(array: ThreePar, words: list[str], now: float) -> Effect:
    what = words[0] if words else ""
    if what in _ROLE_VERBS:
        return _change_role(array, what, words[1:], now)
    args = parse(words[1:], ("-f",), ("-t",))
    if what == "period":
        text, target, name = args.need(3, "setrcopygroup period <period> <target> <group>")[:3]
        group, side = _group(array, name)
        target_of(group, side, target)
        set_period(group, side, _period(text), now)
        return Effect()
    if what == "pol":
        names = args.need(2, "setrcopygroup pol <policy> <group>")
        group, side = _group(array, names[-1])
        for policy in names[0].split(","):
            set_policy(group, policy.removeprefix("no_"), not policy.startswith("no_"))
        return Effect()
    return Effect([f"Error: invalid subcommand {what}"])


def _period(text: str) -> int:
    match = re.fullmatch(r"(\d{1,9})([smhd])", text)
    if match is None:
        raise UsageError(f"Error: invalid period {text}")
    return int(match[1]) * _UNITS[match[2]]


def _change_role(array: ThreePar, verb: str, words: list[str], now: float) -> Effect:
    args = parse(words, _ROLE_FLAGS, ("-t",))
    flags = args.flags
    options = Options(
        skip_start="-nostart" in flags,
        skip_sync="-nosync" in flags,
        skip_promote="-nopromote" in flags,
        discard_new_data="-discard" in flags,
        no_snapshot="-nosnap" in flags,
        stop_groups="-stopgroups" in flags,
        local="-local" in flags,
        natural="-natural" in flags,
        current="-current" in flags,
    )
    effect = Effect()
    for group, side in _each_group(array, args, f"setrcopygroup {verb} <group>"):
        task = apply_role_verb(group, side, verb, options, now)
        if task is not None and "-waittask" in flags:
            effect.tasks.append(task)
    return effect


def apply_role_verb(group: Group, side: Side, verb: str, options: Options, now: float) -> Task | None:
    """Begin a role change by its CLI name. Returns its task; None for one that is done at once."""
    if verb == "failover":
        return group.failover(side, now, options)
    if verb == "recover":
        return group.recover(side, now, options)
    if verb == "restore":
        return group.restore(side, now, options)
    if verb == "reverse":
        return group.reverse(side, now, options)
    if verb == "switchover":
        return group.switchover(side, now)
    group.override(side)
    return None


def creatercopygroup(array: ThreePar, words: list[str], now: float) -> Effect:
    local = remote = ""
    if "-usr_cpg" in words:
        at = words.index("-usr_cpg")
        pair = words[at + 1 : at + 3]
        if len(pair) < 2 or ":" not in pair[1]:
            return Effect(["Error: -usr_cpg requires <cpg> <target>:<cpg>"])
        local, remote = pair[0], pair[1].split(":", 1)[1]
        words = words[:at] + words[at + 3 :]
    args = parse(words, ("-f",), ("-domain", "-snp_cpg"))
    name, target_mode = args.need(2, "creatercopygroup <group> <target>:<mode>")[:2]
    target, _, mode = target_mode.partition(":")
    if mode not in _MODES:
        return Effect([f"Error: invalid mode {mode}"])
    create_group(array, NewGroup(name, target, _MODES[mode], local, remote))
    return Effect()


def removercopygroup(array: ThreePar, words: list[str], now: float) -> Effect:
    args = parse(words, ("-f", "-keepsnap", "-pat"))
    for group, side in _each_group(array, args, "removercopygroup <group>"):
        remove_group(group, side)
    return Effect()


def admitrcopyvv(array: ThreePar, words: list[str], now: float) -> Effect:
    args = parse(words, ("-createvv", "-nowwn", "-nosync", "-f"), ())
    volume, name, pair = args.need(3, "admitrcopyvv <vv> <group> <target>:<sec_vv>")[:3]
    target, _, peer_volume = pair.partition(":")
    group, side = _group(array, name)
    target_of(group, side, target)
    create = "-createvv" in args.flags
    admit(group, side, volume, peer_volume or volume, create=create, skip_initial_sync="-nosync" in args.flags)
    return Effect()


def dismissrcopyvv(array: ThreePar, words: list[str], now: float) -> Effect:
    args = parse(words, ("-f", "-keepsnap", "-removevv", "-pat"))
    volume, name = args.need(2, "dismissrcopyvv <vv> <group>")[:2]
    group, side = _group(array, name)
    keep, remove = "-keepsnap" in args.flags, "-removevv" in args.flags
    dismiss(group, side, volume, keep_snapshots=keep, remove_secondary=remove)
    return Effect()


def startrcopy(array: ThreePar, words: list[str], now: float) -> Effect:
    return Effect()


# -------------------------------------------------------------------------------------------------- volumes, exports


def createvlun(array: ThreePar, words: list[str], now: float) -> Effect:
    args = parse(words, ("-f", "-novcn", "-ovrd"), ("-cnt",))
    volume, lun, host = args.need(3, "createvlun <vv> <lun> <host>")[:3]
    vlun = array.export(volume, host, None if lun == "auto" else _number(lun))
    return Effect([f"VLUN {vlun.lun} assigned"] if lun == "auto" else [])


def removevlun(array: ThreePar, words: list[str], now: float) -> Effect:
    args = parse(words, ("-f", "-novcn", "-pat"))
    volume, lun, host = args.need(3, "removevlun <vv> <lun> <host>")[:3]
    array.unexport(volume, _number(lun), host)
    return Effect()


def createvv(array: ThreePar, words: list[str], now: float) -> Effect:
    args = parse(words, ("-f", "-tpvv", "-reduce", "-tdvv"), ("-snp_cpg", "-comment", "-i"))
    cpg, name, size = args.need(3, "createvv <cpg> <vv> <size>[g|G|t|T]")[:3]
    match = re.fullmatch(r"(\d{1,9})([gGtT]?)", size)
    if match is None:
        return Effect([f"Error: invalid size {size}"])
    factor = {"": 1, "g": 1024, "t": 1024 * 1024}[match[2].lower()]
    prov = "deco" if "-reduce" in args.flags else "tpvv" if "-tpvv" in args.flags else "full"
    comment = args.options.get("-comment", "")
    array.add_volume(name, int(match[1]) * factor, cpg, args.options.get("-snp_cpg"), prov, comment)
    return Effect()


def removevv(array: ThreePar, words: list[str], now: float) -> Effect:
    args = parse(words, ("-f", "-pat", "-snaponly", "-cascade"))
    for name in args.need(1, "removevv <vv>"):
        array.remove_volume(name)
    return Effect()


def createsv(array: ThreePar, words: list[str], now: float) -> Effect:
    args = parse(words, ("-ro", "-rcopy", "-f"), ("-exp", "-retain", "-comment"))
    name, parent = args.need(2, "createsv <sv> <vv>")[:2]
    array.snapshot(name, parent, read_only="-ro" in args.flags, comment=args.options.get("-comment", ""))
    return Effect()


def creategroupsv(array: ThreePar, words: list[str], now: float) -> Effect:
    args = parse(words, ("-ro", "-match"), ("-exp", "-retain", "-comment"))
    pairs = [each.partition(":")[::2] for each in args.need(1, "creategroupsv <vv>:<sv> ...")]
    if any(not snapshot for _, snapshot in pairs):
        return Effect(["Error: each volume needs the name of its snapshot: <vv>:<sv>"])
    array.snapshot_set(pairs, read_only="-ro" in args.flags, comment=args.options.get("-comment", ""))
    return Effect()


def promotesv(array: ThreePar, words: list[str], now: float) -> Effect:
    args = parse(words, ("-f", "-rcp", "-halt"), ("-target", "-pri"))
    task = array.promote(args.need(1, "promotesv <sv>")[0])
    return Effect([f"Task {task.id} has been started to promote virtual copy {args.names[0]}"])


def createhost(array: ThreePar, words: list[str], now: float) -> Effect:
    args = parse(words, ("-f", "-iscsi", "-add"), ("-persona", "-domain"))
    names = args.need(1, "createhost <host> <WWN>…")
    persona = _number(args.options.get("-persona", "2"))
    if "-iscsi" in args.flags:
        array.add_host(names[0], (), names[1:], persona)
    else:
        array.add_host(names[0], names[1:], (), persona)
    return Effect()


def removehost(array: ThreePar, words: list[str], now: float) -> Effect:
    args = parse(words, ("-f",))
    array.remove_host(args.need(1, "removehost <host>")[0])
    return Effect()


def createcpg(array: ThreePar, words: list[str], now: float) -> Effect:
    args = parse(words, ("-f",), ("-t", "-ha", "-ssz", "-domain", "-aw", "-sdgs", "-sdgl", "-sdgw"))
    array.add_cpg(args.need(1, "createcpg <cpg>")[0])
    return Effect()


def _number(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text):
        raise UsageError(f"Error: {text} is not an integer")
    return int(text)


COMMANDS: dict[str, Callable[[ThreePar, list[str], float], Effect]] = {
    each.__name__: each
    for each in (
        startrcopygroup,
        stoprcopygroup,
        syncrcopy,
        setrcopygroup,
        creatercopygroup,
        removercopygroup,
        admitrcopyvv,
        dismissrcopyvv,
        startrcopy,
        createvlun,
        removevlun,
        createvv,
        removevv,
        createsv,
        creategroupsv,
        promotesv,
        createhost,
        removehost,
        createcpg,
    )
}
#: These ask before they act, unless told ``-f``.
ASKING = frozenset({"stoprcopygroup", "setrcopygroup", "removercopygroup", "dismissrcopyvv", "removevlun", "removevv"})
