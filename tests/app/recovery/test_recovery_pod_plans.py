"""Which array is meant, what a plan on a pod refuses, and what its steps make of what they see. No device is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from app.recovery.draft import CannotPlanError
from app.recovery.pod import plans
from app.recovery.pod.gather import chosen, other_side
from app.recovery.pod.request import Asked, PodVerb
from app.recovery.pod.situation import ArrayPods, PodDraft, PodNow
from app.recovery.pod.steps import DISASTER, DRILL, PLANNED, Demote, Discard, Promote, Undo, WaitReplicating
from app.recovery.step import Step, UnseenError, Verdict
from app.recovery.witnesses import Witness
from backends.flasharray.looks import Pods
from backends.flasharray.records import Owner
from store.estate import Pod, PodReplicaLink

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
DARK = (Witness("hmc-paris", True, "unreachable"), Witness("the link of web on fa-dr", True, "unhealthy"))


def pod(
    promotion: str | None = "promoted",
    direction: str = "outbound",
    status: str = "replicating",
    name: str = "web",
    **more: Any,
) -> Pod:
    remote = "fa-lyon" if direction == "outbound" else "fa-paris"
    point = None if status == "baselining" else NOW - timedelta(seconds=90)
    link = PodReplicaLink(direction, remote, "web", status, status == "paused", 90.0, point)
    return replace(Pod("", "", f"id-{name}", name, False, promotion, links=(link,)), **more)


def array(device: str, *pods: Pod, read: bool = True, own: str | None = None, **more: Any) -> ArrayPods:
    """An array whose own name is that of its site."""
    site = "paris" if device.startswith("fa-prd") else "lyon"
    owner = Owner(own or f"fa-{site}", f"id-{device}")
    found = ArrayPods(device, site, owner, {each.name: each for each in pods} if read else None, NOW, 0.0)
    return replace(found, **more)


PRD = array("fa-prd", pod())
DR = array("fa-dr", pod("demoted", "inbound"))
SILENT = array("fa-prd", read=False, failure="unreachable", silent=True)
QUIESCED = array("fa-prd", pod("demoted", status="quiesced"))
AFTER = array("fa-dr", pod("demoted", "inbound", "quiesced"))


def drawn(here: ArrayPods, there: ArrayPods | None, verb: str, name: str = "web", **options: Any) -> PodDraft:
    now = {name: options.pop(name) for name in ("users", "shared", "witnesses", "failed_over") if name in options}
    draft = PodDraft(PodNow(name, NOW, here, there, **now), "s", "tag")
    plans.draw(draft, Asked(PodVerb(verb), name, **options))
    return draft


def refusals(draft: PodDraft) -> list[str]:
    assert not draft.refused or (draft.steps, draft.confirm, draft.loss) == ([], [], ""), "it promises nothing"
    return [f"{guard.id.split()[0]}: {guard.evidence}" for guard in draft.guards if not guard.holds]


# ------------------------------------------------------------------------------------------------------------- choosing


@pytest.mark.parametrize(
    ("asked", "device"),
    [
        (Asked(PodVerb.DEMOTE, "web"), "fa-prd"),
        (Asked(PodVerb.PROMOTE, "web"), "fa-dr"),
        (Asked(PodVerb.PROMOTE, "web", disaster=True), "fa-dr"),
        (Asked(PodVerb.DEMOTE, "web", discard=True), "fa-prd"),
        (Asked(PodVerb.PROMOTE, "web", on="fa-prd"), "fa-prd"),
    ],
)
def test_the_array_is_the_one_on_the_side_that_the_verb_is_for(asked: Asked, device: str) -> None:
    assert chosen((PRD, DR), asked).device == device


@pytest.mark.parametrize(
    ("found", "asked", "said"),
    [
        ((PRD, DR), Asked(PodVerb.DEMOTE, "nope"), "No array of the configuration has a pod nope"),
        ((SILENT, DR), Asked(PodVerb.DEMOTE, "nope"), r"not read: fa-prd \(unreachable\)"),
        ((PRD, DR), Asked(PodVerb.DEMOTE, "web", on="fa-x"), "There are: fa-prd, fa-dr"),
        ((SILENT, DR), Asked(PodVerb.DEMOTE, "web", on="fa-prd"), "fa-prd cannot be read: unreachable"),
        ((PRD, DR), Asked(PodVerb.UNDO, "web"), "Say which: --on"),
        ((PRD, array("fa-prd2", pod())), Asked(PodVerb.DEMOTE, "web"), "Say which: --on"),
        ((array("fa-prd", pod(destroyed=True)),), Asked(PodVerb.DEMOTE, "web"), "has a pod web"),
    ],
)
def test_where_none_or_several_could_be_meant_it_says_what_there_is(
    found: tuple[ArrayPods, ...], asked: Asked, said: str
) -> None:
    with pytest.raises(CannotPlanError, match=said):
        chosen(found, asked)


def test_the_other_side_is_known_by_what_the_array_calls_itself() -> None:
    unknown = replace(SILENT, owner=None)
    other_site = array("fa-other", own="fa-oslo")
    assert other_side((PRD, other_site, DR), DR, "fa-paris") is PRD
    assert other_side((unknown, other_site, DR), DR, "fa-paris") is unknown, "of all others it is known what they are"
    assert other_side((other_site, DR), DR, "fa-paris") is None
    same_name = replace(unknown, device="fa-paris")
    assert other_side((unknown, same_name, DR), DR, "fa-paris") is same_name
    assert other_side((unknown, replace(unknown, device="fa-prd9"), DR), DR, "fa-paris") is None


# ------------------------------------------------------------------------------------------------------------ refusing


@pytest.mark.parametrize(
    ("here", "there", "verb", "options", "said"),
    [
        (array("fa-prd"), None, "demote", {}, "pod.there: web on fa-prd is not there"),
        (array("fa-prd", pod(destroyed=True)), None, "demote", {}, "pod.there: web on fa-prd is pending eradication"),
        (
            array("fa-prd", pod(arrays=(("a", "online"), ("b", "online")))),
            DR,
            "demote",
            {},
            "pod.there: it is stretched over a and b: it has no other side to go to",
        ),
        (array("fa-prd", pod(links=())), None, "demote", {}, "pod.link: it has 0"),
        (array("fa-prd", pod(links=pod().links * 2)), None, "demote", {}, "pod.link: it has 2"),
        (PRD, None, "demote", {}, "pod.peer: web on fa-lyon: no device of the configuration"),
        (PRD, replace(DR, pods=None, failure="busy"), "demote", {}, "pod.peer: web on fa-dr: not read: busy"),
        (
            PRD,
            array("fa-dr", pod("promoted", "inbound")),
            "demote",
            {},
            "pod.peer: web on fa-dr is promoted, inbound link replicating: its own writes would overwrite this side",
        ),
        (
            array("fa-prd", pod(status="unhealthy")),
            DR,
            "demote",
            {},
            "pod.source: web is promoted, outbound link unhealthy",
        ),
        (
            array("fa-prd", pod("demoted", status="idle")),
            DR,
            "demote",
            {},
            "pod.source: web is demoted, outbound link idle",
        ),
        (PRD, DR, "demote", {"users": {"db": "it runs"}}, "pod.hosts: it runs"),
        (
            DR,
            SILENT,
            "demote",
            {"discard": True},
            "pod.peer: web on fa-prd: not read: unreachable; of a drill that the disaster met: --disaster",
        ),
        (
            array("fa-dr", pod("promoted", "inbound")),
            SILENT,
            "demote",
            {"discard": True, "disaster": True, "failed_over": "Run r promoted it"},
            "pod.drill: Run r promoted it",
        ),
        (
            AFTER,
            SILENT,
            "promote",
            {},
            "pod.peer: web on fa-prd: not read: unreachable; --disaster promotes without it",
        ),
        (
            AFTER,
            array("fa-prd", pod("demoted", status="idle")),
            "promote",
            {},
            "pod.quiesced: it is idle; --disaster promotes with what is across",
        ),
        (PRD, DR, "promote", {"disaster": True}, "pod.target: it is promoted, outbound link replicating"),
        (
            DR,
            None,
            "promote",
            {"disaster": True},
            "pod.source: no device of the configuration is web on fa-paris: nobody can be asked",
        ),
        (DR, SILENT, "promote", {"disaster": True, "witnesses": DARK[:1]}, "site.dark: hmc-paris: unreachable"),
        (
            DR,
            replace(SILENT, silent=False),
            "promote",
            {"disaster": True},
            "pod.source: fa-prd gives a sign of life, and cannot be read: unreachable",
        ),
        (
            AFTER,
            QUIESCED,
            "promote",
            {"drill": True},
            "pod.peer: web on fa-prd is demoted, outbound link quiesced: this would be no drill",
        ),
        (DR, PRD, "promote", {"drill": True, "shared": frozenset({"c05"})}, "pod.isolated: c05 of a host sees both"),
        (QUIESCED, DR, "undo", {}, "pod.undo: there is none"),
    ],
)
def test_a_plan_that_would_lose_or_mix_data_is_refused_with_what_was_seen(
    here: ArrayPods, there: ArrayPods | None, verb: str, options: dict[str, Any], said: str
) -> None:
    assert said in refusals(drawn(here, there, verb, **options))


def test_of_several_undo_pods_one_is_named() -> None:
    kept = [Pod("", "", name, name, True, "demoted") for name in ("web.undo-demote", "web.undo-demote.2")]
    here = array("fa-prd", pod("demoted", status="quiesced"), *kept)
    assert refusals(drawn(here, DR, "undo")) == [
        "pod.undo: 2 of them: web.undo-demote, web.undo-demote.2; say which: --from"
    ]
    draft = drawn(here, DR, "undo", undo="web.undo-demote.2")
    assert "promote_from=web.undo-demote.2" in draft.steps[0].call


# ------------------------------------------------------------------------------------------------------------ agreeing


def test_the_loss_is_counted_from_the_recovery_point_and_the_clocks_and_rounded_up() -> None:
    here = replace(DR, skew_s=-40.0)
    draft = drawn(here, SILENT, "promote", disaster=True, witnesses=DARK)
    assert refusals(draft) == []
    assert draft.loss_s == 130.0 and "clock difference 40 s" in draft.loss
    assert draft.confirm == ["promote web", "lose 3 min", "site paris is dark", "second person: NAME"]


def test_a_source_that_answers_and_is_demoted_is_proof_enough() -> None:
    draft = drawn(DR, array("fa-prd", pod("demoted", status="idle")), "promote", disaster=True)
    assert (refusals(draft), draft.confirm) == ([], ["promote web", "lose 2 min"])


@pytest.mark.parametrize(("status", "said"), [("replicating", True), ("unhealthy", False)])
def test_whoever_discards_although_all_could_go_across_is_told_so(status: str, said: bool) -> None:
    draft = drawn(array("fa-prd", pod(status=status)), DR, "demote", discard=True)
    assert refusals(draft) == []
    assert any("without --discard nothing is lost" in text for text in draft.notes) is said


def test_both_sides_are_leased_by_the_ids_of_their_arrays() -> None:
    assert drawn(AFTER, QUIESCED, "promote").at.keys == ("pod:id-fa-dr:web", "pod:id-fa-prd:web")
    assert drawn(DR, replace(SILENT, owner=None), "promote").at.keys == ("pod:id-fa-dr:web",)


@pytest.mark.parametrize(
    ("here", "there", "verb", "options", "calls"),
    [
        (PRD, DR, "demote", {}, ['PATCH /pods?names=web&quiesce=true {"requested_promotion_state": "demoted"}']),
        (AFTER, QUIESCED, "promote", {}, ['PATCH /pods?names=web {"requested_promotion_state": "promoted"}', ""]),
        (DR, PRD, "promote", {"drill": True}, ['PATCH /pods?names=web {"requested_promotion_state": "promoted"}']),
        (
            array("fa-dr", pod("promoted", "inbound")),
            PRD,
            "demote",
            {"discard": True},
            ['PATCH /pods?names=web&skip_quiesce=true {"requested_promotion_state": "demoted"}'],
        ),
        (
            PRD,
            array("fa-dr", pod("promoted", "inbound")),
            "demote",
            {"discard": True},
            ['PATCH /pods?names=web&skip_quiesce=true {"requested_promotion_state": "demoted"}', ""],
        ),
    ],
)
def test_the_calls_are_those_of_the_procedure(
    here: ArrayPods, there: ArrayPods, verb: str, options: dict[str, Any], calls: list[str]
) -> None:
    draft = drawn(here, there, verb, **options)
    assert refusals(draft) == []
    assert [step.call for step in draft.steps] == calls


# ------------------------------------------------------------------------------------------------------------ seeing


class Shown:
    """What a step sees: arrays with pods, or none where they are silent. No host is connected."""

    def __init__(self, *arrays: ArrayPods, began: bool = False) -> None:
        self.arrays = {each.device: each for each in arrays}
        self.began_at = NOW if began else None
        self.accepted = began
        self.waited_s, self.margin_s = 0.0, 1.0

    def look(self, device: str, query: Any) -> Any:
        found = self.arrays[device]
        if found.pods is None:
            raise UnseenError(found.failure, silent=found.silent)
        return found.pods if isinstance(query, Pods) else {}

    def reading(self, device: str) -> Any:
        raise NotImplementedError

    objects = reading


def verdict(step: Step, *arrays: ArrayPods, began: bool = False) -> Verdict:
    return step.observe(Shown(*arrays, began=began)).verdict


DEMOTE = Demote("fa-prd", "web", "fa-dr", "web")


@pytest.mark.parametrize(
    ("prd", "dr", "wanted"),
    [
        (PRD, DR, Verdict.READY),
        (array("fa-prd", pod(status="quiescing")), DR, Verdict.CHANGING),
        (array("fa-prd", pod("demoted", status="quiescing")), DR, Verdict.CHANGING),
        (array("fa-prd", pod("demoted", status="unhealthy")), DR, Verdict.CHANGING),
        (QUIESCED, DR, Verdict.DONE),
        (array("fa-prd", pod("demoted", status="idle")), DR, Verdict.REFUSED),
        (array("fa-prd", pod("demoted", "inbound")), DR, Verdict.REFUSED),
        (array("fa-prd", pod(status="paused")), DR, Verdict.REFUSED),
        (array("fa-prd", pod("promoting")), DR, Verdict.CHANGING),
        (array("fa-prd", pod(None)), DR, Verdict.CHANGING),
        (PRD, array("fa-dr", pod("promoted", "inbound")), Verdict.REFUSED),
        (array("fa-prd"), DR, Verdict.REFUSED),
    ],
)
def test_a_demotion_is_done_only_with_its_link_quiesced(prd: ArrayPods, dr: ArrayPods, wanted: Verdict) -> None:
    assert verdict(DEMOTE, prd, dr) is wanted


@pytest.mark.parametrize(
    ("how", "dr", "prd", "wanted"),
    [
        (PLANNED, AFTER, QUIESCED, Verdict.READY),
        (PLANNED, AFTER, PRD, Verdict.REFUSED),
        (PLANNED, AFTER, array("fa-prd", pod("demoted", status="quiescing")), Verdict.REFUSED),
        (PLANNED, array("fa-dr", pod("promoting", "inbound")), QUIESCED, Verdict.CHANGING),
        (PLANNED, array("fa-dr", pod("promoted")), QUIESCED, Verdict.DONE),
        (PLANNED, array("fa-dr", pod("demoted", "outbound")), QUIESCED, Verdict.REFUSED),
        (PLANNED, array("fa-dr", pod("demoted", "inbound", "baselining")), QUIESCED, Verdict.REFUSED),
        (DISASTER, array("fa-dr", pod("demoted", "inbound", "unhealthy")), SILENT, Verdict.READY),
        (DISASTER, DR, SILENT, Verdict.REFUSED),
        (
            DISASTER,
            array("fa-dr", pod("demoted", "inbound", "unhealthy")),
            replace(SILENT, silent=False),
            Verdict.REFUSED,
        ),
        (DISASTER, DR, PRD, Verdict.REFUSED),
        (DISASTER, DR, array("fa-prd", pod("promoting")), Verdict.REFUSED),
        (DISASTER, AFTER, QUIESCED, Verdict.READY),
        (DRILL, DR, PRD, Verdict.READY),
        (DRILL, AFTER, QUIESCED, Verdict.REFUSED),
    ],
)
def test_a_promotion_goes_by_what_its_source_says_at_that_moment(
    how: str, dr: ArrayPods, prd: ArrayPods, wanted: Verdict
) -> None:
    assert verdict(Promote("fa-dr", "web", "fa-prd", "web", how), dr, prd) is wanted


@pytest.mark.parametrize("how", [PLANNED, DRILL])
def test_where_the_source_must_answer_and_does_not_nothing_is_known(how: str) -> None:
    with pytest.raises(UnseenError):
        verdict(Promote("fa-dr", "web", "fa-prd", "web", how), AFTER, SILENT)


@pytest.mark.parametrize(
    ("prd", "dr", "wanted"),
    [
        (PRD, array("fa-dr", pod("promoted", "inbound")), Verdict.READY),
        (PRD, DR, Verdict.REFUSED),
        (QUIESCED, DR, Verdict.DONE),
        (array("fa-prd", pod("promoting")), DR, Verdict.CHANGING),
        (array("fa-prd"), DR, Verdict.REFUSED),
    ],
)
def test_writes_are_discarded_only_while_the_other_side_is_as_it_was_agreed(
    prd: ArrayPods, dr: ArrayPods, wanted: Verdict
) -> None:
    assert verdict(Discard("fa-prd", "web", "fa-dr", "web", "promoted"), prd, dr) is wanted


@pytest.mark.parametrize(
    ("prd", "dark", "wanted"),
    [
        (SILENT, True, Verdict.READY),
        (SILENT, False, None),
        (replace(SILENT, silent=False), True, None),
        (QUIESCED, True, Verdict.REFUSED),
    ],
)
def test_a_drill_is_given_up_beside_a_silent_source_only_where_that_was_agreed(
    prd: ArrayPods, dark: bool, wanted: Verdict | None
) -> None:
    step = Discard("fa-dr", "web", "fa-prd", "web", "promoted", dark)
    drilled = array("fa-dr", pod("promoted", "inbound", "unhealthy"))
    if wanted is None:
        with pytest.raises(UnseenError):
            verdict(step, drilled, prd)
    else:
        assert verdict(step, drilled, prd) is wanted


KEPT = Pod("", "", "u", "web.undo-demote", True, "demoted")


@pytest.mark.parametrize(
    ("prd", "began", "wanted"),
    [
        (array("fa-prd", pod("demoted", status="quiesced"), KEPT), False, Verdict.READY),
        (QUIESCED, False, Verdict.REFUSED),
        (PRD, True, Verdict.DONE),
        (array("fa-prd", pod(), KEPT), False, Verdict.REFUSED),
        (array("fa-prd", pod(), KEPT), True, Verdict.CHANGING),
        (array("fa-prd", pod("promoting"), KEPT), False, Verdict.CHANGING),
        (array("fa-prd", KEPT), False, Verdict.REFUSED),
    ],
)
def test_an_undo_is_done_when_the_undo_pod_is_used_up(prd: ArrayPods, began: bool, wanted: Verdict) -> None:
    assert verdict(Undo("fa-prd", "web", "web.undo-demote", "fa-dr", "web", False), prd, DR, began=began) is wanted


@pytest.mark.parametrize(("beside", "promotion"), [(False, "promoted"), (True, "demoted")])
def test_an_undo_is_refused_where_the_other_side_is_not_as_agreed(beside: bool, promotion: str) -> None:
    step = Undo("fa-prd", "web", "web.undo-demote", "fa-dr", "web", beside)
    here = array("fa-prd", pod("demoted", status="quiesced"), KEPT)
    assert verdict(step, here, array("fa-dr", pod(promotion, "inbound"))) is Verdict.REFUSED


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (pod(), Verdict.DONE),
        (pod(status="baselining"), Verdict.CHANGING),
        (pod(status="unhealthy"), Verdict.CHANGING),
        (pod("demoted", "inbound"), Verdict.CHANGING),
        (pod(links=()), Verdict.REFUSED),
    ],
)
def test_a_pod_is_protected_again_once_it_replicates(shown: Pod, wanted: Verdict) -> None:
    assert verdict(WaitReplicating("fa-prd", "web"), array("fa-prd", shown)) is wanted
