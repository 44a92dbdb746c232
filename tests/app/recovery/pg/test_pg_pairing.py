"""Which volume goes to which: what holds for every pairing, and the cases that people have met."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from app.recovery.pg.pairing import How, Pairing, Source, Target, pairing

GIB = 1024**3
NAMES, OTHERS = [f"src-{letter}" for letter in "abcdefgh"], [f"tgt-{letter}" for letter in "rstuvwxyz"]


class Scene(Struct, frozen=True):
    """What is to be paired, and how it is asked for."""

    sources: tuple[Source, ...]
    targets: tuple[Target, ...]
    ignore_tags: bool = False
    freed: frozenset[str] = frozenset()

    def paired(self) -> Pairing:
        return pairing(self.sources, self.targets, ignore_tags=self.ignore_tags, freed=self.freed)


sizes = st.sampled_from([1, 2, 3, 9 * GIB, 10 * GIB])
"""Few, so that equal ones and steps between them are met often; the last two are in another order as texts."""


@st.composite
def scenes(draw: st.DrawFn, *, asked: bool = True) -> Scene:
    """Up to six volumes to up to seven, of which some carry a tag: of one of them, by either of its ids, or of one that
    is not among them. ``asked``: tags may be ignored, and volumes freed."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=6))
    sources = tuple(
        Source(name, f"id-{name}", draw(sizes), f"pg.s.{name}", (f"old-{name}",) if draw(st.booleans()) else ())
        for name in names
    )
    known = [each for source in sources for each in (source.id, *source.known_as)]
    tags = st.sampled_from([None, None, "id-gone", *known])
    others = draw(st.lists(st.sampled_from(OTHERS), unique=True, max_size=7))
    targets = tuple(Target(name, draw(sizes), draw(tags)) for name in others)
    freed = draw(st.sets(st.sampled_from(others))) if asked and others else set()
    return Scene(sources, targets, asked and draw(st.booleans()), frozenset(freed))


def tagged(source: Source, target: Target) -> bool:
    return target.tag in (source.id, *source.known_as)


# --------------------------------------------------------------------------------------------------- for every pairing


@given(scenes())
def test_every_volume_is_in_one_pair_at_most_and_every_one_is_accounted_for(scene: Scene) -> None:
    found = scene.paired()
    sources, targets = [p.source for p in found.pairs], [p.target for p in found.pairs]
    assert max(Counter(sources).values(), default=1) == 1
    assert max(Counter(targets).values(), default=1) == 1
    assert all(any(s.name in text for text in found.wrong) for s in scene.sources if s not in sources)
    left = [t for t in scene.targets if t not in (*targets, *found.stale, *found.spare)]
    assert all(any(t.name in text for text in found.wrong) for t in left)
    assert Counter([*targets, *found.stale, *found.spare, *left]) == Counter(scene.targets)


@given(scenes())
def test_no_target_is_smaller_than_its_source(scene: Scene) -> None:
    for pair in scene.paired().pairs:
        assert pair.target.size >= pair.source.size
        assert (pair.how is How.EQUAL) <= (pair.target.size == pair.source.size)
        assert (pair.how is How.LARGER) <= (pair.target.size > pair.source.size)


@given(scenes(), st.randoms(use_true_random=False))
def test_the_order_in_which_an_array_lists_its_volumes_changes_nothing(scene: Scene, rng: random.Random) -> None:
    sources, targets = list(scene.sources), list(scene.targets)
    rng.shuffle(sources)
    rng.shuffle(targets)
    assert replace(scene, sources=tuple(sources), targets=tuple(targets)).paired() == scene.paired()


@given(scenes())
def test_once_its_tags_are_written_a_clone_pairs_the_same_again_by_tag_alone(scene: Scene) -> None:
    first = scene.paired()
    if first.wrong:
        return
    tags = {pair.target.name: pair.source.id for pair in first.pairs if pair.to_tag}
    cleared = {target.name for target in first.cleared}
    written = [replace(t, tag=None if t.name in cleared else tags.get(t.name, t.tag)) for t in scene.targets]
    again = pairing(scene.sources, written)
    assert [(p.source, p.target.name) for p in again.pairs] == [(p.source, p.target.name) for p in first.pairs]
    assert {pair.how for pair in again.pairs} <= {How.TAG}
    assert again.wrong == () and not any(pair.to_tag for pair in again.pairs)


