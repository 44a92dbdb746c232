"""``drdeck incident``: declared, led, written down, and closed."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.remarks_command import day

if TYPE_CHECKING:
    from app.permits import Permits
    from app.settings import Settings
    from store.incident_records import Incident
    from store.incidents import IncidentStore
    from store.place import Place

OK, FAILED, USAGE = 0, 1, 2

WORDS = """\
An incident gathers what is done about one trouble: who leads (commander) and who writes down (scribe), the runs that
carry its number, notes, and lessons with an owner. Its timeline comes out of the journal. Runs carry its number where
they are given --incident NUMBER, or where the console works on it.

  declare TITLE --severity WORD --component TEXT    or: declare --alert GROUP, from a group of alerts
  list | show NUMBER
  change NUMBER --commander NAME --scribe NAME --severity WORD --title TEXT --component TEXT --state open|mitigated
  note NUMBER TEXT
  lesson NUMBER TEXT --owner NAME --due YYYY-MM-DD
  link NUMBER RUN           a run that was begun without it
  close NUMBER --resolution TEXT

exit codes: 0 done; 1 refused, or not there; 2 wrong usage; 4 the store cannot be used.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``incident``."""
    raw = argparse.RawDescriptionHelpFormatter
    incident = commands.add_parser(
        "incident", help="declare, lead and close incidents", epilog=WORDS, formatter_class=raw
    )
    verbs = incident.add_subparsers(dest="incident_command", metavar="COMMAND", required=True)
    declare = verbs.add_parser("declare", help="a new one")
    declare.add_argument("title", metavar="TITLE", nargs="?")
    declare.add_argument("--alert", metavar="GROUP", help="from this group of alerts")
    listing = verbs.add_parser("list", help="those that are open (--all: the others too)")
    listing.add_argument("--all", action="store_true", help="those that are resolved too")
    change = verbs.add_parser("change", help="who leads it, how grave it is, what it is called")
    change.add_argument("--title", metavar="TEXT")
    change.add_argument("--state", choices=("open", "mitigated"), help="mitigated: service is back, its cause is there")
    for each in (declare, change):
        each.add_argument("--severity", metavar="WORD", help="info, notice, warning, major, critical")
        each.add_argument("--component", metavar="TEXT", help="what it is about")
        each.add_argument("--commander", metavar="NAME", help="who leads")
        each.add_argument("--scribe", metavar="NAME", help="who writes down")
    declare.add_argument("--site", default="", metavar="SITE")
    others = {name: verbs.add_parser(name, help=text) for name, text in _OTHERS.items()}
    for each in (change, *others.values()):
        each.add_argument("number", type=int, metavar="NUMBER")
    for name in ("note", "lesson"):
        others[name].add_argument("text", metavar="TEXT")
    _rest(others, (declare, listing, change))


_OTHERS = {
    "show": "all of one, with its timeline",
    "note": "write down what was seen or done",
    "lesson": "write down what is to become better",
    "link": "a run that was begun without it carries its number",
    "close": "it is over",
}


def _rest(others: dict[str, argparse.ArgumentParser], first: tuple[argparse.ArgumentParser, ...]) -> None:
    others["lesson"].add_argument("--owner", required=True, metavar="NAME", help="who sees to it")
    others["lesson"].add_argument("--due", required=True, type=day, metavar="YYYY-MM-DD", help="until when")
    others["link"].add_argument("run", metavar="RUN")
    others["close"].add_argument("--resolution", required=True, metavar="TEXT", help="how it ended")
    for each in (*first, *others.values()):
        each.add_argument("--json", action="store_true", help="print JSON")
        for name in ("--config", "--store"):
            each.add_argument(name, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def run(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """``drdeck incident``. Returns the exit code. Raises :class:`store.errors.StoreError` and
    :class:`app.permits.RefusedError`."""
    from app.permits import Permits
    from store.alerts import AlertError
    from store.incidents import IncidentError, IncidentStore

    if settings.read_only and arguments.incident_command not in ("list", "show"):
        print("Refused: the configuration says read_only.", file=sys.stderr)
        return FAILED
    store = IncidentStore(store_path)
    try:
        return _do(settings, Permits(settings), store, arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        return USAGE
    except (IncidentError, AlertError) as error:
        print(f"Refused: {error}.", file=sys.stderr)
        return FAILED
    finally:
        store.close()


def _do(settings: Settings, permits: Permits, store: IncidentStore, arguments: argparse.Namespace) -> int:
    from app import incidents
    from app.incident_words import as_json, list_lines, show_lines

    number: Any = getattr(arguments, "number", None)
    match arguments.incident_command:
        case "list":
            found = store.incidents(resolved=arguments.all)
            content = [as_json(each, store.runs(each.id)) for each in found]
            print(json.dumps(content, indent=2) if arguments.json else "\n".join(list_lines(found)))
            return OK
        case "show":
            each = store.incident(number)
            shown = (each, store.runs(number), store.timeline(each))
            print(json.dumps(as_json(*shown), indent=2) if arguments.json else "\n".join(show_lines(*shown)))
            return OK
        case "declare":
            return _told(_declared(settings, permits, store, arguments), arguments)
        case "change":
            wanted = {
                n: getattr(arguments, n) for n in ("title", "severity", "component", "commander", "scribe", "state")
            }
            return _told(incidents.change(permits, store, number, **wanted), arguments)
        case "close":
            return _told(incidents.close(permits, store, number, arguments.resolution), arguments)
        case "note":
            incidents.note(permits, store, number, arguments.text)
        case "lesson":
            incidents.lesson(permits, store, number, arguments.text, arguments.owner, arguments.due)
        case "link":
            incidents.link(permits, store, number, arguments.run)
    return _told(store.incident(number), arguments)


def _told(incident: Incident, arguments: argparse.Namespace) -> int:
    from app.incident_words import as_json
    from app.output import printable

    line = printable(f"{incident.name} is {incident.state}: {incident.title}")
    print(json.dumps(as_json(incident), indent=2) if arguments.json else line)
    return OK


def _declared(settings: Settings, permits: Permits, store: IncidentStore, arguments: argparse.Namespace) -> Incident:
    from app import incidents
    from app.alerts import acts
    from store.alerts import AlertStore

    title, severity, component, site = arguments.title, arguments.severity, arguments.component, arguments.site
    if arguments.alert is not None:
        alerts = AlertStore(store.path)
        try:
            group = acts.group(acts.groups(alerts, datetime.now(UTC)), arguments.alert)
        finally:
            alerts.close()
        its = incidents.of_alert(group)
        title, severity, component, site = title or its[0], severity or its[1], component or its[2], site or its[3]
    if not (title and severity and component):
        raise ValueError("expected TITLE, --severity and --component, or --alert GROUP")
    if site and site not in [each.name for each in settings.sites]:
        raise ValueError(f"--site {site}: expected one of {', '.join(each.name for each in settings.sites)}")
    roles = (arguments.commander or "", arguments.scribe or "")
    return incidents.declare(permits, store, title, severity, component, site, roles, arguments.alert)
