"""What the first run says: its rows, the question before an identity is pinned, and the one before leaving."""

from __future__ import annotations

from collections.abc import Sequence

from app.firstrun_draft import KIND_WORDS, Draft
from app.identities import describe
from app.known_devices import Protocol
from app.trust import Finding
from screens.cells import Cell
from screens.firstrun_draft import DraftRow
from screens.status import EMPTY

SITE_ROW, DEVICE_ROW = "site:", "device:"


def draft_rows(draft: Draft) -> list[DraftRow]:
    """The rows of what was entered: sites first."""
    rows = []
    for site in draft.sites:
        words = f"{site.role}, L2 stretched" if site.l2_stretched else str(site.role)
        rows.append(DraftRow(f"{SITE_ROW}{site.name}", (Cell("site"), Cell(site.name), Cell(words), EMPTY, EMPTY)))
    for entered in draft.devices:
        device = entered.device
        cells = (
            Cell(KIND_WORDS[device.kind]),
            Cell(device.name),
            Cell(device.site),
            Cell(device.address),
            entered.outcome.cell,
        )
        rows.append(DraftRow(f"{DEVICE_ROW}{device.name}", cells))
    return rows


def pin_words(finding: Finding) -> tuple[str, list[str]]:
    """Title and words of the question whether an identity is that of the device."""
    door, presented = finding.door, finding.presented
    identity = presented.identity
    if identity is None:
        raise ValueError(f"{door.device} presents nothing that could be pinned")
    what = "SSH host key" if door.protocol is Protocol.SSH else "certificate"
    words = [f"At {door.address} it presents this {what}, and none is pinned yet:", ""]
    words += [f"  {line}" for line in _fingerprint_lines(identity.fingerprint)]
    if identity.certificate:
        words.append(f"  {describe(identity.certificate)}")
    if presented.distrust:
        words.append(f"  no CA vouches for it: {presented.distrust}")
    words += [
        "",
        "Compare it with what the device itself shows. Once it is pinned, drdeck logs in there and nowhere else.",
        "Enter does not accept.",
    ]
    return f"Is this {door.device}?", words


def _fingerprint_lines(fingerprint: str) -> Sequence[str]:
    """A fingerprint in full; the long form of a certificate on lines of sixteen bytes."""
    kind, _, digits = fingerprint.partition(" ")
    parts = digits.split(":")
    if len(parts) < 32:
        return (fingerprint,)
    return (kind, ":".join(parts[:16]) + ":", ":".join(parts[16:]))


def leave_words(draft: Draft, path: str) -> tuple[str, list[str]]:
    """Title and words of the question before what was entered is lost."""
    sites, devices = len(draft.sites), len(draft.devices)
    entered = f"{sites} {'site' if sites == 1 else 'sites'}, {devices} {'device' if devices == 1 else 'devices'}"
    return "Leave without writing?", [
        f"Entered so far: {entered}, and what stands in an open form. Nothing of it was written to",
        f"  {path}",
        "It is lost when you leave, and the identities that you pinned for it are forgotten.",
        "Enter does not leave.",
    ]
