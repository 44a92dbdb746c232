"""``drdeck auto`` and ``drdeck maintenance``: what may fail over by itself, who says so, and when nothing may."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.place import Place

if TYPE_CHECKING:
    from app.auto_records import AutoGroup
    from app.recovery.auto.watch import Told
    from app.settings import Settings
    from store.auto import AutoStore
    from store.auto_records import Window
    from store.readiness import Check

OK, FAILED, USAGE = 0, 1, 2

WORDS = """\
Machines fail over by themselves only where every condition holds at one moment: two of three witnesses silent on three
probes in a row and for the threshold, and none that answers; nobody else at the site either; the console reaches its
gateway and the other site; the link and the path of its own are silent, so that the source is cut off; the machines
ran; complete replicas, and a loss that was accepted; no maintenance; no more than so many groups an hour; and nobody
says no for a minute. What is not known counts as false. There is no failback by itself. A group that failed over stays
latched until two people arm it anew.

  status [GROUP]            how each group stands, and what stands against arming it; asks the devices (--cached: none)
  watch                     look at all groups once a minute, until Ctrl-C or SIGTERM; one watch for a store
  arm GROUP --bound MIN     ask to arm it, and accept to lose up to so many minutes
  arm GROUP --approve       another person agrees: it is armed for 30 days
  disarm GROUP --reason T   at once, whatever is under way
  veto GROUP                do nothing about the outage that is under way
  judge ID right|wrong      whether what it would have done in shadow was right
  history [GROUP]           outages and failovers, and what was decided in shadow

