"""The CLI's two ways to print a table: padded columns for people, ``setclienv csvtable 1`` for programs."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field


class Style(Struct):
    """What ``setclienv`` set: ``csv`` (csvtable) and ``bare`` (nohdtot: no headers, no totals)."""

    csv: bool = False
    bare: bool = False


class Column(Struct, frozen=True):
    """``right``: values are right-aligned; ``width``: at least so wide."""

    name: str
    right: bool = False
    width: int = 0


class Table(Struct):
    """``indent`` goes before every line (blanks; in CSV it becomes a first field of one blank)."""

    columns: Sequence[Column]
    rows: list[list[str]] = field(default_factory=list)
    indent: int = 0
    total: bool = False

    def only(self, names: Sequence[str]) -> Table:
        """The columns of ``-showcols``. Raises KeyError with the name that does not exist."""
        index = {column.name: i for i, column in enumerate(self.columns)}
        picked = [index[name] for name in names]
        rows = [[row[i] for i in picked] for row in self.rows]
        return Table([self.columns[i] for i in picked], rows, self.indent, self.total)

    def lines(self, style: Style) -> list[str]:
        return self._csv(style) if style.csv else self._padded(style)

    def _widths(self) -> list[int]:
        return [max([len(c.name), c.width, *(len(row[i]) for row in self.rows)]) for i, c in enumerate(self.columns)]

    def _padded(self, style: Style) -> list[str]:
        widths = self._widths()
        pad = " " * self.indent
        out = []
        if not style.bare:
            out.append(pad + " ".join(c.name.ljust(w) for c, w in zip(self.columns, widths, strict=True)))
        for row in self.rows:
            cells = zip(row, self.columns, widths, strict=True)
            out.append(pad + " ".join(v.rjust(w) if c.right else v.ljust(w) for v, c, w in cells))
        return out + self._totals(style, sum(widths) + len(widths) - 1)

    def _csv(self, style: Style) -> list[str]:
        first = " ," if self.indent else ""
        out = []
        widths = self._widths()
        if not style.bare:
            names = (c.name.ljust(w) for c, w in zip(self.columns, widths, strict=True)) if self.indent else None
            out.append(first + ",".join(names or (c.name for c in self.columns)))
        out += [first + ",".join(_cell(value) for value in row) for row in self.rows]
        return out + self._totals(style, 20)

    def _totals(self, style: Style, width: int) -> list[str]:
        if style.bare or not self.total:
            return []
        return ["-" * width, f"{len(self.rows)},total" if style.csv else f"{len(self.rows):3d} total"]


def _cell(value: str) -> str:
    return f'"{value}"' if "," in value else value
