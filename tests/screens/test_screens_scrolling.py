"""Scrolling on a slow line: half a page at once, and nothing is jumped over."""

from __future__ import annotations

from screens.widgets.lines import Lines
from tests.screens.estate import troubled
from tests.screens.piloting import driven, piloted


@piloted
async def test_a_line_down_is_half_a_page_where_the_line_is_slow() -> None:
    async with driven(troubled().view()) as console:
        await console.press("2", "question_mark")
        lines = console.console.screen.query_one(Lines)
        height = lines.container_size.height
        await console.press("j")
        assert lines.scroll_offset.y == 1
        console.console.around.jump_scroll = True
        await console.press("j")
        assert lines.scroll_offset.y == 1 + height // 2
        await console.press("k")
        assert lines.scroll_offset.y == 1
        await console.press("pagedown")
        assert lines.scroll_offset.y == min(1 + height, len(lines.lines) - height)


@piloted
async def test_it_moves_even_where_half_a_page_is_no_line() -> None:
    async with driven(troubled().view(), (80, 5)) as console:
        await console.press("2", "question_mark")
        lines = console.console.screen.query_one(Lines)
        console.console.around.jump_scroll = True
        await console.press("j")
        assert lines.scroll_offset.y == max(1, lines.container_size.height // 2)
