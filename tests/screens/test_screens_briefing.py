"""The sentences of the overview: nothing is said to be read that is not."""

from __future__ import annotations

from datetime import timedelta

from screens.briefing import briefing, briefing_lines
from screens.cells import line_width
from tests.screens.estate import NOW, calm, troubled


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
