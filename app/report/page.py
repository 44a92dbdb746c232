"""A report as one HTML page that needs nothing else: no file, no network, no script; to be printed, and read without
colour. What devices and people wrote is text and nothing else: every mark of it is escaped."""

from __future__ import annotations

from html import escape

from app.output import printable
from app.report.document import Section, Table, sections, title
from app.report.records import Facts
from app.report.timeline import svg

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.45 system-ui, sans-serif; color: #000; background: #fff; margin: 2em auto; max-width: 75em;
  padding: 0 1em; }
h1 { font-size: 1.6em; border-bottom: 3px solid #000; padding-bottom: .3em; }
h2 { font-size: 1.15em; margin-top: 2em; border-bottom: 1px solid #000; break-after: avoid; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .85em; }
th, td { border: 1px solid #888; padding: .25em .5em; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
th { background: #e8e8e8; overflow-wrap: normal; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
svg { width: 100%; height: auto; font: 11px sans-serif; }
.small { font-size: 9.5px; }
.well { fill: #555; stroke: #000; } .ill { fill: url(#hatch); stroke: #000; } .open { fill: #fff; stroke: #000; }
.ground { fill: #fff; } .ink { stroke: #000; stroke-width: 3; }
.tick { stroke: #bbb; } .mark { stroke: #000; stroke-dasharray: 4 3; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } .wide { overflow: visible; }
  @page { size: A4 landscape; margin: 14mm; } }
"""

_CAPTION = (
    "Time since the declaration. A: agreed to, S: started, E: ended. Of a recovery plan a bar for each application "
    "until it was up, hatched where its RTO target was not kept, which a thick line marks. A bar for each step that "
    "was begun: filled where it is settled, hatched where it failed or is unknown, hollow where it is not over."
)


def page(facts: Facts) -> str:
    """The whole page."""
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(title(facts))}</title>",
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{_text(title(facts))}</h1>",
    ]
    for number, section in enumerate(sections(facts)):
        parts += _section(section)
        if number == 1:  # behind the summary and the times
            parts += ["<h2>Timeline</h2>", f"<p>{_text(_CAPTION)}</p>", svg(facts)]
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _section(section: Section) -> list[str]:
    parts = [f"<h2>{_text(section.title)}</h2>", *(f"<p>{_text(words)}</p>" for words in section.texts)]
    return parts if section.table is None else [*parts, *_table(section.table)]


def _table(table: Table) -> list[str]:
    head = "".join(f'<th scope="col">{_text(cell)}</th>' for cell in table.head)
    rows = ["<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in table.rows]
    return ['<div class="wide"><table>', f"<thead><tr>{head}</tr></thead><tbody>", *rows, "</tbody></table></div>"]


def _text(words: str) -> str:
    return escape(printable(words))
