"""``drdeck pra``: make the recovery site ready for each protected LPAR, and say what is not right.

It takes the flags of the script that it replaces. Idempotent: a second time it sends nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.runs_command import FAILED, OK, PARTLY, USAGE

if TYPE_CHECKING:
    from app.recovery.operations import Operations
    from app.recovery.pra.alignment import Aligned
    from app.recovery.pra.situation import ArrayNow, HmcNow, PraNow
    from app.settings import Settings
    from app.settings_records import DeviceSettings
    from store.runs import Plan

MOST_PASSES = 6
"""What one pass makes is seen by the next: a new LPAR has WWPNs of its own once it exists."""

WORDS = """\
Nothing is changed without --apply (or --execute): what would be done is shown, and what a person must see to.
Aligning adds: host objects with the WWPNs of their LPAR on the arrays of both sites; the copies of its volumes at the
recovery site with their pairing tags, under the same LUNs; its definition there, with the same MAC addresses; the
adapters of the VIOS behind it. It never takes a WWPN from another host, removes, renames or resizes anything, and never
changes an LPAR that is activated: these are reported. [pra] of the configuration says which LPARs, and what maps
to what.

With -H and -P, one HMC and one array are aligned without a configuration. Their secrets are references as in the
configuration (env:NAME, file:/path, keyring:…, command:…, prompt), never the secret itself: others could read it in
the list of processes.

