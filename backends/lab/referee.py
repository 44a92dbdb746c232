"""The referee of the lab: records every violation of what must never happen, and what a failover truly lost.

It judges the world, not the console: a console that believes it was careful is shown here what it did.
"""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum

from msgspec import Struct

from backends.lab.volumes import Image, Nic, Volume, Writer


class Rule(StrEnum):
    TWO_WRITERS = "two live writers of one volume set"
    MAC_TWICE = "one MAC live twice on one layer-2 segment"
    WWPN_TWICE = "one WWPN in two running LPARs"
    INCOMPLETE_COPY = "a copy from an incomplete snapshot"
    LIVE_OVERWRITE = "an overwrite of a volume connected to a running host"
    BACKUP_TWICE = "backup mode begun in a database that is in it"
    BACKUP_NONE = "backup mode ended in a database that is not in it"


class Violation(Struct, frozen=True):
    """``at``: virtual seconds since 1970. ``subject``: the volume set, address or volume; ``detail``: who, in words."""

    at: float
    rule: Rule
    subject: str
    detail: str


class Loss(Struct, frozen=True):
    """What starting ``writer`` on its image of ``origin`` lost against the newest image that was ever live.

    ``drill``: it ran in isolation, so nothing was lost to anybody.
    """

    at: float
    origin: str
    writer: str
    generations: int
    seconds: float
    drill: bool


class _Line(Struct):
    """The live line of a volume set: who wrote it last, and what was the newest image before that session."""

    writer: Writer
    session: str
    before: Image
    newest: Image


class Referee:
    """Verdicts so far: ``violations`` and ``losses``, in the order in which they happened."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []
        self.losses: list[Loss] = []
        self._macs: dict[tuple[str, str], set[Writer]] = defaultdict(set)
        self._wwpns: dict[str, set[Writer]] = defaultdict(set)
        self._live: dict[str, dict[Writer, int]] = defaultdict(dict)  # origin -> writer -> number of volumes
        self._lines: dict[str, _Line] = {}
        self._loss_of: dict[tuple[str, str], int] = {}

    def note(self, at: float, rule: Rule, subject: str, detail: str) -> None:
        """Record a violation."""
        self.violations.append(Violation(at, rule, subject, detail))

    # ------------------------------------------------------------------------------------------------ addresses

    def addresses_on(self, writer: Writer, now: float) -> None:
        """``writer`` runs now with its NICs and WWPNs."""
        self.nics_on(writer, writer.nics, now)
        for wwpn in writer.wwpns:
            others = self._wwpns[wwpn]
            for other in others - {writer}:
                self.note(now, Rule.WWPN_TWICE, wwpn, f"{writer.key} started while {other.key} runs with it")
            others.add(writer)

    def addresses_off(self, writer: Writer) -> None:
        """``writer`` no longer runs."""
        self.nics_off(writer, writer.nics)
        for wwpn in writer.wwpns:
            self._wwpns[wwpn].discard(writer)

    def nics_on(self, writer: Writer, nics: tuple[Nic, ...], now: float) -> None:
        for nic in nics:
            if nic.segment is None:
                continue
            others = self._macs[nic.segment.name, nic.mac]
            for other in others - {writer}:
                where = f"{writer.key} and {other.key} on {nic.segment.name}"
                self.note(now, Rule.MAC_TWICE, nic.mac, where)
            others.add(writer)

    def nics_off(self, writer: Writer, nics: tuple[Nic, ...]) -> None:
        for nic in nics:
            if nic.segment is not None:
                self._macs[nic.segment.name, nic.mac].discard(writer)

    # ---------------------------------------------------------------------------------------------------- writing

    def writing_begins(self, writer: Writer, volume: Volume, now: float) -> None:
        """``writer`` begins to write to ``volume``, which still holds what it started from."""
        start = volume.stored
        origin = start.origin or writer.key
        for other in volume.writers:
            if other is not writer and not _together(writer, other):
                detail = f"{writer.key} and {other.key} both write to {volume.array}:{volume.name}"
                self.note(now, Rule.TWO_WRITERS, origin, detail)
        self._judge_loss(writer, origin, start, now)
        if writer.isolated:
            return
        writers = self._live[origin]
        for other in writers:
            if other is not writer and not _together(writer, other) and other not in volume.writers:
                detail = f"{writer.key} ({writer.site}) began on {volume.array}:{volume.name} while {other.key} runs"
                self.note(now, Rule.TWO_WRITERS, origin, f"{detail} ({other.site})")
        writers[writer] = writers.get(writer, 0) + 1

    def writing_ends(self, writer: Writer, volume: Volume, now: float) -> None:
        """``writer`` stops writing to ``volume``; the volume's stored image is its last."""
        image = volume.stored
        origin = image.origin or writer.key
        line = self._lines.get(origin)
        if line is not None and line.session == writer.session and image.generation >= line.newest.generation:
            line.newest = image
        writers = self._live[origin]
        if writer in writers:
            writers[writer] -= 1
            if not writers[writer]:
                del writers[writer]

    def _judge_loss(self, writer: Writer, origin: str, start: Image, now: float) -> None:
        line = self._lines.get(origin)
        if line is None:
            if not writer.isolated:
                self._lines[origin] = _Line(writer, writer.session, start, start)
            return
        reference = line.before if line.session == writer.session else self._newest(line, origin, now)
        lost = max(0, reference.generation - start.last_common(reference))
        known = self._loss_of.get((writer.session, origin), -1)
        if lost > known:
            self._loss_of[writer.session, origin] = lost
            if known >= 0:
                self.losses = [x for x in self.losses if (x.writer, x.origin) != (writer.session, origin)]
            seconds = lost * line.writer.period_s
            self.losses.append(Loss(now, origin, writer.session, lost, seconds, writer.isolated))
        if not writer.isolated and line.session != writer.session:
            self._lines[origin] = _Line(writer, writer.session, reference, start)

    def _newest(self, line: _Line, origin: str, now: float) -> Image:
        images = [line.newest]
        if line.writer.running and line.writer.session == line.session:
            images += [v.image(now) for v in line.writer.volumes if v.stored.origin in ("", origin)]
        return max(images, key=lambda image: image.generation)


def _together(one: Writer, other: Writer) -> bool:
    return one.cluster is not None and one.cluster == other.cluster
