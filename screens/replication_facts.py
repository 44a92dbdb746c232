"""What the detail of a VM says of its replication: both sides, what holds it, passes against the RPO."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from screens import sources as src
from screens.ages import exact, until
from screens.cells import Cell, Tone
from screens.conditions import CopyHealth
from screens.copies import replica_health
from screens.pairing import replica_of
from screens.replications import Known, Runs, health, running
from screens.rows_runs import clock_text
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Part
from screens.status import status
from store.records import Entry
from store.replications import REPLICATE

PASSES_SHOWN = 5


def replication_parts(scene: Scene, left: Entry, right: Entry | None, known: Known | None) -> Iterator[Part]:
    """Nothing where the configuration does not replicate it. ``right`` is the copy that is shown, if there is one."""
    if known is None:
        return
    one, standing = known.replicated, known.standing
    copy = right if right is not None else left if replica_of(left) is not None else None
    replica = replica_of(copy) if copy is not None else None
    runs = Runs.SOURCE if copy is None else running(scene, copy)
    timely = CopyHealth.NO_COPY_YET if replica is None else replica_health(replica, replica, scene.now)
    state = health(known, replica, timely, scene.now, runs)
    yield Heading(f"Replication {one.name}")
    yield Fact("State", status(state).cell(), source=src.derived("its runs, and the age of the newest copy"))
    over = state is CopyHealth.FAILED_OVER
    yield Fact("Side", _side(scene, one.source, not over), _side(scene, one.destination, over), source=src.JOURNAL)
    words = f"{exact(known.rpo_s)}: every {exact(one.interval_s)}, and as long as a pass takes"
    yield Fact("RPO", Cell(words), source=src.derived("the interval, and the longest of the last passes"))
    if replica is not None:
        age_s = (scene.now - replica.point_in_time).total_seconds()
        tone = Tone.BAD if age_s > known.rpo_s and not over else Tone.PLAIN
        yield Fact("Newest copy", Cell(f"of {scene.ago(replica.point_in_time)}", tone), source=src.VM_EXTRA_CONFIG)
    if standing.held is not None:
        yield Fact("Next pass", Cell(f"none: {standing.held}", Tone.WARN), source=src.JOURNAL)
    else:
        due = None if replica is None else replica.point_in_time + timedelta(seconds=one.interval_s)
        text = "due" if due is None or due <= scene.now else until(scene.now, due)
        yield Fact("Next pass", Cell(text), source=src.derived("the newest copy and the interval"))
    if standing.under_way is not None:
        run = standing.under_way
        what = "a pass" if run.plan.verb == REPLICATE else run.plan.verb
        yield Fact("Under way", Cell(f"{what}, run {run.id}, {run.state}", Tone.BUSY), source=src.JOURNAL)
    for number, each in enumerate(standing.passes[:PASSES_SHOWN]):
        words = f"{scene.ago(each.began_at)}, {'took' if each.done else 'failed after'} {clock_text(each.took_s)}"
        cell = Cell(f"{words}, run {each.run}", Tone.PLAIN if each.done else Tone.BAD)
        yield Fact("Last passes" if number == 0 else "", cell, source=src.JOURNAL)
    owed = [f"the clean-up of the drill {drill}: :do vm cleanup {drill}" for drill in standing.owed]
    for words in (*owed, *(f"the clean-up of the drill of its plan: :do {order}" for order in standing.of_plans)):
        yield Fact("Owed", Cell(words, Tone.WARN), source=src.JOURNAL)


def _side(scene: Scene, device: str, serving: bool) -> Cell:
    """A side of the replication, and whether it is the one that serves."""
    found = scene.device(device)
    where = f"{device} at {found.site}" if found is not None else device
    return Cell(f"{where}: serves", Tone.OK) if serving else Cell(f"{where}: does not serve", Tone.DIM)
