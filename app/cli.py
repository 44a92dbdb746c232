"""The command line: what each command does. Every one imports what it needs itself."""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli_words import FAILED, INTERRUPTED, OK, STORE, USAGE, parsed, parser

if TYPE_CHECKING:
    from app.host_records import SshHost
    from app.secrets import Reference
    from app.settings import DeviceSettings, Settings
    from store.place import Place


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (default: that of the process) and return its exit code. Never raises, never shows a
    traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 must not end a command
    arguments: argparse.Namespace | None = None
    try:
        words = sys.argv[1:] if argv is None else argv
        arguments = parsed(words)
        code = _COMMANDS[arguments.command](arguments)
        sys.stdout.flush()
        return code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else OK
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has gone; nothing can be said to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED
    except Exception as error:
        _keep_refused(error, arguments)
        return _failed(error)


def _keep_refused(error: Exception, arguments: argparse.Namespace | None) -> None:
    """Have the journal say that somebody was refused, where there is one that they can write."""
    from contextlib import suppress

    from app.permits import RefusedError

    if arguments is None or not isinstance(error, RefusedError) or error.kept:
        return
    with suppress(Exception):
        from app.paths import config_file
        from app.recovery.operations import who
        from app.settings import load
        from store import refusals
        from store.place import is_there

        place = _store_path(arguments, load(config_file(arguments.config)))
        if is_there(place):
            refusals.keep(place, who(), f"drdeck {arguments.command or ''}".rstrip(), str(error))


def _failed(error: Exception) -> int:
    """Say what to do about an error, on standard error, and return its exit code."""
    from app.config_table import SettingsError
    from app.known_devices import KnownDevicesError
    from app.permits import RefusedError
    from app.secrets import SecretError
    from store.errors import StoreError

    if isinstance(error, RefusedError):
        print(f"Refused: {error}.", file=sys.stderr)
        return FAILED
    if isinstance(error, SettingsError | KnownDevicesError | SecretError):
        print(error, file=sys.stderr)
        return USAGE
    if isinstance(error, StoreError):
        print(error, file=sys.stderr)
        return STORE
    from app import crash

    log = crash.record(error)
    kept = f"send {log} to those who maintain it" if log is not None else "no log could be written"
    print(f"Try again: drdeck stopped by a defect of its own ({type(error).__name__}); {kept}.", file=sys.stderr)
    return FAILED


def _prepare() -> None:
    """Keep what libraries log and what threads die of off the screen."""
    import logging

    from app import crash

    logging.getLogger().addHandler(logging.NullHandler())
    crash.record_threads()


def _settings(arguments: argparse.Namespace) -> Settings:
    from app.paths import config_file
    from app.settings import load

    _prepare()
    settings = load(config_file(arguments.config))
    if settings.access.grants:
        from app.permits import Act, Permits

        Permits(settings).check(Act.READ)
    return settings


def _store_path(arguments: argparse.Namespace, settings: Settings) -> Place:
    if arguments.store is not None:
        return Path(arguments.store).expanduser().absolute()
    _ask_secrets((), settings.store_password)
    return settings.store


def _unknown(names: Iterable[str], devices: Iterable[DeviceSettings | SshHost]) -> bool:
    """Whether some of the names are no device; says which."""
    known = [device.name for device in devices]
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"No device is called {', '.join(unknown)}. There are: {', '.join(known)}", file=sys.stderr)
    return bool(unknown)


def _ask_secrets(devices: Iterable[DeviceSettings | SshHost], besides: Reference | None = None) -> None:
    from app import secrets

    secrets.ask([reference for device in devices for reference in device.references] + ([besides] if besides else []))


def _nothing_configured(arguments: argparse.Namespace) -> bool:
    """Whether no configuration is named and none is at the default place."""
    from app.paths import CONFIG_VARIABLE, config_file

    if arguments.config is not None or os.environ.get(CONFIG_VARIABLE):
        return False
    try:
        config_file().lstat()
    except FileNotFoundError:
        return True
    except OSError:  # something is there; loading it says what is wrong
        return False
    return False


def _first_run(arguments: argparse.Namespace) -> int | None:
    """Offer the demo or a guided configuration; None: a configuration was written, and the console may open."""
    from app import looks
    from app.firstrun import End, run_first_run
    from app.paths import config_file

    _prepare()
    look = looks.choose(looks.Flags.of(arguments), None, os.environ, sys.stdout.encoding or "")
    end = run_first_run(config_file(), look)
    if end is End.DEMO:
        # The same flags with the demo's own defaults for what only it knows.
        return _demo(parser().parse_args(["demo"], argparse.Namespace(**vars(arguments))))
    return None if end is End.WRITTEN else OK


