"""Turns lines of cells into strips: the one place where a tone becomes a style and a glyph becomes ASCII."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widget import Widget

from screens.cells import Line, Tone, fit, width_of
from screens.status import ASCII

TONE_CLASSES = {f"tone--{tone}" for tone in Tone}
REVERSE = Style(reverse=True)


class Drawn(Widget, can_focus=False):
    """A widget that draws lines of cells itself. Keys belong to the screen, so it takes no focus."""

    COMPONENT_CLASSES = TONE_CLASSES
    ascii_only = False
    _tone_styles: dict[Tone, Style]
    _unseen_tones: dict[Tone, bool]
    _strips: dict[int, Strip]
    _strips_of: Size | None = None
    _filters: tuple[LineFilter, ...] = ()

    def set_ascii(self, ascii_only: bool) -> None:
        """Draw in ASCII only; the scroll bar, which is drawn in block characters, goes too. Every widget calls it once,
        as it is made."""
        self._forget_styles()
        self.ascii_only = ascii_only
        if ascii_only:
            self.styles.scrollbar_size_vertical = 0

    def tone_style(self, tone: Tone) -> Style:
        """The style of a tone, from the style sheet."""
        style = self._tone_styles.get(tone)
        if style is None:
            style = self.rich_style if tone is Tone.PLAIN else self.get_component_rich_style(f"tone--{tone}")
            style = self._tone_styles[tone] = self.filtered(style)
        return style

    def notify_style_update(self) -> None:
        self._forget_styles()
        super().notify_style_update()

    def _forget_styles(self) -> None:
        self._tone_styles, self._unseen_tones, self._strips = {}, {}, {}

    # The toolkit's own way to a line adds border, padding, hatch, outline and opacity to it, and puts every piece of it
    # through the filters, which costs more than the line. What is drawn here has none of these but the borders of
    # dialogs, and the filters look at nothing but styles: so each style goes through them once.

    def render_lines(self, crop: Region) -> list[Strip]:
        if self.styles.gutter:
            return super().render_lines(crop)
        filters = tuple(self.get_line_filters())
        if filters != self._filters:
            self._filters = filters
            self._forget_styles()
        if self.size != self._strips_of:
            self._strips_of = self.size
            self._strips.clear()
        strips, made = self._strips, self.render_line
        for y in crop.line_range:
            if y not in strips:
                strips[y] = made(y)
        x, end = crop.column_span
        whole = x == 0 and end == self.size.width
        return [strips[y] if whole else strips[y].crop(x, end) for y in crop.line_range]

    def filtered(self, style: Style) -> Style:
        """A style as it is sent to this terminal."""
        segments = [Segment(" ", style)]
        for line_filter in self._filters:
            segments = line_filter.apply(segments, self.background_colors[1])
        return segments[0].style or style

    def _set_dirty(self, *regions: Region) -> None:
        super()._set_dirty(*regions)
        if not regions:
            self._strips.clear()
        for region in regions:
            for y in region.line_range:
                self._strips.pop(y, None)

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        if self._vertical_scrollbar is None:
            from screens.widgets.bar import Bar

            self._vertical_scrollbar = Bar()
            self.app._start_widget(self, self._vertical_scrollbar)
        return self._vertical_scrollbar

    def drawn_text(self, text: str) -> str:
        """A text as this terminal can show it."""
        return text.translate(ASCII) if self.ascii_only else text

    def strip_of(self, line: Line, width: int) -> Strip:
        """A line in exactly ``width`` cells: padded, or cut where it does not fit."""
        return self.strip_of_texts([(cell.text, cell.tone) for cell in line], width)

    def strip_of_texts(self, texts: Sequence[tuple[str, Tone]], width: int, *, reverse: bool = False) -> Strip:
        """Texts with their tones in exactly ``width`` cells. In ``reverse`` all of it has one style: shape and word
        tell the status, and each change of style is dear on a thin line."""
        if reverse:
            text = fit("".join(text for text, _ in texts), width)
            return Strip([Segment(self.drawn_text(text), self.tone_style(Tone.PLAIN) + REVERSE)], width)
        fitted: list[tuple[str, Tone]] = []
        left = width
        for text, tone in texts:
            length = width_of(text)
            fitted.append((text if length <= left else fit(text, left), tone))
            left = max(0, left - length)
        fitted.append((" " * left, Tone.PLAIN))
        return Strip(
            [Segment(self.drawn_text(text), self.tone_style(tone)) for text, tone in self._joined(fitted)], width
        )

    def _joined(self, texts: Iterable[tuple[str, Tone]]) -> list[tuple[str, Tone]]:
        """Neighbours of one tone become one piece, and blanks join what stands before them: each change of style is
        sent to the terminal in full, and nobody sees the style of a blank."""
        pieces: list[tuple[str, Tone]] = []
        last, of = "", Tone.PLAIN
        for text, tone in texts:
            if tone is of or not last:
                last, of = last + text, tone
                continue
            bare = text
            if text[:1] == " " and self._unseen(of) and self._unseen(tone):
                bare = text.lstrip(" ")
                last += " " * (len(text) - len(bare))
            if bare:
                pieces.append((last, of))
                last, of = bare, tone
        return [*pieces, (last, of)] if last else pieces

    def _unseen(self, tone: Tone) -> bool:
        """Whether blanks look the same in this tone as in any other."""
        found = self._unseen_tones.get(tone)
        if found is None:
            style = self.tone_style(tone)
            found = self._unseen_tones[tone] = not (style.reverse or style.underline or style.strike)
        return found
