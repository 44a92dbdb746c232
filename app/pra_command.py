"""``drdeck pra``: make the recovery site ready for each protected LPAR, and say what is not right.

It takes the flags of the script that it replaces. Idempotent: a second time it sends nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from app.runs_command import FAILED, OK, PARTLY, USAGE
from store.place import Place

if TYPE_CHECKING:
    from app.recovery.operations import Operations
    from app.recovery.pra.alignment import Aligned
    from app.recovery.pra.situation import ArrayNow, HmcNow, PraNow
    from app.settings import Settings
    from app.settings_records import DeviceSettings
    from store.estate import DeviceKind
    from store.runs import Plan, Run

GIVEN = "given"
"""The site of the devices of -H and -P."""

MOST_PASSES = 6
"""What one pass makes is seen by the next: a new LPAR has WWPNs of its own once it exists."""

WORDS = """\
Nothing is changed without --apply (or --execute): what would be done is shown, and what a person must see to.
Aligning adds: host objects with the WWPNs of their LPAR on the arrays of both sites; the copies of its volumes at the
recovery site with their pairing tags, under the same LUNs; its definition there, with the same MAC addresses; the
adapters of the VIOS behind it. It never takes a WWPN from another host, removes, renames or resizes anything, and never
changes an LPAR that is activated: these are reported. [pra] of the configuration says which LPARs, and what maps
to what.

With -H and -P, the hosts of one HMC's LPARs on one array are aligned, and nothing else. Where the configuration has a
device at that address, the identity that is pinned for it holds; an HMC whose host key is not pinned is refused. Their
secrets are references as in the configuration (env:NAME, file:/path, keyring:…, command:…, prompt), never the secret
itself: others could read it in the list of processes.

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


