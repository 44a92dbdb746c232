"""``drdeck alerts``: what is wrong, who has it, who is told next; rules and silences."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.permits import Permits
    from app.settings import Settings
    from store.alerts import AlertStore
    from store.auto_records import Window
    from store.place import Place

OK, FAILED, USAGE = 0, 1, 2

WORDS = """\
Alerts come from facts and go by facts: nobody resolves one by saying so. Equal ones are one and are counted; those of
one kind at one site are a group, and those that a silent site explains stand under its silence. A group that nobody has
is told step by step, as [[alerts.escalation]] says, until somebody takes it. Open consoles look at all of it, drdeck
scheduler at runs and schedules.

  list                      the groups, those that wait first (--all: the alerts that are over too)
  show GROUP                all of one
  ack GROUP                 take it until then; what is critical is taken at a terminal alone, by typing its name
  unack GROUP               nobody has it any more
  silence                   nobody is told of a site, a kind or a target until then; but of what is critical
  unsilence NUMBER          end a silence before its time
  silences                  those that are not over
  rule add NAME METRIC CONDITION THRESHOLD    such as: rule add old-copies rpo ">" 30m --for 10m --severity major
  rule list | rule remove NAME

metrics: rpo, sweep-age, run-waiting (times: 90s, 15m, 4h), devices-failing, lpars-not-ready (numbers)
severities: info, notice, warning, major, critical

exit codes: 0 done; 1 refused, or not there; 2 wrong usage; 4 the store cannot be used.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``alerts``."""
    raw = argparse.RawDescriptionHelpFormatter
    alerts = commands.add_parser(
        "alerts", help="what is wrong, who has it, who is told next", epilog=WORDS, formatter_class=raw
    )
    verbs = alerts.add_subparsers(dest="alerts_command", metavar="COMMAND", required=True)
    listing = verbs.add_parser("list", help="the groups that are open")
    listing.add_argument("--all", action="store_true", help="every alert that is kept, those that are over too")
    show = verbs.add_parser("show", help="all of a group")
    ack = verbs.add_parser("ack", help="take a group")
    ack.add_argument("--owner", metavar="NAME", help="who has it (default: you)")
    ack.add_argument("--until", default="+4h", metavar="TIME", help="such as +2h, or 2026-02-01T04:00Z (default: +4h)")
    unack = verbs.add_parser("unack", help="nobody has it any more")
    silence = verbs.add_parser("silence", help="nobody is told until then")
    for option, text in (("site", "of this site"), ("kind", "of this kind"), ("target", "whose target is so: shop*")):
        silence.add_argument(f"--{option}", metavar=option.upper(), help=text)
    silence.add_argument("--from", dest="begins", metavar="TIME", help="without: now")
    silence.add_argument("--until", metavar="TIME", help="at most 1d away, but for maintenance")
    silence.add_argument("--maintenance", type=int, metavar="NUMBER", help="as long as this maintenance, at most")
    unsilence = verbs.add_parser("unsilence", help="end a silence")
    unsilence.add_argument("number", type=int, metavar="NUMBER")
    silences = verbs.add_parser("silences", help="those that are not over")
    for each in (ack, unack, silence):
        each.add_argument("--reason", required=True, metavar="TEXT", help="kept in the journal")
    for each in (show, ack, unack):
        each.add_argument("group", metavar="GROUP")
    every = [listing, show, ack, unack, silence, unsilence, silences, *_rule(verbs)]
    for each in every:
        each.add_argument("--json", action="store_true", help="print JSON")
        for name in ("--config", "--store"):
            each.add_argument(name, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def _rule(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> list[argparse.ArgumentParser]:
    rule = verbs.add_parser("rule", help="rules of your own")
    its = rule.add_subparsers(dest="rule_command", metavar="COMMAND", required=True)
    add = its.add_parser("add", help="a new rule")
    for name in ("name", "metric", "condition", "threshold"):
        add.add_argument(name, metavar=name.upper())
    add.add_argument("--for", dest="lasting", default="0s", metavar="TIME", help="it has to last so long")
    add.add_argument("--severity", default="warning", metavar="WORD", help="default: warning")
    add.add_argument("--site", metavar="SITE", help="only there")
    listing = its.add_parser("list", help="all rules")
    remove = its.add_parser("remove", help="no such rule any more")
    remove.add_argument("name", metavar="NAME")
    return [add, listing, remove]


def run(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """``drdeck alerts``. Returns the exit code. Raises :class:`store.errors.StoreError` and
    :class:`app.permits.RefusedError`."""
    from app.permits import Permits
    from store.alerts import AlertError, AlertStore

    changes = arguments.alerts_command not in ("list", "show", "silences") and (
        arguments.alerts_command != "rule" or arguments.rule_command != "list"
    )
    if changes and settings.read_only:
        print("Refused: the configuration says read_only.", file=sys.stderr)
        return FAILED
    store = AlertStore(store_path)
    try:
        return int(_VERBS[arguments.alerts_command](settings, Permits(settings), store, arguments))
    except ValueError as error:
        print(error, file=sys.stderr)
        return USAGE
    except AlertError as error:
        print(f"Refused: {error}.", file=sys.stderr)
        return FAILED
    finally:
        store.close()


def _print(as_json: bool, content: object, lines: list[str]) -> int:
    print(json.dumps(content, indent=2) if as_json else "\n".join(lines))
    return OK


def _list(settings: Settings, permits: Permits, store: AlertStore, arguments: argparse.Namespace) -> int:
    from app import alert_words as words
    from app.alerts import acts
    from app.output import columns, printable, stamp

    if arguments.all:
        kept = sorted(store.alerts(), key=lambda each: each.alert.last_seen, reverse=True)
        found = [(each.alert, each.ack) for each in kept]
        rows = [["LAST SEEN", "STATE", "SEVERITY", "COUNT", "KEY", "WHAT"]]
        for a, _ in found:
            what = [stamp(a.last_seen) or "", a.state, a.fact.severity, str(a.count), a.key, a.fact.subject]
            rows.append(list(map(printable, what)))
        return _print(arguments.json, [words.alert_as_json(*each) for each in found], columns(rows))
    groups, watchers = acts.groups(store, datetime.now(UTC)), store.watchers()
    shown = (groups, store.episodes(), settings.escalation, watchers)
    return _print(arguments.json, words.groups_as_json(*shown), words.group_lines(*shown))


def _show(settings: Settings, permits: Permits, store: AlertStore, arguments: argparse.Namespace) -> int:
    from app import alert_words as words
    from app.alerts import acts

    now = datetime.now(UTC)
    found, episodes = acts.group(acts.groups(store, now), arguments.group), store.episodes()
    as_json = words.groups_as_json([found], episodes, settings.escalation, store.watchers())
    lines = words.one_lines(found, episodes.get(found.key), settings.escalation, now)
    return _print(arguments.json, as_json, lines)


def _ack(settings: Settings, permits: Permits, store: AlertStore, arguments: argparse.Namespace) -> int:
    from app.alerts import acts
    from app.recovery.operations import login

    now = datetime.now(UTC)
    about = acts.group(acts.groups(store, now), arguments.group)
    ends = acts.until(arguments.until, now, acts.MOST_ACK, "--until")
    owner = arguments.owner or login()
    typed = _typed(about.key) if acts.needs_person(about) else None
    count = acts.acknowledge(permits, store, about, owner, ends, arguments.reason, typed)
    content = {"group": about.key, "owner": owner, "alerts": count, "until": ends.isoformat()}
    return _print(arguments.json, content, [f"{owner} has {about.key}, {count} alerts, until {ends:%m-%d %H:%M} UTC."])


def _typed(key: str) -> str | None:
    """What a person types at a terminal; None: there is none. No option stands for it."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    try:
        return input(f"It is critical. Type  {key}  to take it: ").strip()
    except EOFError:
        print()
        return None


