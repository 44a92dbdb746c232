"""What the command line takes: its words, options and help texts. Asking for help imports argparse and little else."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

THEMES = ("auto", "dark", "light", "high-contrast", "colour-blind", "ansi-dark", "ansi-light", "monochrome")
"""As in the settings, which cannot be imported for the sake of ``--help``."""

OK, FAILED, USAGE, PARTLY, STORE, INTERRUPTED = 0, 1, 2, 3, 4, 130
HUNG_UP, TERMINATED = 129, 143

EXIT_CODES = """\
exit codes:
  0    done
  1    failed: the first line says what to do
  2    wrong usage, or an error in the configuration (file, line, key, what was expected)
  3    partly: some devices could not be read (listed on standard error), or a run was begun and is not finished
  4    the store cannot be used
  129  the terminal was lost (hang-up)
  130  interrupted
  143  ended by SIGTERM

files:
  the configuration is --config FILE, else $DRDECK_CONFIG, else $XDG_CONFIG_HOME/drdeck/config.toml;
  config.example.toml explains every key.
"""

CHECK = """\
exit codes: 0 all is well; 1 a device could not be read; 3 one could only partly be read.
With --naming: 0 no name breaks its pattern; 1 some do; 3 none does, and an array could not be read.
"""

INVENTORY = """\
WHAT is lpars, pgroups, rcgs or replicas; without it all four (not with --csv).