def _console(arguments: argparse.Namespace) -> int:
    if _nothing_configured(arguments) and sys.stdin.isatty() and sys.stdout.isatty():
        if _no_screen():
            return USAGE
        code = _first_run(arguments)
        if code is not None:
            return code
    # What is loaded from here on stays: looking through it for garbage would hold up the first screen. The console
    # takes it up again when it is shown.
    gc.disable()
    settings = _settings(arguments)
    if _no_screen():
        return USAGE
    cached = bool(arguments.cached)
    if not cached:
        _ask_secrets(settings.reached)
    from app.looks import Flags
    from app.run_console import run_console

    read_only = bool(arguments.read_only) or settings.read_only
    store = _store_path(arguments, settings)
    return int(run_console(settings, store, read_only, Flags.of(arguments), cached=cached, pane=arguments.pane))


def _no_screen() -> bool:
    """Whether there is no terminal that a full screen could be shown on; says why."""
    from app.looks import unusable

    reason = unusable(os.environ)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        reason = "Run drdeck in a terminal; for scripts there is: drdeck inventory --json"
    if reason is not None:
        print(reason, file=sys.stderr)
    return reason is not None


def _demo(arguments: argparse.Namespace) -> int:
    from app import labcommand

    _prepare()
    return USAGE if _no_screen() else labcommand.run_demo(arguments)


def _wall(arguments: argparse.Namespace) -> int:
    from app import wall_command

    settings = _settings(arguments)
    store = _store_path(arguments, settings)
    if arguments.serve:
        return wall_command.serve(settings, store, arguments)
    if not wall_command.served() and _no_screen():
        return USAGE
    from app.looks import Flags

    return wall_command.run(settings, store, Flags.of(arguments))