def _unack(settings: Settings, permits: Permits, store: AlertStore, arguments: argparse.Namespace) -> int:
    from app.alerts import acts

    about = acts.group(acts.groups(store, datetime.now(UTC)), arguments.group)
    count = acts.withdraw(permits, store, about, arguments.reason)
    return _print(arguments.json, {"group": about.key, "alerts": count}, [f"Nobody has {about.key} any more."])


def _silence(settings: Settings, permits: Permits, store: AlertStore, arguments: argparse.Namespace) -> int:
    from app import alert_words as words
    from app.alerts import acts
    from app.recovery.auto.windows import moment

    now = datetime.now(UTC)
    sites = [site.name for site in settings.sites]
    if arguments.site is not None and arguments.site not in sites:
        raise ValueError(f"--site {arguments.site}: expected one of {', '.join(sites)}")
    begins = now if arguments.begins is None else moment(arguments.begins, now, "--from")
    ends = None if arguments.until is None else moment(arguments.until, begins, "--until")
    window = None if arguments.maintenance is None else _window(store.path, arguments.maintenance)
    scope = (arguments.site, arguments.kind, arguments.target)
    made = acts.silence(permits, store, scope, (begins, ends), arguments.reason, window)
    return _print(arguments.json, words.silence_as_json(made), words.silence_lines([made]))


def _window(store_path: Place, number: int) -> Window:
    from store.auto import AutoStore

    store = AutoStore(store_path)
    try:
        found = next((each for each in store.windows() if each.id == number), None)
    finally:
        store.close()
    if found is None:
        raise ValueError(f"--maintenance {number}: expected one that is open or will be: drdeck maintenance list")
    return found


def _unsilence(settings: Settings, permits: Permits, store: AlertStore, arguments: argparse.Namespace) -> int:
    from app import alert_words as words
    from app.alerts import acts

    ended = acts.end_silence(permits, store, arguments.number)
    return _print(arguments.json, words.silence_as_json(ended), [f"Silence {ended.id} is over."])


def _silences(settings: Settings, permits: Permits, store: AlertStore, arguments: argparse.Namespace) -> int:
    from app import alert_words as words

    found = store.silences()
    return _print(arguments.json, [words.silence_as_json(each) for each in found], words.silence_lines(found))


def _rules(settings: Settings, permits: Permits, store: AlertStore, arguments: argparse.Namespace) -> int:
    from app import alert_words as words
    from app.alerts import acts, rules
    from app.recovery.operations import who

    match arguments.rule_command:
        case "add":
            if arguments.site is not None and arguments.site not in [site.name for site in settings.sites]:
                raise ValueError(f"--site {arguments.site}: expected a site of the configuration")
            rule = rules.made(
                arguments.name, arguments.metric, arguments.condition, arguments.threshold, arguments.lasting,
                arguments.severity, who(), datetime.now(UTC), arguments.site,
            )  # fmt: skip
            made = acts.add_rule(permits, store, rule)
            return _print(arguments.json, words.rule_as_json(made), words.rule_lines([made]))
        case "remove":
            gone = acts.remove_rule(permits, store, arguments.name)
            return _print(arguments.json, words.rule_as_json(gone), [f"The rule {gone.name} is gone."])
        case _:
            found = store.rules()
            return _print(arguments.json, [words.rule_as_json(each) for each in found], words.rule_lines(found))


_VERBS: dict[str, Any] = {
    "list": _list,
    "show": _show,
    "ack": _ack,
    "unack": _unack,
    "silence": _silence,
    "unsilence": _unsilence,
    "silences": _silences,
    "rule": _rules,
}
