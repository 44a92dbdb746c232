"""``drdeck lab`` and ``drdeck demo``: the simulated estate, alone or with the console on it."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import twin_command

if TYPE_CHECKING:
    from backends.lab.lab import Lab

PRESETS = ("demo", "large")
LATENCIES = ("instant", "realistic")
LANGUAGES = ("en", "fr")


def add_arguments(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``lab`` and ``demo`` commands."""
    demo = subparsers.add_parser("demo", help="open the console on a simulated two-site estate")
    _estate_options(demo)
    lab = subparsers.add_parser("lab", help="run the simulated estate alone, or steer one that runs")
    _estate_options(lab)
    lab.add_argument("--language", choices=LANGUAGES, default="en", help="of the HMCs' messages (default: en)")
    twin_command.add_arguments(lab)
    lab.add_argument("--until-eof", action="store_true", help="end when standard input ends")
    commands = lab.add_subparsers(dest="lab_command", metavar="COMMAND")
    commands.add_parser("status", help="what runs, on which ports")
    commands.add_parser("referee", help="the violations and the true data loss so far")
    speed = commands.add_parser("speed", help="how many lab seconds pass in a second")
    speed.add_argument("speed", type=float)
    site = commands.add_parser("site", help="take a whole site away, or bring its power back")
    site.add_argument("site")
    site.add_argument("state", choices=("dark", "up"))
    _fault_commands(commands.add_parser("fault", help="switch faults on and off while the lab runs"))
    for parser in (lab, demo):
        parser.add_argument("--dir", type=Path, dest="lab_dir", help="where the lab keeps its files")


def _estate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", choices=PRESETS, default="demo", help="which estate (default: demo)")
    parser.add_argument("--latency", choices=LATENCIES, help="how long calls and work take (lab: instant)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same estate (default: 1)")


def _fault_commands(fault: argparse.ArgumentParser) -> None:
    kinds = fault.add_subparsers(dest="fault_command", metavar="COMMAND", required=True)
    kinds.add_parser("list", help="the faults in force")
    kinds.add_parser("kinds", help="the kinds of fault there are")
    add = kinds.add_parser("add", help="switch one on")
    add.add_argument("device", help="a device's name, or a pattern such as 'hmc-*'")
    add.add_argument("kind", help="see: drdeck lab fault kinds")
    add.add_argument("--verb", default="*", help="only for requests that match, such as 'GET /volumes' (default: all)")
    add.add_argument("--seconds", type=float, help="how slow, or how far the clock is off")
    add.add_argument("--count", type=int, help="only for the next so many requests")
    add.add_argument("--subject", help="the object, for renamed and pending-eradication")
    add.add_argument("--new-name", help="its other name, for renamed")
    remove = kinds.add_parser("remove", help="switch one off")
    remove.add_argument("id", type=int)
    kinds.add_parser("clear", help="switch all off")


def run(args: argparse.Namespace) -> int:
    """``drdeck lab``: returns the exit code."""
    from app.twin_source import NoTwinError
    from backends.lab.control import ControlError

    try:
        if args.lab_command is None:
            return _serve(args)
        return _steer(args)
    except (ControlError, NoTwinError) as error:
        print(error, file=sys.stderr)
        return 1


def run_demo(args: argparse.Namespace) -> int:
    """``drdeck demo``: a lab in a process of its own, and the console on it until it is left."""
    from app.looks import Flags
    from app.run_console import run_console
    from app.settings import load

    directory = _directory(args)
    latency = args.latency or "realistic"
    command = [sys.executable, "-m", "app", "lab", "--until-eof", "--dir", str(directory)]
    command += ["--preset", args.preset, "--latency", latency, "--seed", str(args.seed)]
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = (directory / "lab.log").open("w")
    lab = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
    try:
        if not _ready(directory, lab):
            print(f"The lab did not start. Its own words are in {directory / 'lab.log'}", file=sys.stderr)
            return 1
        settings = load(directory / "config.toml")
        read_only = getattr(args, "read_only", False)
        return run_console(settings, settings.store, read_only, Flags.of(args), pane=args.pane)
    finally:
        if lab.stdin is not None:
            lab.stdin.close()
        try:
            lab.wait(timeout=5)
        except subprocess.TimeoutExpired:
            lab.terminate()
        log.close()


