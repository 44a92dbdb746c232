"""Text of operators' files: what was once read as a code page is taken back where that is certain, and else refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli import main
from app.operator_text import PAGES, OperatorText, SpoiltTextError, decoded
from app.pgsnap_file import FileError, read

FRENCH = "éèêëàâçîïôùûüœ€«»°"
TURKISH = "ğĞıİşŞçÇöÖüÜ"


def spoilt(text: str, page: str = "cp1252") -> str:
    """What UTF-8 looks like to a program that takes it for a code page."""
    return text.encode("utf-8").decode(page)


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("cp1252", "# réplication à 20 €"),
        ("cp1252", "Grüße aus Zürich"),
        ("cp1254", "yedek: çözüm"),
        ("cp1254", "ışık"),
    ],
)
def test_pra_14_utf_8_that_was_read_as_a_code_page_is_taken_back(page: str, text: str) -> None:
    lines = f"plain\n{spoilt(text, page)}\nlast"
    assert decoded(lines.encode()) == OperatorText(f"plain\n{text}\nlast", (2,))


@given(st.text(st.sampled_from(f"abc {FRENCH}{TURKISH}"), max_size=20), st.sampled_from(PAGES))
def test_pra_14_whatever_is_taken_back_leads_to_the_same_line_again(text: str, page: str) -> None:
    try:
        once = spoilt(text, page)
    except UnicodeDecodeError:  # the page has no letter for one of the bytes
        return
    found = decoded(once.encode())
    assert found.text == text
    assert found.repaired == (() if text.isascii() else (1,))


WORDS = ("déjà", "çà", "où", "Noël", "cœur", "Zürich", "Straße", "çözüm", "ışık", "Şişli", "20 €", "«", "»", "10 °C")


@given(st.lists(st.sampled_from(WORDS), max_size=8), st.sampled_from([" ", "\u00a0", "-", ": "]))
def test_pra_14_text_that_was_never_spoilt_is_taken_as_it_is(words: list[str], between: str) -> None:
    text = between.join(words)
    assert decoded(text.encode()) == OperatorText(text)


@pytest.mark.parametrize("line", ["voilà\u00a0»", "« déjà\u00a0»", "Ångström", "ÄÖÜ", "10 °C", "5 µs – 3 €"])
def test_pra_14_good_text_that_might_be_taken_for_spoilt_stays(line: str) -> None:
    assert decoded(line.encode()) == OperatorText(line)


@pytest.mark.parametrize("line", ["rÃ©plication dÃ©jÃ  faite, é", "Ã©\u0153Ã\u0081", "â€œcitÃ©â€\x9d puis 日本"])
def test_pra_14_what_cannot_be_taken_back_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(SpoiltTextError) as caught:
        decoded(f"one\ntwo\n{line}".encode())
    assert caught.value.line == 3
    assert line not in str(caught.value)


def test_bytes_that_are_no_utf_8_are_refused_with_their_line() -> None:
    with pytest.raises(SpoiltTextError) as caught:
        decoded("one\ncafé".encode("cp1252"))
    assert (caught.value.line, caught.value.expected) == (2, "UTF-8 text")
    assert caught.value.__context__ is None


HPE = """\
# configuration Ã©crite par l'ancien outil
[DEFAULT]
hpe3par_api_url = https://192.0.2.1:8080/api/v1
hpe3par_username = admin
hpe3par_password = x
san_ip = 192.0.2.1
"""


def test_pra_14_an_import_says_what_it_took_back_and_refuses_the_rest_with_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hpe.conf"
    path.write_text(HPE)
    assert main(["import", "hpe-conf", str(path)]) == 0
    assert f"{path}:1: was read as another encoding once: taken back" in capsys.readouterr().err
    path.write_text(HPE.replace("l'ancien", "l’été"))
    assert main(["import", "hpe-conf", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"{path}:1: expected UTF-8 text: this line was read as another encoding")


def test_pra_14_the_file_of_the_snapshot_script_is_read_likewise(tmp_path: Path) -> None:
    path = tmp_path / "pg.json"
    path.write_text('{"_comment": "sauvegardÃ©",\n "source_protection_group": "pg-erp"}')
    assert read(path).text("source_protection_group") == "pg-erp"
    path.write_text('{"source_protection_group": "pg-erp",\n "_comment": "sauvegardÃ© – été"}')
    with pytest.raises(FileError, match="line 2: expected UTF-8 text: this line was read as another encoding"):
        read(path)