exit codes: 0 done; 1 refused, or a condition for arming does not hold; 2 wrong usage; 4 the store cannot be used.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``auto`` and ``maintenance``."""
    auto = commands.add_parser(
        "auto",
        help="watch, arm and veto automatic failover",
        epilog=WORDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = auto.add_subparsers(dest="auto_command", metavar="COMMAND", required=True)
    status = verbs.add_parser("status", help="how the groups stand")
    status.add_argument("group", nargs="?", metavar="GROUP")
    status.add_argument("--cached", action="store_true", help="ask no device")
    watch = verbs.add_parser("watch", help="look once a minute")
    watch.add_argument("--once", action="store_true", help="look once, and end")
    arm = verbs.add_parser("arm", help="ask to arm a group, or approve it")
    how = arm.add_mutually_exclusive_group(required=True)
    how.add_argument("--bound", metavar="MIN", help="accept to lose up to so many minutes")
    how.add_argument("--approve", action="store_true", help="agree to what another person asked")
    disarm = verbs.add_parser("disarm", help="let it fail over by itself no more")
    disarm.add_argument("--reason", required=True, metavar="TEXT", help="kept in the journal")
    veto = verbs.add_parser("veto", help="do nothing about the outage that is under way")
    judge = verbs.add_parser("judge", help="judge what would have been done")
    judge.add_argument("decision", metavar="ID", help="as drdeck auto history shows it")
    judge.add_argument("judgement", choices=("right", "wrong"))
    judge.add_argument("--note", default="", metavar="TEXT")
    history = verbs.add_parser("history", help="outages, failovers and shadow decisions")
    history.add_argument("group", nargs="?", metavar="GROUP")
    for command in (arm, disarm, veto):
        command.add_argument("group", metavar="GROUP")
    _maintenance(commands, [status, watch, arm, disarm, veto, judge, history])


def _maintenance(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], others: list[argparse.ArgumentParser]
) -> None:
    maintenance = commands.add_parser(
        "maintenance", help="say when work is done: nothing fails over by itself then, and every plan says so"
    )
    verbs = maintenance.add_subparsers(dest="maintenance_command", metavar="COMMAND", required=True)
    add = verbs.add_parser("add", help="a window; it always ends")
    add.add_argument("--site", required=True, metavar="SITE")
    add.add_argument(
        "--target", metavar="NAME", help="only this group, machine, device or system; without: all of the site"
    )
    add.add_argument("--from", dest="begins", metavar="TIME", help="such as 2026-01-31T22:00Z; without: now")
    add.add_argument("--until", required=True, metavar="TIME", help="such as 2026-02-01T04:00Z, or +90m, +4h, +2d")
    add.add_argument("--zone", metavar="ZONE", help="of times that name none, such as Europe/Paris")
    add.add_argument("--reason", required=True, metavar="TEXT")
    listing = verbs.add_parser("list", help="those that are open or will be")
    listing.add_argument("--all", action="store_true", help="those that are over too")
    end = verbs.add_parser("end", help="before its time")
    end.add_argument("window", type=int, metavar="NUMBER")
    for command in (*others, add, listing, end):
        command.add_argument("--json", action="store_true", help="print JSON")
        for name in ("--config", "--store"):
            command.add_argument(name, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def asks_devices(arguments: argparse.Namespace) -> bool:
    """Whether the devices are asked, and so their secrets are needed."""
    command = arguments.auto_command
    return command in ("watch", "arm") or (command == "status" and not arguments.cached)


def run(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """``drdeck auto``. Returns the exit code. Raises :class:`store.errors.StoreError`."""
    from store.auto import AutoStore, ClaimError, HeldError

    group = _group(settings, getattr(arguments, "group", None))
    if group is False:
        return USAGE
    store = AutoStore(store_path)
    try:
        return int(_VERBS[arguments.auto_command](settings, store, group, arguments))
    except (HeldError, ClaimError) as error:
        print(f"Refused: {error}.", file=sys.stderr)
        return FAILED
    finally:
        store.close()


def _group(settings: Settings, name: str | None) -> Any:
    """The group of that name, None for none; False, and a sentence, where there is no such one."""
    if name is None:
        return None
    found = next((group for group in settings.auto.groups if group.name == name), None)
    if found is None:
        known = ", ".join(group.name for group in settings.auto.groups) or "none: see [[auto.groups]]"
        print(f"No group is called {name}. There are: {known}", file=sys.stderr)
        return False
    return found


def _refused(settings: Settings) -> bool:
    if settings.read_only:
        print("Refused: the configuration says read_only.", file=sys.stderr)
    return settings.read_only


# ------------------------------------------------------------------------------------------------------------ its verbs


def _status(settings: Settings, store: AutoStore, group: AutoGroup | None, arguments: argparse.Namespace) -> int:
    from app import auto_words

    now = datetime.now(UTC)
    groups = settings.auto.groups if group is None else (group,)
    checks: dict[str, tuple[Check, ...]] = {}
    if not arguments.cached:
        with _reaching(settings, store) as reached:
            checks = {each.name: reached.checks(each, None) for each in groups}
    found = [auto_words.Stand.of(store, each, checks.get(each.name, ())) for each in groups]
    watcher = store.watcher()
    if arguments.json:
        print(json.dumps(auto_words.status_as_json(found, watcher, now), indent=2))
    else:
        print("\n".join(auto_words.status_lines(found, watcher, now)))
    return OK


def _watch(settings: Settings, store: AutoStore, group: AutoGroup | None, arguments: argparse.Namespace) -> int:
    if not any(each.mode == "automatic" for each in settings.auto.groups):
        print('No group is watched: none in [[auto.groups]] has mode = "automatic".', file=sys.stderr)
        return FAILED
    from app.notify.beside import telling
    from app.permits import Act, Permits

    Permits(settings).check(Act.SERVE)
    with _reaching(settings, store) as reached:
        watch = reached.watch(lambda told: _tell(told, arguments.json))
        with telling(reached.operations):
            if arguments.once:
                watch.round()
                return OK
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: watch.stop())
            watch.run(lambda words: print(words, file=sys.stderr, flush=True))
    return OK


def _tell(told: Told, as_json: bool) -> None:
    from app.output import printable, stamp

    if as_json:
        content = {"at": stamp(told.at), "group": told.group, "about": told.key, "page": told.page, "text": told.text}
        print(json.dumps(content), flush=True)
    else:
        print(f"{stamp(told.at)}  {'PAGE  ' if told.page else ''}{printable(told.text)}", flush=True)


def _arm(settings: Settings, store: AutoStore, group: AutoGroup, arguments: argparse.Namespace) -> int:
    from app.permits import Permits
    from app.recovery.auto import acts

    if _refused(settings):
        return FAILED
    permits = Permits(settings)
    try:
        if arguments.approve:
            acts.may_approve(permits, store.arming(group.name), group.name)
        else:
            bound_s = acts.bound(arguments.bound)
    except ValueError as error:
        print(f"--bound {error}", file=sys.stderr)
        return USAGE
    try:
        with _reaching(settings, store) as reached:
            if arguments.approve:
                made = acts.approve(permits, store, group, reached.checks)
                loss = f"for a loss of up to {made.bound_s / 60:g} min"
                print(f"{group.name} is armed until {made.until:%Y-%m-%d %H:%M} UTC, {loss}.")
            else:
                acts.ask(permits, store, group, bound_s, reached.checks)
                print(f"Asked. Another person has to say: drdeck auto arm {group.name} --approve")
    except acts.NotReadyError as error:
        _print_checks(group, error.checks)
        return FAILED
    return OK


def _print_checks(group: AutoGroup, against: tuple[Check, ...]) -> None:
    from app.output import printable

    print(f"Refused: {group.name} cannot be armed; {len(against)} conditions do not hold:", file=sys.stderr)
    for check in against:
        fix = f" -> {check.fix}" if check.fix else ""
        print(printable(f"  {check.id}: {check.verdict}: {check.evidence}{fix}"), file=sys.stderr)


def _disarm(settings: Settings, store: AutoStore, group: AutoGroup, arguments: argparse.Namespace) -> int:
    from app.permits import Permits
    from app.recovery.auto import acts

    acts.disarm(Permits(settings), store, group.name, arguments.reason)
    print(f"{group.name} is disarmed.")
    return OK


def _veto(settings: Settings, store: AutoStore, group: AutoGroup, arguments: argparse.Namespace) -> int:
    from app.permits import Permits
    from app.recovery.auto import acts

    print(f"Nothing is done by itself about {acts.veto(Permits(settings), store, group.name).id}.")
    return OK


def _judge(settings: Settings, store: AutoStore, group: None, arguments: argparse.Namespace) -> int:
    from app.permits import Permits
    from app.recovery.auto import acts
    from store.auto_records import Judgement

    found = acts.judge(Permits(settings), store, arguments.decision, Judgement(arguments.judgement), arguments.note)
    print(f"{found.id}: {arguments.judgement}.")
    return OK


def _history(settings: Settings, store: AutoStore, group: AutoGroup | None, arguments: argparse.Namespace) -> int:
    from contextlib import closing

    from app import auto_words
    from app.recovery.auto import history
    from store.ledger import Ledger

    name = None if group is None else group.name
    with closing(Ledger(store.path)) as ledger:
        events = history.events(settings, store, history.runs(ledger), name)
    shadows = store.shadows(name)
    if arguments.json:
        print(json.dumps(auto_words.history_as_json(events, shadows), indent=2))
    else:
        print("\n".join(auto_words.history_lines(events, shadows)))
    return OK


_VERBS: dict[str, Any] = {
    "status": _status,
    "watch": _watch,
    "arm": _arm,
    "disarm": _disarm,
    "veto": _veto,
    "judge": _judge,
    "history": _history,
}


def _reaching(settings: Settings, store: AutoStore) -> Any:
    from app.recovery.auto.wiring import Reached

    return Reached(settings, store)


# ---------------------------------------------------------------------------------------------------------- maintenance


def maintenance(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """``drdeck maintenance``. Returns the exit code. Raises :class:`store.errors.StoreError`."""
    from app import auto_words
    from app.permits import Permits
    from app.recovery.auto import acts
    from app.recovery.operations import who
    from store.auto import AutoStore, HeldError

    store, permits = AutoStore(store_path), Permits(settings)
    try:
        match arguments.maintenance_command:
            case "add":
                window = _window(settings, store_path, arguments, datetime.now(UTC), who())
                found: tuple[Window, ...] = (acts.add_window(permits, store, window),)
            case "end":
                found = (acts.end_window(permits, store, arguments.window),)
            case _:
                found = store.windows(ended=arguments.all)
    except ValueError as error:
        print(error, file=sys.stderr)
        return USAGE
    except HeldError as error:
        print(f"Refused: {error}.", file=sys.stderr)
        return FAILED
    finally:
        store.close()
    as_json = auto_words.windows_as_json(found)
    print(json.dumps(as_json, indent=2) if arguments.json else "\n".join(auto_words.window_lines(found)))
    return OK


def _window(settings: Settings, store_path: Place, arguments: argparse.Namespace, now: datetime, by: str) -> Window:
    """Raises :class:`ValueError` with what was expected."""
    from app.recovery.auto.windows import window

    sites = [site.name for site in settings.sites]
    times = (arguments.begins, arguments.until)
    known = (sites, [(group.source_site, group.targets) for group in settings.auto.groups])
    return window(
        arguments.site, arguments.target, times, arguments.reason, by, known, now, dash="--", zone=arguments.zone,
        named=lambda site, name: _named(settings, store_path, site, name),
    )  # fmt: skip


def _named(settings: Settings, store_path: Place, site: str, name: str) -> bool:
    """Whether a device of the site is called so, or something that one of them said."""
    devices = {device.name for device in settings.devices if device.site == site}
    if name in devices:
        return True
    from store.firstlook import first_look

    look = first_look(store_path)
    if look is None:
        return False
    view = look.view()
    entries = (
        entry for kind in ("system", "lpar", "pgroup", "pod", "rcg", "vm", "esxi") for entry in view.entries(kind)
    )
    return any(getattr(entry.obj, "name", "") == name for entry in entries if entry.device in devices)