def _ready(directory: Path, lab: subprocess.Popen[bytes]) -> bool:
    from backends.lab.control import ControlError, ask

    print("Starting the lab …", flush=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and lab.poll() is None:
        try:
            ask(directory, "status")
            return True
        except ControlError:
            time.sleep(0.05)
    return False


def _directory(args: argparse.Namespace) -> Path:
    from app.paths import state_dir

    if getattr(args, "from_store", False):
        return twin_command.directory(args)
    return Path(args.lab_dir) if args.lab_dir else state_dir() / "lab"


def _build(args: argparse.Namespace, directory: Path) -> Lab:
    from backends.lab.lab import Lab
    from backends.lab.presets import build
    from backends.lab.timing import PRESETS as TIMINGS

    world = build(args.preset, seed=args.seed, timing=TIMINGS[args.latency or "instant"])
    for device in world.devices.values():
        device.language = args.language
    return Lab(world, directory / "identities")


def _serve(args: argparse.Namespace) -> int:
    from backends.lab.configuration import write_config
    from backends.lab.control import Control, ControlError, ask
    from backends.lab.timing import PRESETS as TIMINGS
    from store.errors import StoreError

    directory = _directory(args)
    found = twin_command.read(args) if args.from_store else None
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        ask(directory, "status")
    except ControlError:
        pass
    else:
        raise ControlError(f"a lab already runs in {directory}: use it, or name another place with --dir")
    if found is None:
        lab, account = _build(args, directory), None
    else:
        timing = TIMINGS[args.latency or "instant"]
        lab, account = twin_command.build(found, timing, directory / "identities")
    lab.start()
    interval = _interval_s(args.preset, lab.world.timing.name)
    if found is None or account is None:
        config = write_config(lab, directory, interval)
        try:
            _import_infrastructure(lab, config)
        except StoreError as error:  # the lab itself needs no store
            print(f"Where it stands is not in the console's store: {error}", file=sys.stderr)
    else:
        config = twin_command.write(lab, found, account, directory, interval)
        print("\n".join(twin_command.report(found, account)), end="\n\n")
    control = Control(lab.world, directory)
    control.start()
    try:
        print(_welcome(lab, config), flush=True)
        _wait(args.until_eof)
    except KeyboardInterrupt:
        pass
    finally:
        control.stop()
        lab.stop()
    return 0


def _import_infrastructure(lab: Lab, config: Path) -> None:
    """Where the estate stands, into the store of the console that goes with it; the same again changes nothing."""
    from datetime import UTC, datetime

    from app.infra import files
    from app.recovery.operations import who
    from app.settings import load
    from store.infra import book
    from store.infra.differences import by_ref
    from store.infra.records import Source

    settings = load(config)
    for name, (table, _) in lab.world.infrastructure.items():
        source = files.source_name(name, table)
        kept = book.read(settings.store)
        items = files.read(config.parent / name, (), [site.name for site in settings.sites], table).items
        if kept.of(source) != by_ref(items):
            book.put(settings.store, Source(source, datetime.now(UTC), who()), items)


def _interval_s(preset: str, latency: str) -> int:
    """Seconds between two sweeps: short enough to watch, long enough for a sweep to end."""
    if preset == "large":
        return 60
    return 5 if latency == "instant" else 15


def _wait(until_eof: bool) -> None:
    if until_eof:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        return
    threading.Event().wait()


def _welcome(lab: Lab, config: Path) -> str:
    from app.paths import state_dir

    lines = ["The lab runs. Open the console on it from another terminal:", f"  drdeck --config {config}", ""]
    for device in lab.world.devices.values():
        ports = ", ".join(f"{name} 127.0.0.1:{port}" for name, port in device.ports.items())
        user = next(iter(device.users))
        lines.append(f"  {device.name:<16} {device.kind.value:<10} {device.site:<8} {ports}  user {user}")
    usual = config.parent == state_dir() / "lab"
    steer = "drdeck lab" if usual else f"drdeck lab --dir {config.parent}"
    lines += ["", f"CA certificate: {lab.identities.ca_file}", f"SSH key: {lab.identities.client_key_file}"]
    lines.append(f"Passwords and tokens: {config.parent}/NAME.secret")
    lines += [
        f"Make trouble:   {steer} fault add DEVICE unreachable    (and: {steer} fault clear)",
        "Ctrl-C ends it.",
    ]
    return "\n".join(lines)


def _steer(args: argparse.Namespace) -> int:
    from backends.lab.control import ask
    from backends.lab.faults import FaultKind

    directory = _directory(args)
    reply: dict[str, Any]
    match args.lab_command:
        case "status" | "referee":
            reply = ask(directory, args.lab_command)
        case "speed":
            reply = ask(directory, "speed", speed=args.speed)
        case "site":
            reply = ask(directory, "site", site=args.site, dark=args.state == "dark")
        case _ if args.fault_command == "kinds":
            print("\n".join(kind.value for kind in FaultKind))
            return 0
        case _:
            return _fault(args, directory)
    print(json.dumps(reply, indent=2))
    return 0


def _fault(args: argparse.Namespace, directory: Path) -> int:
    from backends.lab.control import ask

    details: dict[str, object] = {}
    if args.fault_command == "add":
        names = ("device", "kind", "verb", "seconds", "count", "subject", "new_name")
        details = {name: getattr(args, name) for name in names}
    elif args.fault_command == "remove":
        details = {"id": args.id}
    reply = ask(directory, f"fault-{args.fault_command}", **details)
    for fault in reply["faults"]:
        extra = f" {fault['subject']} -> {fault['new_name'] or 'renamed'}" if fault["subject"] else ""
        count = "" if fault["remaining"] is None else f", {fault['remaining']} more"
        print(f"{fault['id']:>4}  {fault['device']:<16} {fault['kind']:<20} {fault['verb']}{extra}{count}")
    if not reply["faults"]:
        print("no faults")
    return 0