--json prints one object: schema_version (1), taken_at, cached, devices (name, read, last_read, failure, text) and rows,
an object with one list for each WHAT. Every row has key, device, site, seen_at, age_s and freshness: "current" when its
device was read just now, else "last known". Times are UTC as 2026-01-31T23:59:59Z, null where the device does not say.
--csv has the same columns, a header line, and lists as texts with blanks between their items. What a device no longer
reports is left out.
"""


_PANES = ("overview", "lpars", "pgroups", "rcgs", "replicas", "devices", "events", "schedules")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in the first line, not behind the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message}. See: {self.prog} --help\n")


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"drdeck {version('drdeck')}")
        except PackageNotFoundError:
            print("drdeck, not installed")
        parser.exit(OK)


class _NotTheConsoleError(Exception):
    """A command line that is not understood without the commands."""


class _ConsoleParser(argparse.ArgumentParser):
    """The options alone with which the console opens."""

    def error(self, message: str) -> NoReturn:
        raise _NotTheConsoleError


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """What a command line says; ``words`` holds it as it was typed. One that is wrong, or asks for help, raises
    SystemExit. The console does not wait for the words of all commands."""
    console = _ConsoleParser(add_help=False, allow_abbrev=False)
    _console(console)
    try:
        found, rest = console.parse_known_args(words, argparse.Namespace(words=tuple(words)))
        if not rest:
            return found
    except _NotTheConsoleError:
        pass
    return parser().parse_args(words, argparse.Namespace(words=tuple(words)))


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    from app import (
        alerts_command,
        api_command,
        audit_command,
        auto_command,
        capacity_command,
        compliance_command,
        import_command,
        incident_command,
        infra_command,
        labcommand,
        lpar_command,
        metrics_command,
        notify_command,
        pgroup_command,
        pgsnap_command,
        plan_command,
        pod_command,
        pra_command,
        rcg_command,
        report_command,
        runs_command,
        schedule_command,
        store_command,
        vm_command,
        volume_command,
        wall_command,
    )

    top: argparse.ArgumentParser = Parser(
        prog="drdeck",
        description="Console for disaster recovery: IBM Power LPARs, Pure FlashArray, HPE 3PAR and VMware. "
        "Without a command it opens the console on the devices of the configuration.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _console(top)
    top.add_argument("--version", action=_Version, nargs=0, default=argparse.SUPPRESS, help="print the version")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    labcommand.add_arguments(commands)
    _common(commands.choices["demo"], "pane", "read_only")
    _look(commands.choices["demo"])
    _look(wall_command.add_arguments(commands))
    _common(commands.choices["wall"], "config", "store")
    _common(api_command.add_arguments(commands), "config", "store")
    check = commands.add_parser(
        "check",
        help="read every device once; say what to do where it fails",
        epilog=CHECK,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("names", nargs="*", metavar="NAME", help="only these devices")
    check.add_argument("--naming", action="store_true", help="list the names on the FlashArrays that break [naming]")
    check.add_argument("--json", action="store_true", help="print JSON")
    _common(check, "config")
    _trust(commands.add_parser("trust", help="show and pin SSH host keys and TLS certificates"))
    import_command.add_arguments(commands)
    rcg_command.add_arguments(commands)
    volume_command.add_arguments(commands)
    pgroup_command.add_arguments(commands)
    plan_command.add_arguments(commands)
    capacity_command.add_arguments(commands)
    metrics_command.add_arguments(commands)
    pgsnap_command.add_arguments(commands)
    pra_command.add_arguments(commands)
    lpar_command.add_arguments(commands)
    pod_command.add_arguments(commands)
    auto_command.add_arguments(commands)
    alerts_command.add_arguments(commands)
    incident_command.add_arguments(commands)
    vm_command.add_arguments(commands)
    infra_command.add_arguments(commands)
    runs_command.add_arguments(commands)
    audit_command.add_arguments(commands)
    report_command.add_arguments(commands)
    compliance_command.add_arguments(commands)
    store_command.add_arguments(commands)
    notify_command.add_arguments(commands)
    schedule_command.add_arguments(commands)
    commands.add_parser("keys", help="print the keys and commands of the console")
    _inventory(
        commands.add_parser(
            "inventory",
            help="print what the estate holds, for scripts",
            epilog=INVENTORY,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    return top


def _console(top: argparse.ArgumentParser) -> None:
    top.set_defaults(config=None, store=None, pane="overview", cached=False, read_only=False, command=None)
    _common(top)
    _look(top)


def _common(command: argparse.ArgumentParser, *only: str) -> None:
    """Options that may stand before or behind the name of a command."""
    wanted = only or ("config", "store", "pane", "cached", "read_only")
    unset = argparse.SUPPRESS
    if "config" in wanted:
        command.add_argument("--config", type=Path, metavar="FILE", default=unset, help="the configuration to use")
    if "store" in wanted:
        command.add_argument("--store", type=Path, metavar="FILE", default=unset, help="the store to use")
    if "pane" in wanted:
        command.add_argument(
            "--pane", choices=_PANES, default=unset, help=f"the pane to begin with: {', '.join(_PANES)}"
        )
    if "cached" in wanted:
        command.add_argument(
            "--cached", action="store_true", default=unset, help="show the last known state and ask no device"
        )
    if "read_only" in wanted:
        command.add_argument(
            "--read-only", action="store_true", default=unset, help="only show: no act that changes anything is offered"
        )


def _look(command: argparse.ArgumentParser) -> None:
    """Options of the console's look."""
    look = command.add_argument_group("look")
    unset = argparse.SUPPRESS
    look.add_argument("--theme", choices=THEMES, metavar="NAME", default=unset, help=", ".join(THEMES))
    look.add_argument("--ascii", action="store_true", default=unset, help="draw shapes and lines in ASCII")
    look.add_argument("--no-mouse", action="store_true", default=unset, help="leave the mouse to the terminal")
    look.add_argument("--slow-link", action="store_true", default=unset, help="send less: for lines below 64 kB/s")
    look.add_argument("--drill", action="store_true", default=unset, help="say DRILL on every screen: an exercise")


def _trust(trust: argparse.ArgumentParser) -> None:
    trust.add_argument("names", nargs="*", metavar="NAME", help="only these devices")
    trust.add_argument("--yes", action="store_true", help="pin without asking what was never pinned before")
    trust.add_argument(
        "--replace", action="append", default=[], metavar="NAME", help="pin anew what this device changed to"
    )
    trust.add_argument("--all", action="store_true", help="pin certificates too that a CA vouches for")
    _common(trust, "config")


def _inventory(inventory: argparse.ArgumentParser) -> None:
    inventory.add_argument(
        "what", nargs="?", choices=("lpars", "pgroups", "rcgs", "replicas"), metavar="WHAT", help="see below"
    )
    form = inventory.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV with a header line")
    inventory.add_argument("--cached", action="store_true", help="ask no device: the last known state, with its age")
    _common(inventory, "config", "store")