def fits(sources: Sequence[Source], targets: Sequence[Target]) -> bool:
    """Whether each source can have a target of its own, as trying everything out tells."""
    if not sources:
        return True
    first, rest = sources[0], sources[1:]
    return any(
        target.size >= first.size and fits(rest, [*targets[:number], *targets[number + 1 :]])
        for number, target in enumerate(targets)
    )


@given(scenes())
def test_wherever_the_rest_can_be_paired_at_all_it_is(scene: Scene) -> None:
    found = scene.paired()
    by_tag = [pair.source for pair in found.pairs if pair.how is How.TAG]
    spoilt = [
        source
        for source in scene.sources
        if source not in by_tag
        and not scene.ignore_tags
        and any(tagged(source, target) and target.name not in scene.freed for target in scene.targets)
    ]
    rest = [source for source in scene.sources if source not in (*by_tag, *spoilt)]
    free = [t for t in scene.targets if t.tag is None or scene.ignore_tags or t.name in scene.freed]
    by_size = [pair.source for pair in found.pairs if pair.how is not How.TAG]
    assert fits(rest, free) == (Counter(by_size) == Counter(rest))


@given(scenes(asked=False))
def test_with_tags_ignored_it_is_as_if_no_target_had_one(scene: Scene) -> None:
    ignored = replace(scene, ignore_tags=True).paired()
    plain = pairing(scene.sources, [replace(target, tag=None) for target in scene.targets])
    assert [(p.source, p.target.name, p.how) for p in ignored.pairs] == [
        (p.source, p.target.name, p.how) for p in plain.pairs
    ]
    assert (ignored.wrong, ignored.stale) == (plain.wrong, ())


@given(scenes(asked=False), st.data())
def test_freeing_drops_the_tags_of_those_volumes_and_of_no_other(scene: Scene, data: st.DataObject) -> None:
    names = [target.name for target in scene.targets]
    freed = frozenset(data.draw(st.sets(st.sampled_from(names))) if names else ())
    without = [replace(t, tag=None) if t.name in freed else t for t in scene.targets]
    one, other = replace(scene, freed=freed).paired(), pairing(scene.sources, without)
    assert [(p.source, p.target.name, p.how) for p in one.pairs] == [
        (p.source, p.target.name, p.how) for p in other.pairs
    ]
    assert (one.wrong, one.stale) == (other.wrong, other.stale)


@given(scenes(asked=False))
def test_a_tag_of_a_volume_that_is_not_in_the_snapshot_is_stale_and_its_target_is_left_alone(scene: Scene) -> None:
    found = scene.paired()
    nobody = [t for t in scene.targets if t.tag is not None and not any(tagged(s, t) for s in scene.sources)]
    assert Counter(found.stale) == Counter(nobody)
    assert not {pair.target for pair in found.pairs} & set(found.stale)


@given(scenes(asked=False))
def test_of_two_targets_with_the_tag_of_one_volume_neither_is_used(scene: Scene) -> None:
    found = scene.paired()
    for source in scene.sources:
        mine = [target for target in scene.targets if tagged(source, target)]
        if len(mine) > 1:
            assert source not in [pair.source for pair in found.pairs]
            assert not {pair.target for pair in found.pairs} & set(mine)
            assert any(all(t.name in text for t in mine) and "free one of them" in text for text in found.wrong)


# ----------------------------------------------------------------------------------------------- what people have met


def source(name: str, size: int = 1) -> Source:
    return Source(name, f"id-{name}", size, f"prd.s1.{name}")


def shown(found: Pairing) -> list[tuple[str, str, How]]:
    return [(pair.source.name, pair.target.name, pair.how) for pair in found.pairs]


