"""How LPARs stand for their return at the other site: the cell of a row, a line above a table, the part of a detail.
Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from screens import sources as src
from screens.ages import age
from screens.cells import Cell, Line, Tone, line_width
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part
from screens.status import EMPTY, GLYPHS, Status, status
from store.estate import Lpar
from store.readiness import Check, Readiness, Severity, Standing, Verdict
from store.readiness_view import Checked, ReadinessView
from store.records import Entry

SOURCE = src.derived(
    f"{src.LSSYSCFG_PROF}, {src.LSHWRES_FC}, {src.LSMAP}, {src.GET_HOSTS}, {src.GET_VOLUMES}, {src.GET_SNAPSHOTS} "
    "and what else drdeck lpar check looks at, at both sites"
)
WORDS = frozenset(standing.value for standing in Standing)


def standing(scene: Scene, entry: Entry, lpar: Lpar) -> Standing | None:
    """How an LPAR stands; None where nothing is said of it: it is a VIOS, it is gone, or nothing is checked here."""
    covered, checked = scene.readiness.covered, scene.readiness.now
    if covered is None or entry.gone or lpar.env == "vioserver":
        return None
    if covered.excludes(lpar.name):
        return Standing.EXCLUDED
    site = scene.site(entry)
    at_home = site == covered.nominal
    waits = site == covered.recovery and (checked.at is None or lpar.name in checked.found)
    if not covered.protects(lpar.name) or not (at_home or waits):
        return Standing.NOT_PROTECTED
    return checked.standing(lpar.name, scene.now)


def dr_cell(scene: Scene, entry: Entry, lpar: Lpar) -> Cell:
    """How it stands, in the row of an LPAR; a filter finds it by the first of the reasons too."""
    found = standing(scene, entry, lpar)
    if found is None:
        return EMPTY
    cell, word = status(found).cell(), scene.readiness.now.words.get(lpar.name)
    if word is None or word.first is None or found not in (Standing.NOT_READY, Standing.NOT_KNOWN):
        return cell
    return Cell(cell.text, cell.tone, aka=f"{word.first.id}: {word.first.evidence}")


# ----------------------------------------------------------------------------------------------------------- summary


def summary_lines(scene: Scene, width: int) -> tuple[Line, ...]:
    """How many protected LPARs stand how, and how old that is; nothing where nothing is checked here."""
    view = scene.readiness
    if view.covered is None or view.why_not:
        return ()
    checked = view.now
    counts = checked.counts(scene.now)
    line: list[Cell] = [Cell(f"DR at {view.covered.recovery}", Tone.HEADING)]
    for found in Standing:
        if counts[found]:
            state = status(found)
            line += [Cell("  "), Cell(f"{state.glyph} {counts[found]} {state.word}", state.tone)]
    told = Cell(f"  {when(scene, view)}", Tone.DIM)
    more = [] if line_width((*line, told)) > width else [told]
    return ((*line, *more), *((told,) for _ in range(1 - len(more))), *_troubles(scene, checked, width))


def when(scene: Scene, view: ReadinessView) -> str:
    """How old what is known is, and whether both sites are being looked at."""
    now = view.checking is not None
    if view.now.at is None:
        return "being checked for the first time …" if now else "not checked yet: once every device has been read"
    return f"checked {age(scene.now, view.now.at)} ago{', being checked again …' if now else ''}"


def _troubles(scene: Scene, checked: Checked, width: int) -> Iterator[Line]:
    """Why it could not be checked, and since when."""
    if checked.trouble is not None:
        since = f"{age(scene.now, checked.trouble.since)}"
        yield _cut(f"DR could not be checked since {since}: {checked.trouble.why}", Tone.BAD, width)
    elif checked.unread:
        first = min(checked.unread.values(), key=lambda each: each.since).since
        names = ", ".join(sorted(checked.unread))
        yield _cut(f"DR rests on what could not be read since {age(scene.now, first)}: {names}", Tone.UNKNOWN, width)


def _cut(text: str, tone: Tone, width: int) -> Line:
    return (Cell(f"{GLYPHS[tone]} {text}"[:width], tone),)


# ------------------------------------------------------------------------------------------------------------ detail


def parts(scene: Scene, entry: Entry, lpar: Lpar) -> Iterator[Part]:
    """All checks of an LPAR, the worst first, with how old they are."""
    view, found = scene.readiness, standing(scene, entry, lpar)
    if lpar.env == "vioserver" or entry.gone:
        return
    yield Heading("Return at the other site" if view.covered is None else f"Return at {view.covered.recovery}")
    if view.covered is None or view.why_not or found is None:
        yield Note(f"Not checked: {view.why_not}.", Tone.DIM)
        return
    if found in (Standing.EXCLUDED, Standing.NOT_PROTECTED):
        by = (
            "[pra] exclude names it" if found is Standing.EXCLUDED else f"it is not one that {view.covered.nominal} has"
        )
        by = by if view.covered.protects(lpar.name) or found is Standing.EXCLUDED else "[pra] lpars does not name it"
        yield Fact("Standing", status(found).cell(f"({by})"), source=src.SETTINGS)
        return
    known = view.now.found.get(lpar.name)
    yield Fact("Standing", status(found).cell(_because(known, found)), source=SOURCE)
    yield Fact("Checked", _checked(scene, known), source=SOURCE)
    yield from _why_old(scene, known)
    for check in known.checks if known is not None else ():
        yield from _check(check)


def _because(known: Readiness | None, found: Standing) -> str:
    first = known.stops if known is not None else ()
    if not first or found is Standing.READY:
        return ""
    more = f", and {len(first) - 1} more" if len(first) > 1 else ""
    return f"because {first[0].evidence}{more}"


def _checked(scene: Scene, known: Readiness | None) -> Cell:
    if known is None:
        return Cell(when(scene, scene.readiness), Tone.DIM)
    again = ", being checked again …" if scene.readiness.checking is not None else ""
    return Cell(f"{scene.ago(known.checked_at)}{again}")


def _why_old(scene: Scene, known: Readiness | None) -> Iterator[Part]:
    checked = scene.readiness.now
    if checked.trouble is not None:
        yield Note(f"Not checked since {scene.ago(checked.trouble.since)}: {checked.trouble.why}.", Tone.BAD)
    for device, unread in sorted(checked.unread.items()):
        yield Note(f"{device} could not be read since {scene.ago(unread.since)}: {unread.why}.", Tone.UNKNOWN)
    if known is not None and checked.at is not None and known.checked_at < checked.at:
        yield Note("What follows is what was known before: the last look did not show this LPAR.", Tone.UNKNOWN)


def _check(check: Check) -> Iterator[Part]:
    """Verdict, severity, id and evidence; below them what to do."""
    yield Fact(check.id, verdict(check).cell(f"({check.severity}) {check.evidence}"), source=SOURCE)
    if check.fix and check.verdict is not Verdict.HOLDS:
        yield Fact("", Cell(f"→ {check.fix}", Tone.DIM), source=SOURCE)


def verdict(check: Check) -> Status:
    """The verdict of a check; one that only warns is no more than a warning."""
    found = status(check.verdict)
    if check.verdict is Verdict.FAILS and check.severity is Severity.WARN:
        return Status(found.word, Tone.WARN)
    return found


# --------------------------------------------------------------------------------------------------------- sentences


def told(view: ReadinessView, scene: Scene, names: Sequence[str], noun: str = "protected LPAR") -> str:
    """What a check found of those with these names or patterns, of none: of all. ``noun``: what they are."""
    checked = view.now
    if checked.trouble is not None:
        return f"Not checked: {checked.trouble.why}."
    wanted = [name for name in checked.found if not names or any(fnmatchcase(name, each) for each in names)]
    if not wanted:
        return f"No {noun} is called {' or '.join(names)}." if names else f"No {noun} is known."
    if len(wanted) == 1:
        (name,) = wanted
        found = checked.standing(name, scene.now)
        because = _because(checked.found[name], found)
        return f"{name}: {found}{', ' if because else ''}{because}."
    by: dict[Standing, list[str]] = {}
    for name in wanted:
        by.setdefault(checked.standing(name, scene.now), []).append(name)
    bad = [*by.get(Standing.NOT_READY, ()), *by.get(Standing.NOT_KNOWN, ())]
    words = ", ".join(f"{len(by[found])} {found}" for found in Standing if found in by)
    return f"Checked: {words}{': ' if bad else ''}{', '.join(sorted(bad))}."
