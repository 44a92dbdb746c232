"""The two forms of a report: everything is in both, and what devices and people wrote stays text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.output import printable
from app.report import markdown
from app.report.document import sections
from app.report.facts import facts
from app.report.page import page
from app.report.records import Facts, Note
from app.report.timeline import ROWS, bars, svg
from store.segment import segment
from tests.app.report.reported import AT, EVIL, RUN, filled

TAGS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "div", "table", "thead", "tbody", "tr"),
    *("th", "td", "svg", "defs", "pattern", "rect", "line", "text"),
}


class Reader(HTMLParser):
    """All tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.said: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.said.append(data)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    found = segment(filled(tmp_path_factory.mktemp("forms")), RUN)
    assert found is not None
    return facts(found, "drdeck 0", 300.0)


def test_the_page_needs_nothing_else_and_runs_nothing(told: Facts) -> None:
    found = Reader(page(told))
    assert found.tags == TAGS
    assert not found.attributes & {"href", "src", "onload", "onclick", "xlink:href", "srcset"}
    assert "default-src 'none'" in page(told)
    assert not re.search(r"url\((?!#)|@import", page(told))


def test_what_somebody_wrote_stays_text(told: Facts) -> None:
    assert any(printable(EVIL) in said for said in Reader(page(told)).said)
    assert "<script>" not in page(told)
    assert "\\<script\\>" in markdown.report(told)


@given(words=st.text(max_size=40))
def test_no_text_becomes_a_mark(told: Facts, words: str) -> None:
    noted = replace(told, notes=(Note(AT, words, words),), steps=(), deviations=())
    assert Reader(page(noted)).tags == TAGS - {"svg", "defs", "pattern", "rect", "line", "text"}
    written = markdown.text(words)
    assert "\n" not in written
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]<>&|~$]", written)
    assert re.sub(r"\\(.)", r"\1", written) == printable(words)


def test_every_row_of_a_table_has_as_many_cells_as_its_head(told: Facts) -> None:
    for section in sections(told):
        if section.table is not None:
            assert {len(row) for row in section.table.rows} == {len(section.table.head)}, section.title
    for block in re.findall(r"(?m)(?:^\|.*\n)+", markdown.report(told)):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_both_forms_say_the_same(told: Facts) -> None:
    shown = "".join(Reader(page(told)).said)
    plain = re.sub(r"\\(.)", r"\1", markdown.report(told))
    for section in sections(told):
        cells = () if section.table is None else [cell for row in section.table.rows for cell in row]
        for words in (section.title, *section.texts, *cells):
            assert printable(words) in shown
            assert printable(words) in plain


def test_the_timeline_has_a_bar_for_each_step_that_was_begun_and_says_its_state(told: Facts) -> None:
    assert [(bar.look, bar.words) for bar in bars(told)] == [
        ("well", "done, 3.0 s"),
        ("well", "done, 46 s"),
        ("well", "marked done, 3.0 s"),
        ("well", "skipped, 0.0 s"),
    ]
    assert svg(told).count('class="mark"') == 3


def test_a_timeline_of_very_many_steps_has_a_bar_for_each_kind(told: Facts) -> None:
    many = tuple(replace(told.steps[n % 4], id=f"s{n}") for n in range(ROWS + 1))
    assert [bar.label for bar in bars(replace(told, steps=many))] == [
        "vlun.remove: 31 steps",
        "rcg.stop: 30 steps",
        "rcg.failover: 30 steps",
        "rcg.unexported: 30 steps",
    ]


def test_a_run_that_never_began_has_no_timeline(told: Facts) -> None:
    assert svg(replace(told, steps=())) == "<p>Nothing was begun.</p>"
