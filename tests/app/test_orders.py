"""What is typed in the console to have something planned: the words of the command line, understood or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.orders import OrderError, candidates, understood


@pytest.mark.parametrize(
    "text",
    [
        "rcg failover oradb",
        "rcg failover 1001:oradb 1001:erp --disaster --wave 4",
        "rcg reverse oradb --host db1=db2 --no-export --conflict-delay 30",
        "volume create oradb ora_data07 --size 100G --cpg SSD_r6:SSD_r6 --mode periodic --period 900",
        "volume delete oradb ora_data07",
        "pgroup snapshot pg-erp drdeck-0301-0300 --on fa-prd --replicate",
        "pgroup clone pg-erp 41 --on fa-prd --onto pg-dev",
        "pgroup restore pg-erp --on fa-prd 41",
        "pgroup restore pod::pg-erp 41 --on fa-prd",
    ],
)
def test_what_the_command_line_takes_is_understood(text: str) -> None:
    assert callable(understood(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "required"),
        ("rcg", "VERB"),
        ("rcg fly oradb", "fly"),
        ("rcg failover", "GROUP"),
        ("rcg start oradb --disaster", "--disaster goes with failover"),
        ("rcg failover oradb --wave none", "none"),
        ("rcg failover oradb --host db1", "OLD=NEW"),
        ("rcg failover oradb --execute", "belong to the shell"),
        ("rcg failover oradb --confirm y", "belong to the shell"),
        ("rcg failover 'oradb", "No closing quotation"),
        ("volume create oradb v", "--size"),
        ("volume create oradb v --size 100G", "--cpg"),
        ("rcg --help", "VERB"),
        ("pgroup clone pg-erp 41", "--onto GROUP goes with clone"),
        ("pgroup clone pg-erp 41 --onto", "--onto"),
        ("pgroup restore pg-erp", "NAME"),
        ("pgroup snapshot 'pg erp' s1", "protection group snapshot name"),
        ("drdeck rcg failover oradb", "drdeck"),
    ],
)
def test_what_cannot_be_understood_says_what_was_expected(
    text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OrderError, match=said):
        understood(text)
    assert capsys.readouterr() == ("", ""), "the terminal belongs to the console"


@given(st.text(max_size=60) | st.text("rcg volume-falovercta='\"", max_size=60))
def test_any_text_is_understood_or_refused_and_never_ends_the_console(text: str) -> None:
    try:
        assert callable(understood(text))
    except OrderError as error:
        assert str(error)


def test_completion_offers_every_verb_for_every_group() -> None:
    found = candidates(["a", "b"])
    assert "rcg switchover b" in found
    assert "volume remove a" in found
    assert len(found) == 2 * (9 + 4)
