"""The sentences of the overview: nothing is said to be read that is not."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from screens.briefing import Sentence, briefing, briefing_lines
from screens.cells import Tone, line_width
from store.readiness import Check
from store.readiness_view import ReadinessView
from tests.screens.estate import NOW, ago, calm, troubled
from tests.screens.readied import COVERED, MAC, UNREAD, readiness


def test_where_all_is_read_and_well_that_is_said_with_the_loss_that_is_left() -> None:
    texts = [sentence.text for sentence in briefing(calm().scene())]
    assert texts[0] == "All 8 devices are read."
    assert texts[1] == "Of what is replicated, a failover now would lose at most 25m (crm01)"


def test_devices_that_are_not_read_any_more_are_not_said_to_be_read() -> None:
    texts = [sentence.text for sentence in briefing(calm().scene(NOW + timedelta(hours=13)))]
    assert not any("are read" in text for text in texts)
    assert any("Not read lately" in text and "up to 13h old" in text for text in texts)
    assert all(text.endswith("as last seen") for text in texts if "at most" in text)


def test_what_does_not_fit_is_counted_and_no_line_is_too_wide() -> None:
    sentences = briefing(troubled().scene())
    lines = briefing_lines(sentences, 80, 5)
    assert len(lines) <= 5
    assert all(line_width(line) <= 80 for line in lines)
    assert "more to say" in lines[-1][0].text


def returning(*checks: Check, others: int = 0, seen_s: float = 12) -> list[Sentence]:
    """What is said of the return of one LPAR with these checks, and of so many others that are ready."""
    view = ReadinessView()
    view.cover(COVERED)
    found = [readiness("erp", *checks, seen_s=seen_s), *(readiness(f"lp{n}", seen_s=seen_s) for n in range(others))]
    view.take(found, ago(seen_s))
    scene = replace(calm().scene(), readiness=view)
    return [sentence for sentence in briefing(scene) if "protected LPARs" in sentence.text]


def test_how_many_lpars_could_come_back_is_said_with_its_age_and_the_names_of_those_that_could_not() -> None:
    back = "come back at bergen, checked 10s ago"
    assert returning(others=2) == [Sentence(f"All 3 protected LPARs are ready to {back}", Tone.OK, "2")]
    assert returning(MAC, others=2) == [Sentence(f"1 of 3 protected LPARs is not ready to {back}: erp", Tone.WARN, "2")]
    assert returning(UNREAD, others=2) == [
        Sentence(f"Of 1 of 3 protected LPARs it is not known whether they could {back}: erp", Tone.UNKNOWN, "2")
    ]


def test_what_was_checked_too_long_ago_is_not_said_to_be_so() -> None:
    (sentence,) = returning(others=5, seen_s=700)
    assert sentence.tone is Tone.UNKNOWN
    assert "Of 6 of 6 protected LPARs it is not known" in sentence.text


def test_nothing_is_said_of_lpars_where_none_was_checked() -> None:
    assert not any("protected LPARs" in sentence.text for sentence in briefing(calm().scene()))