def run(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
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
        pra = replace(pra or Pra("", ""), nominal=GIVEN, recovery="")
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
    secret = _secret(arguments.hmc_password, f"password of {arguments.hmc_user} on {host}", "-w")
    given = _known(settings, DeviceKind.HMC, host, port) or DeviceSettings(
        arguments.hmc, DeviceKind.HMC, "", host, port
    )
    return replace(given, site=GIVEN, user=arguments.hmc_user, password=secret, key_file=None, passphrase=None)


def _array(settings: Settings, arguments: argparse.Namespace) -> DeviceSettings:
    from app.settings_records import DeviceSettings
    from store.estate import DeviceKind

    host, port = _address(arguments.purestorage, 443)
    given = _known(settings, DeviceKind.FLASHARRAY, host, port) or DeviceSettings(
        arguments.purestorage, DeviceKind.FLASHARRAY, "", host, port
    )
    verify = given.verify and arguments.verify_ssl
    made = replace(given, site=GIVEN, user=None, password=None, token=None, verify=verify)
    if arguments.pure_user in (None, "token"):
        return replace(made, token=_secret(arguments.pure_password, f"API token of {host}", "-p"))
    secret = _secret(arguments.pure_password, f"password of {arguments.pure_user} on {host}", "-p")
    return replace(made, user=arguments.pure_user, password=secret)


def _known(settings: Settings, kind: DeviceKind, host: str, port: int) -> DeviceSettings | None:
    """The configured device at an address: its pinned identity and its limits hold, its login does not."""
    return next((d for d in settings.devices if d.kind is kind and (d.host, d.port) == (host, port)), None)


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


class _Look(Struct, frozen=True):
    """What the newest look showed and what of it is to be done. ``runs`` are the passes before."""

    now: PraNow
    plan: Plan
    aligned: tuple[Aligned, ...]
    unread: tuple[str, ...]
    runs: tuple[Run, ...]

    @property
    def failed(self) -> bool:
        return any(str(run.state) != "succeeded" for run in self.runs)


def _passes(operations: Operations, arguments: argparse.Namespace) -> int:
    """Look and, where it is to be done, do it, until a look finds nothing more to do."""
    from app.recovery.operations import new_run_id
    from app.recovery.pra.operate import configured, look, plan_align

    pra = configured(operations)
    runs: list[Run] = []
    while True:
        run_id = new_run_id()
        now = replace(look(operations, pra), only=tuple(arguments.system))
        plan, aligned = plan_align(operations, now, run_id)
        seen = _Look(now, plan, aligned, tuple(_unread(now)), tuple(runs))
        if not aligned:
            return _nobody(seen)
        if not plan.steps or not arguments.execute or len(runs) == MOST_PASSES or seen.failed:
            print(json.dumps(_as_json(seen), indent=2) if arguments.json else "\n".join(_lines(seen)))
            for text in seen.unread if not arguments.json else ():
                print(f"Not read: {text}", file=sys.stderr)
            return _code(seen) if arguments.execute else OK
        if operations.settings.read_only:
            print("Refused: the configuration says read_only.", file=sys.stderr)
            return FAILED
        runs.append(_act(operations, plan, run_id, as_json=arguments.json))


def _nobody(seen: _Look) -> int:
    """There is no LPAR to align. Where something could not be read, that may be why."""
    for text in seen.unread:
        print(f"Not read: {text}", file=sys.stderr)
    print("No LPAR was found that is to be protected.", file=sys.stderr)
    return FAILED if seen.unread else USAGE


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


def _act(operations: Operations, plan: Plan, run_id: str, *, as_json: bool) -> Run:
    """One pass. As JSON nothing is printed before the end of all of them."""
    from app.recovery.operations import Asked
    from app.runs_command import attend
    from app.runs_words import run_lines

    operations.agree(run_id, plan, plan.confirm, Asked("lpar align"))
    attend(operations, run_id)
    run = _closed(operations, run_id)
    if not as_json:
        print("\n".join(run_lines(run)))
    return run


def _closed(operations: Operations, run_id: str) -> Run:
    """The run, ended where it waits for a person: the next look plans anew what was not done, and no LPAR is held up
    until then, by this or for its failover. One that was left by Ctrl-C is there to be resumed."""
    from app.recovery.operations import who
    from app.runs_command import attend
    from store.runs import Choice, RunState, StepState

    run = operations.ledger.run(run_id)
    states = {step.state for step in run.steps}
    if run.state is RunState.APPROVED:
        operations.ledger.drop(run_id, who(), "another run acts on one of its LPARs")
    elif states & {StepState.FAILED, StepState.UNKNOWN} and StepState.RUNNING not in states:
        operations.ledger.decide(run_id, Choice.ABORT, None, "what was not done is planned anew", who())
        attend(operations, run_id)
    return operations.ledger.run(run_id)


def _code(seen: _Look) -> int:
    findings = any(each.findings for each in seen.aligned)
    return PARTLY if seen.failed or seen.plan.steps or findings or seen.unread else OK


# -------------------------------------------------------------------------------------------------------------- showing


def _failures(run: Run) -> list[tuple[str, str]]:
    """What did not come about: the title of each such step, and why."""
    pairs = zip(run.plan.steps, run.steps, strict=True)
    return [(p.title, s.reason or str(s.state)) for p, s in pairs if str(s.state) in ("failed", "unknown")]


def _excluded(now: PraNow) -> list[str]:
    lpars = [lpar for lpar in now.nominal.lpars if now.is_asked(lpar)]
    return sorted({lpar.name for lpar in lpars if now.pra.excludes(lpar.name)})


def _as_json(seen: _Look) -> dict[str, Any]:
    from app.runs_words import plan_as_json

    rows = [
        {
            "lpar": each.lpar,
            "aligned": not each.acts and not each.findings,
            "to_do": len(each.acts),
            "findings": [{"check": f.check, "words": f.words} for f in each.findings],
        }
        for each in seen.aligned
    ]
    runs = [
        {"run": run.id, "state": str(run.state), "failed": [{"step": s, "why": why} for s, why in _failures(run)]}
        for run in seen.runs
    ]
    more = {"excluded": _excluded(seen.now), "not_read": list(seen.unread), "runs": runs}
    return {**plan_as_json(seen.plan), "lpars": rows, **more}


def _lines(seen: _Look) -> list[str]:
    from app.runs_words import plan_lines

    lines = [*plan_lines(seen.plan), ""] if seen.plan.steps else []
    good = sum(not each.acts and not each.findings for each in seen.aligned)
    lines.append(f"{len(seen.aligned)} LPARs at {seen.now.nominal.site}: {good} as they are to be")
    for each in seen.aligned:
        lines += [f"  {each.lpar}  [{finding.check}] {finding.words}" for finding in each.findings]
        lines += [f"  {each.lpar}  {len(each.acts)} to do"] if seen.runs and each.acts else []
    lines += [f"Not done: {step}: {why}" for run in seen.runs for step, why in _failures(run)]
    excluded = _excluded(seen.now)
    return [*lines, *([f"Excluded: {', '.join(excluded)}"] if excluded else [])]