def _check(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    if _unknown(arguments.names, settings.devices):
        return USAGE
    devices = [device for device in settings.devices if not arguments.names or device.name in arguments.names]
    from app import check, naming_check

    if arguments.naming:
        _ask_secrets(naming_check.arrays(devices))
        return naming_check.run(settings, devices, as_json=arguments.json)
    _ask_secrets(devices, settings.store_password)
    return check.run(settings, devices, as_json=arguments.json)


def _trust_command(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    if _unknown([*arguments.names, *arguments.replace], settings.reached):
        return USAGE
    from app import trust

    request = trust.Request(tuple(arguments.names), arguments.yes, arguments.replace, arguments.all)
    asks = sys.stdin.isatty() and sys.stdout.isatty()
    return trust.run(settings, request, _confirm if asks else None)


def _confirm(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False


def _inventory_command(arguments: argparse.Namespace) -> int:
    if arguments.csv and arguments.what is None:
        print("Name what to print: --csv holds one of lpars, pgroups, rcgs, replicas", file=sys.stderr)
        return USAGE
    settings = _settings(arguments)
    from app import inventory

    form = inventory.Form.JSON if arguments.json else inventory.Form.CSV if arguments.csv else inventory.Form.TABLE
    request = inventory.Request(arguments.what, form, arguments.cached, _store_path(arguments, settings), settings.twin)
    if not arguments.cached:
        _ask_secrets(inventory.asked(settings, request))
    return inventory.run(settings, request)


def _needed(settings: Settings, arguments: argparse.Namespace) -> Iterable[DeviceSettings | SshHost]:
    """What a command that makes a run logs in to: databases only where they are asked for."""
    return settings.reached if getattr(arguments, "backup_mode", False) else settings.devices


def _recovery_command(arguments: argparse.Namespace) -> int:
    from app import backup_command, lpar_command, rcg_command, vm_command

    settings = _settings(arguments)
    if arguments.command == "vm" and arguments.verb == "backups":
        return backup_command.show(settings, arguments)
    _ask_secrets(_needed(settings, arguments))
    make = import_module(f"app.{arguments.command}_command").drawing
    if arguments.command == "lpar" and arguments.verb == "check":
        return lpar_command.check(settings, _store_path(arguments, settings), arguments)
    if arguments.command == "vm" and arguments.verb in vm_command.SHOWN:
        return vm_command.show(settings, _store_path(arguments, settings), arguments)
    return rcg_command.planned(settings, _store_path(arguments, settings), arguments, make)


def _plan_command(arguments: argparse.Namespace) -> int:
    from app import plan_command

    settings = _settings(arguments)
    if plan_command.asks_devices(arguments):
        _ask_secrets((*settings.devices, *settings.hosts))
    return plan_command.run(settings, _store_path(arguments, settings), arguments)


def _figures_command(arguments: argparse.Namespace) -> int:
    from app import capacity_command

    settings = _settings(arguments)
    told = capacity_command.capacity if arguments.command == "capacity" else capacity_command.cost
    return told(settings, _store_path(arguments, settings), arguments)


def _given_command(arguments: argparse.Namespace) -> int:
    from app import pgsnap_command, pra_command

    if _nothing_configured(arguments):  # the arrays may all be given on the command line
        from app.paths import config_file
        from app.settings import nothing

        _prepare()
        settings = nothing(config_file())
    else:
        settings = _settings(arguments)
    if arguments.command == "pgsnap":
        _ask_secrets(_needed(settings, arguments))
        return pgsnap_command.run(settings, _store_path(arguments, settings), arguments)
    if not (arguments.hmc or arguments.purestorage):  # else no other device is asked
        _ask_secrets(settings.devices)
    return pra_command.run(settings, _store_path(arguments, settings), arguments)


def _runs_command(arguments: argparse.Namespace) -> int:
    from app import runs_command

    settings = _settings(arguments)
    if arguments.runs_command in ("resume", "abort"):
        _ask_secrets(settings.reached)
    return runs_command.run(settings, _store_path(arguments, settings), arguments)


def _on_store(module: str, name: str = "run") -> Callable[[argparse.Namespace], int]:
    """A command that asks no device: the function of that name, given settings, store and arguments."""

    def command(arguments: argparse.Namespace) -> int:
        settings = _settings(arguments)
        code: int = getattr(import_module(f"app.{module}"), name)(settings, _store_path(arguments, settings), arguments)
        return code

    return command


def _bare(module: str) -> Callable[[argparse.Namespace], int]:
    """A command that reads no configuration by itself."""

    def command(arguments: argparse.Namespace) -> int:
        code: int = import_module(f"app.{module}").run(arguments)
        return code

    return command


def _schedule_command(arguments: argparse.Namespace) -> int:
    from app import schedule_command

    settings = _settings(arguments)
    headless = arguments.command == "scheduler"
    if headless or arguments.schedule_command == "run":
        _ask_secrets(settings.reached)
    store = _store_path(arguments, settings)
    return schedule_command.scheduler(settings, store) if headless else schedule_command.run(settings, store, arguments)


def _auto_command(arguments: argparse.Namespace) -> int:
    from app import auto_command

    settings = _settings(arguments)
    if auto_command.asks_devices(arguments):
        _ask_secrets(settings.devices)
    return auto_command.run(settings, _store_path(arguments, settings), arguments)


def _api_command(arguments: argparse.Namespace) -> int:
    from app import api_command

    settings = _settings(arguments)
    if settings.api is not None:
        from app import secrets

        secrets.ask(reader.token for reader in settings.api.readers)
    return api_command.run(settings, _store_path(arguments, settings), arguments)


def _store_command(arguments: argparse.Namespace) -> int:
    from app import store_command

    settings = _settings(arguments)
    _ask_secrets((), settings.store_password)
    return store_command.run(settings, arguments)


def _keys_command(arguments: argparse.Namespace) -> int:
    from app import keys

    print(keys.text())
    return OK


_COMMANDS: dict[str | None, Callable[[argparse.Namespace], int]] = {
    None: _console,
    "demo": _demo,
    "lab": _bare("labcommand"),
    "wall": _wall,
    "check": _check,
    "trust": _trust_command,
    "import": _bare("import_command"),
    "rcg": _recovery_command,
    "volume": _recovery_command,
    "pgroup": _recovery_command,
    "lpar": _recovery_command,
    "pod": _recovery_command,
    "vm": _recovery_command,
    "plan": _plan_command,
    "capacity": _figures_command,
    "cost": _figures_command,
    "metrics": _on_store("metrics_command"),
    "pgsnap": _given_command,
    "pra": _given_command,
    "auto": _auto_command,
    "maintenance": _on_store("auto_command", "maintenance"),
    "incident": _on_store("incident_command"),
    "alerts": _on_store("alerts_command"),
    "infra": _on_store("infra_command"),
    "blast": _on_store("infra_command"),
    "runs": _runs_command,
    "audit": _on_store("audit_command"),
    "report": _on_store("report_command"),
    "compliance": _on_store("compliance_command"),
    "notify": _on_store("notify_command"),
    "schedule": _schedule_command,
    "scheduler": _schedule_command,
    "api": _api_command,
    "store": _store_command,
    "keys": _keys_command,
    "inventory": _inventory_command,
}