exit codes: 0 aligned, or done, or a dry run; 1 failed, or refused; 2 wrong usage, or no LPAR was found;
3 something was not done, or needs a person.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``pra``."""
    pra = commands.add_parser(
        "pra",
        help="make the recovery site ready for the LPARs, or show what is lacking",
        epilog=WORDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = pra.add_argument
    add("-H", "--hmc", metavar="HOST", help="one HMC, instead of those of the configuration")
    add("-u", "--hmc-user", metavar="USER", help="its user")
    add("-w", "--hmc-password", metavar="REFERENCE", help="its password, as a reference (default: prompt)")
    add("-P", "--purestorage", metavar="HOST", help="one array, instead of those of the configuration")
    add("-s", "--pure-user", metavar="USER", help="its user, or the word token")
    add("-p", "--pure-password", metavar="REFERENCE", help="its password or token, as a reference (default: prompt)")
    add("-m", "--system", "--managed-system", action="append", default=[], metavar="NAME", help="only these systems")
    add("--exclude-lpar", action="append", default=[], metavar="NAMES", help="not these LPARs: names, commas between")
    add("--reverse", action="store_true", help="the way home: for what runs at the recovery site after a failover")
    add("--host-prefix", metavar="TEXT", help="host objects are called TEXT and the LPAR's name")
    add("--verify-ssl", action="store_true", default=True, help="check certificates (the default)")
    add("--no-verify-ssl", action="store_false", dest="verify_ssl", help="believe any certificate of -P")
    add("--apply", "--execute", action="store_true", dest="execute", help="do it; without this nothing is changed")
    add("--json", action="store_true", help="print JSON")
    for name in ("--config", "--store"):
        add(name, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=f"the {name[2:]} to use")


def run(settings: Settings, store_path: Path, arguments: argparse.Namespace) -> int:
    """Look, show, and with ``--apply`` do it. Returns the exit code. Raises :class:`store.errors.StoreError`."""
    from app.recovery.draft import CannotPlanError
    from app.recovery.operations import Operations
    from store.database import open_store
    from store.ledger import Ledger

    try:
        settings = _given(settings, arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        return USAGE
    store, ledger = open_store(store_path), Ledger(store_path)
    try:
        return _passes(Operations(settings, store, ledger), arguments)
    except CannotPlanError as error:
        print(error, file=sys.stderr)
        return FAILED
    finally:
        ledger.close()
        store.close()


def _given(settings: Settings, arguments: argparse.Namespace) -> Settings:
    """The settings with what the command line says. Raises :class:`ValueError` with what was expected."""
    from app.pra_records import Pra

    pra, guests = settings.pra, []
    if arguments.hmc or arguments.purestorage:
        if not (arguments.hmc and arguments.purestorage):
            raise ValueError("-H HOST and -P HOST go together: an HMC and its array")
        guests = [_hmc(settings, arguments), _array(settings, arguments)]
        pra = replace(pra or Pra("", ""), nominal="given", recovery="")
    if pra is not None:
        excluded = tuple(name for names in arguments.exclude_lpar for name in names.split(",") if name)
        pra = replace(pra, exclude=(*pra.exclude, *excluded))
        if arguments.host_prefix is not None:
            pra = replace(pra, host=f"{arguments.host_prefix}{{lpar}}")
        pra = pra.reversed() if arguments.reverse else pra
    return replace(settings, pra=pra, guests=tuple(guests))


def _hmc(settings: Settings, arguments: argparse.Namespace) -> DeviceSettings:
    from app.settings_records import DeviceSettings
    from store.estate import DeviceKind

    if not arguments.hmc_user:
        raise ValueError("-u USER: expected the user of the HMC")
    host, port = _address(arguments.hmc, 22)
    known = next((d for d in settings.devices if d.kind is DeviceKind.HMC and (d.host, d.port) == (host, port)), None)
    name = known.name if known is not None else host
    secret = _secret(arguments.hmc_password, f"password of {arguments.hmc_user} on {host}", "-w")
    return DeviceSettings(name, DeviceKind.HMC, "given", host, port, user=arguments.hmc_user, password=secret)


def _array(settings: Settings, arguments: argparse.Namespace) -> DeviceSettings:
    from app.settings_records import DeviceSettings
    from store.estate import DeviceKind

    host, port = _address(arguments.purestorage, 443)
    kind = DeviceKind.FLASHARRAY
    known = next((d for d in settings.devices if d.kind is kind and (d.host, d.port) == (host, port)), None)
    made = DeviceSettings(
        known.name if known is not None else host,
        kind,
        "given",
        host,
        port,
        ca_file=known.ca_file if known is not None else None,
        verify=arguments.verify_ssl,
    )
    if arguments.pure_user in (None, "token"):
        return replace(made, token=_secret(arguments.pure_password, f"API token of {host}", "-p"))
    secret = _secret(arguments.pure_password, f"password of {arguments.pure_user} on {host}", "-p")
    return replace(made, user=arguments.pure_user, password=secret)


def _address(text: str, port: int) -> tuple[str, int]:
    host, colon, number = text.rpartition(":")
    if not colon or text.count(":") > 1:
        return text, port
    if not number.isdigit() or not host:
        raise ValueError(f"{text}: expected a host, or HOST:PORT")
    return host, int(number)


def _secret(text: str | None, asked_for: str, flag: str) -> Any:
    """The reference; the secret is asked for where it is none. The text is never repeated: it may be the secret."""
    from app import secrets

    try:
        found = secrets.parse(text or "prompt", asked_for, Path.cwd())
    except secrets.NotAReferenceError as error:
        raise ValueError(f"{flag}: expected {error.expected}") from None
    secrets.ask([found])
    return found


# -------------------------------------------------------------------------------------------------------------- passes


def _passes(operations: Operations, arguments: argparse.Namespace) -> int:
    """Look and, where it is to be done, do it, until a look finds nothing more to do."""
    from app.recovery.operations import new_run_id
    from app.recovery.pra.operate import configured, look, plan_align

    pra, code, runs = configured(operations), OK, 0
    while True:
        run_id = new_run_id()
        now = look(operations, pra)
        now = _only(now, arguments.system)
        unread = _unread(now)
        plan, aligned = plan_align(operations, now, run_id)
        if not aligned:
            print("No LPAR was found that is to be protected.", file=sys.stderr)
            return USAGE
        done = not plan.steps or not arguments.execute or runs == MOST_PASSES or code != OK
        if done:
            _show(now, plan, aligned, unread, arguments)
            return _code(code, plan, aligned, unread, arguments)
        if operations.settings.read_only:
            print("Refused: the configuration says read_only.", file=sys.stderr)
            return FAILED
        runs += 1
        code = _act(operations, plan, run_id)


def _only(now: PraNow, systems: Sequence[str]) -> PraNow:
    """Without the LPARs of other systems of the nominal site."""
    if not systems:
        return now
    hmcs = []
    for hmc in now.nominal.hmcs:
        if hmc.reading is not None:
            kept = tuple(o for o in hmc.reading.objects if getattr(o, "system", None) in (None, *systems))
            hmc = replace(hmc, reading=replace(hmc.reading, objects=kept))
        hmcs.append(hmc)
    return replace(now, nominal=replace(now.nominal, hmcs=tuple(hmcs)))


def _unread(now: PraNow) -> list[str]:
    """What could not be read, and with it what may be missing from the rest."""
    found = []
    for side in (now.nominal, now.recovery):
        every: list[HmcNow | ArrayNow] = [*side.hmcs, *side.arrays]
        for device in every:
            if device.reading is None:
                found.append(f"{device.device} could not be read: {device.failure}")
            else:
                found += [f"{device.device}: {unread.why}" for unread in device.reading.unread]
    return found


def _act(operations: Operations, plan: Plan, run_id: str) -> int:
    from app.runs_command import follow
    from store.runs import RunState

    operations.agree(run_id, plan, plan.confirm)
    follow(operations, run_id, as_json=False)
    return OK if operations.ledger.run(run_id).state is RunState.SUCCEEDED else PARTLY


def _code(
    code: int, plan: Plan, aligned: Sequence[Aligned], unread: Sequence[str], arguments: argparse.Namespace
) -> int:
    findings = any(each.findings for each in aligned)
    if not arguments.execute:
        return OK
    return PARTLY if code != OK or plan.steps or findings or unread else OK


def _show(
    now: PraNow, plan: Plan, aligned: Sequence[Aligned], unread: Sequence[str], arguments: argparse.Namespace
) -> None:
    from app.runs_words import plan_as_json, plan_lines

    excluded = sorted({lpar.name for lpar in now.nominal.lpars if now.pra.excludes(lpar.name)})
    if arguments.json:
        rows = [
            {
                "lpar": each.lpar,
                "aligned": not each.acts and not each.findings,
                "to_do": len(each.acts),
                "findings": [{"check": f.check, "words": f.words} for f in each.findings],
            }
            for each in aligned
        ]
        content = {**plan_as_json(plan), "lpars": rows, "excluded": excluded, "not_read": list(unread)}
        print(json.dumps(content, indent=2))
        return
    if plan.steps:
        print("\n".join(plan_lines(plan)))
        print()
    good = [each.lpar for each in aligned if not each.acts and not each.findings]
    print(f"{len(aligned)} LPARs at {now.nominal.site}: {len(good)} as they are to be")
    for each in aligned:
        for finding in each.findings:
            print(f"  {each.lpar}  [{finding.check}] {finding.words}")
    if excluded:
        print(f"Excluded: {', '.join(excluded)}")
    for text in unread:
        print(f"Not read: {text}", file=sys.stderr)
