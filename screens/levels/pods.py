"""ActiveDR pods: how each stands, how far its copy is behind, and below a pod its replica links."""

from __future__ import annotations

from screens import sources as src
from screens.ages import age
from screens.cells import Cell, Tone
from screens.columns import Column, Measure, Row
from screens.levels.model import Level, LevelRow, Ref, why_none
from screens.once import Once
from screens.scene import Scene
from screens.side_by_side import Note
from screens.status import EMPTY, GLYPHS
from screens.valued import at, named, seen, span_of
from store.estate import Pod, PodReplicaLink
from store.records import Entry

_POINT = f"{src.GET_POD_LINKS}: recovery_point"

_COPY = (
    Column("Lag", rank=1, measure=Measure.SPAN, source=f"{src.GET_POD_LINKS}: lag"),
    Column("RPO age", measure=Measure.MOMENT, field="rpo", source=_POINT),
    Column("Recovery point (UTC)", rank=3, measure=Measure.MOMENT, field="recovery_point", source=_POINT),
    Column("Age", measure=Measure.MOMENT, source=src.SEEN),
)

POD_COLUMNS = (
    Column("Pod", cut=16, source=src.GET_PODS),
    Column("State", source=f"{src.GET_PODS}: promotion_status; {src.derived('that of the other side')}"),
    Column("Direction", rank=2, source=src.GET_POD_LINKS),
    Column("Other side", rank=4, cut=12, source=f"{src.GET_POD_LINKS}: remotes, remote_pod"),
    Column("Link", source=f"{src.GET_POD_LINKS}: status"),
    *_COPY,
)

LINK_COLUMNS = (
    Column("Direction", source=src.GET_POD_LINKS),
    Column("Remote", cut=8, source=src.GET_POD_LINKS),
    Column("Remote pod", cut=8, source=src.GET_POD_LINKS),
    Column("Status", source=src.GET_POD_LINKS),
    *_COPY,
)

Place = tuple[str | None, str | None]
"""What an array calls itself, and the name of a pod on it."""


def _by_place(entries: tuple[Entry, ...]) -> dict[Place, Entry]:
    live = [entry for entry in entries if isinstance(entry.obj, Pod) and not entry.gone and not entry.obj.destroyed]
    return {(entry.obj.array, entry.obj.name): entry for entry in live if isinstance(entry.obj, Pod)}


_PLACES = Once("pod", _by_place)


def _other_side(scene: Scene, link: PodReplicaLink) -> Pod | None:
    """The pod at the other end of a link, where the console knows it."""
    entry = _PLACES.of(scene).get((link.remote, link.remote_pod))
    return entry.obj if entry is not None and isinstance(entry.obj, Pod) else None


def _both_promoted(scene: Scene, pod: Pod) -> Pod | None:
    """The other side of a promoted pod, where that is promoted too: a drill, or a split."""
    others = [_other_side(scene, link) for link in pod.links]
    found = (other for other in others if other is not None and other.promotion_status == "promoted")
    return next(found, None) if pod.promotion_status == "promoted" else None


def _state(scene: Scene, entry: Entry, pod: Pod) -> Cell:
    word = pod.promotion_status or "not told"
    if entry.gone:
        return Cell(f"was {word}", Tone.DIM)
    if pod.destroyed:
        return Cell("pending eradication", Tone.DIM)
    if _both_promoted(scene, pod) is not None:
        return Cell(f"{GLYPHS[Tone.WARN]} promoted, both sides", Tone.WARN)
    tone = Tone.OK if word in ("promoted", "demoted") else Tone.BUSY if word == "promoting" else Tone.WARN
    return Cell(f"{GLYPHS[tone]} {word}", tone)


def _status(link: PodReplicaLink) -> Cell:
    """Only a link that replicates protects; one that is quiesced, or idle, carries nothing."""
    calm = link.status == "replicating" and not link.paused
    tone = Tone.OK if calm else Tone.BAD if link.status == "unhealthy" else Tone.WARN
    more = ", paused" if link.paused and link.status != "paused" else ""
    return Cell(f"{GLYPHS[tone]} {link.status}{more}", tone)


def _copy(scene: Scene, entry: Entry, link: PodReplicaLink) -> Row:
    """How far the copy is behind; without a recovery point nothing bounds a loss."""
    point = link.recovery_point
    rpo = Cell("no bound", Tone.BAD) if point is None else Cell(age(scene.now, point), value=point.timestamp())
    return (span_of(link.lag_s), rpo, at(scene.now, point), seen(scene, entry))


def pod_row(scene: Scene, entry: Entry) -> LevelRow:
    """A pod with its replica link; of several links that one which is furthest behind, and how many more there are."""
    pod = entry.obj
    if not isinstance(pod, Pod):
        raise TypeError(f"{entry.kind} {entry.key} is no pod")
    link = min(pod.links, key=lambda one: one.recovery_point.timestamp() if one.recovery_point else 0, default=None)
    head = (Cell(pod.name), _state(scene, entry, pod))
    if link is None:
        cells: Row = (*head, EMPTY, EMPTY, Cell("none", Tone.DIM), EMPTY, EMPTY, EMPTY, seen(scene, entry))
    else:
        more = f" and {len(pod.links) - 1} more" if len(pod.links) > 1 else ""
        side = f"{link.remote or '?'}:{link.remote_pod or '?'}{more}"
        cells = (*head, Cell(link.direction), Cell(side), _status(link), *_copy(scene, entry, link))
    return LevelRow(entry.key, scene.faded(cells, entry), Ref("pod.links", entry.key))


def pod_links(scene: Scene, ref: Ref) -> Level:
    """The replica links of a pod."""
    entry = scene.entry("pod", ref.key)
    pod = entry.obj
    if not isinstance(pod, Pod):
        raise LookupError(f"{ref.key} is no pod")
    rows = []
    for number, link in enumerate(pod.links):
        cells = (Cell(link.direction), named(link.remote), named(link.remote_pod), _status(link))
        key = f"{link.direction} {link.remote} {link.remote_pod}" if link.remote or link.remote_pod else str(number)
        rows.append(LevelRow(key, scene.faded((*cells, *_copy(scene, entry, link)), entry)))
    notes = [Note(f"The pod is {pod.promotion_status or 'of unknown promotion'}.", Tone.PLAIN)]
    other = _both_promoted(scene, pod)
    if other is not None:
        text = f"{other.name} on {other.array} is promoted too: a drill, or two sides that both took writes."
        notes.append(Note(text, Tone.WARN))
    empty = why_none(scene, "replica links", entry, f"Pod {pod.name} has no replica links.")
    return Level(f"pod {pod.name}", "replica links", LINK_COLUMNS, tuple(rows), empty, tuple(notes), (entry,))