def test_pgs_02_a_volume_of_9_gib_goes_to_one_of_10_gib() -> None:
    found = pairing([source("a", 9 * GIB)], [Target("x", 10 * GIB)])
    assert (shown(found), found.wrong) == ([("a", "x", How.LARGER)], ())


def test_pgs_02_a_volume_of_10_gib_goes_to_none_of_9_gib() -> None:
    found = pairing([source("a", 10 * GIB)], [Target("x", 9 * GIB)])
    assert found.pairs == ()
    assert found.wrong == ("a (10737418240 bytes) has no target: every volume that is left is smaller",)


def test_pgs_08_a_stale_tag_is_shown_and_freeing_it_is_a_choice_of_its_own() -> None:
    sources, targets = [source("a"), source("b")], [Target("x", 1, "id-gone"), Target("y", 1, "id-b")]
    found = pairing(sources, targets)
    assert found.stale == (targets[0],)
    assert found.wrong == ("a (1 bytes) has no target: no volume is left for it",)
    freed = pairing(sources, targets, freed=frozenset({"x"}))
    assert shown(freed) == [("a", "x", How.EQUAL), ("b", "y", How.TAG)]
    assert (freed.wrong, freed.stale) == ((), ())


def test_pgs_08_a_name_that_is_no_target_cannot_be_freed() -> None:
    found = pairing([source("a")], [Target("x", 1)], freed=frozenset({"z"}))
    assert found.wrong == ("z is not a volume of the target group: its tag cannot be freed",)


def test_pgs_08_a_freed_volume_that_nothing_goes_to_loses_its_tag() -> None:
    targets = [Target("x", 1), Target("y", 1, "id-gone")]
    assert pairing([source("a")], targets, freed=frozenset({"y"})).cleared == (targets[1],)
    assert pairing([source("a")], targets, ignore_tags=True).cleared == ()


def test_pgs_09_equal_ones_are_paired_in_the_order_of_their_names() -> None:
    found = pairing([source("b"), source("a")], [Target("y", 1), Target("z", 1), Target("x", 1)])
    assert shown(found) == [("a", "x", How.EQUAL), ("b", "y", How.EQUAL)]
    assert [target.name for target in found.spare] == ["z"]


def test_pgs_09_where_there_are_only_larger_ones_the_smallest_is_taken() -> None:
    found = pairing([source("a", 2)], [Target("x", 5), Target("y", 3), Target("z", 3), Target("w", 1)])
    assert shown(found) == [("a", "y", How.LARGER)]


def test_an_equal_one_is_kept_for_the_volume_whose_size_it_has() -> None:
    found = pairing([source("a", 1), source("b", 2)], [Target("x", 2), Target("y", 3)])
    assert shown(found) == [("a", "y", How.LARGER), ("b", "x", How.EQUAL)]


def test_a_tagged_target_that_is_too_small_stops_everything() -> None:
    found = pairing([source("a", 2)], [Target("x", 1, "id-a"), Target("y", 2)])
    assert (found.pairs, found.wrong) == ((), ("x carries the tag of a and is smaller than it",))


def test_a_volume_is_known_by_the_id_that_its_own_array_gave_it_too() -> None:
    known = replace(source("a"), known_as=("id-at-home",))
    found = pairing([known], [Target("x", 5, "id-at-home"), Target("y", 1)])
    assert shown(found) == [("a", "x", How.TAG)]
    assert not found.pairs[0].to_tag


def test_two_targets_that_know_one_volume_by_different_ids_are_both_its_target() -> None:
    known = replace(source("a"), known_as=("id-at-home",))
    found = pairing([known], [Target("x", 1, "id-at-home"), Target("y", 1, "id-a")])
    assert (found.pairs, found.wrong) == ((), ("y and x both carry the tag of a: free one of them",))


def test_a_volume_that_was_paired_anew_leaves_no_tag_on_its_old_target() -> None:
    targets = [Target("x", 1), Target("y", 1, "id-a"), Target("z", 1, "id-other")]
    found = pairing([source("a")], targets, ignore_tags=True)
    assert shown(found) == [("a", "x", How.EQUAL)]
    assert found.cleared == (targets[1],)
