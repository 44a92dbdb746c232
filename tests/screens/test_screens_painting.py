"""What is painted when: a screen once when it comes to the front, lines in the theme's tones, the bar by its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.events import Key
from textual.screen import Screen

from app.console import Console
from screens.widgets.bar import Bar, thumb
from screens.widgets.table import Table
from tests.screens.estate import calm, large
from tests.screens.piloting import driven, piloted

TRIES = 5
"""On a machine that is busy with other things a widget may be late, and is then painted by itself."""


class Paintings:
    """The screens that were painted as a whole, or half of them at least, one for each time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.of: list[str] = []
        original = Console._display

        def display(console: Console, screen: Screen[object], renderable: object) -> None:
            spans = renderable.spans if isinstance(renderable, ChopsUpdate) else ()
            painted = sum(end - begin for _, begin, end in spans)
            whole = isinstance(renderable, LayoutUpdate) or 2 * painted > screen.size.area
            if whole and not console._batch_count:
                self.of.append(type(screen).__name__)
            original(console, screen, renderable)  # type: ignore[arg-type]

        monkeypatch.setattr(Console, "_display", display)


@pytest.mark.parametrize(
    ("keys", "then", "name"),
    [
        ((), "3", "PgroupsPane"),
        (("3",), "2", "LparsPane"),
        (("2",), "enter", "LparDetail"),
        (("2", "enter"), "escape", "LparsPane"),
        (("2",), "question_mark", "HelpScreen"),
    ],
)
@piloted
async def test_a_screen_that_comes_to_the_front_is_painted_once(
    keys: tuple[str, ...], then: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driven(calm().view(), (120, 40)) as console:
        for _ in range(TRIES):
            await console.press("2", "1", *keys)
            with monkeypatch.context() as patched:
                seen = Paintings(patched)
                await console.press(then)
                await console.wait_for(lambda: not console.console.held, "it is not shown")
                await console.settle()
            if seen.of == [name]:
                return
            await console.press("escape", "escape")
        assert seen.of == [name]


@piloted
async def test_a_screen_that_goes_away_before_it_was_painted_leaves_nothing_held() -> None:
    async with driven(calm().view(), (120, 40)) as console:
        for key in ("2", "enter", "escape", "3", "1", "question_mark", "escape", "2", "enter"):
            console.console.post_message(Key(key, None))
        await console.settle()
        await console.wait_for(lambda: not console.console.held and not console.console._batch_count, "all stays held")
        await console.press("escape")
        await console.wait_for(lambda: "LPARs" in console.text, "nothing is drawn any more")


@piloted
async def test_lines_are_drawn_anew_in_another_theme() -> None:
    async with driven(calm().view(), (120, 40)) as console:
        await console.press("2")
        table = console.screen.query_one(Table)

        def colours() -> set[str]:
            lines = table.render_lines(table.size.region)
            return {str(segment.style.color) for line in lines for segment in line if segment.style is not None}

        def bar() -> set[str]:
            strips = table.vertical_scrollbar.render_lines(table.vertical_scrollbar.size.region)
            return {str(segment.style) for strip in strips for segment in strip}

        before, bar_before = colours(), bar()
        await console.command("theme light")
        after, bar_after = colours(), bar()
        assert before and after and before != after
        assert bar_before and bar_after and not bar_before & bar_after


@piloted
async def test_the_bar_stands_where_the_page_is_and_goes_with_it() -> None:
    async with driven(large(500).view(), (100, 30)) as console:
        await console.press("2")
        bar = console.screen.query_one(Table).vertical_scrollbar
        assert isinstance(bar, Bar)

        def lines() -> str:
            strips = bar.render_lines(bar.size.region)
            return "".join("#" if strip._segments[0].style.reverse else "." for strip in strips)  # type: ignore[union-attr]

        assert lines().startswith("#") and lines().endswith(".")
        await console.press("pagedown")
        assert lines().startswith(".") and lines().endswith(".")
        await console.press("G")
        assert lines().startswith(".") and lines().endswith("#")


@given(st.integers(1, 60), st.integers(1, 20_000), st.integers(1, 20_000), st.floats(0, 1))
def test_the_thumb_lies_on_the_bar_and_touches_an_end_only_there(
    height: int, virtual: int, window: int, part: float
) -> None:
    position = round(part * max(0, virtual - window))
    begin, end = thumb(height, virtual, window, position)
    if window >= virtual:
        assert (begin, end) == (0, 0)
        return
    assert 0 <= begin < end <= height
    if end - begin + 2 <= height:
        assert (begin == 0) == (position == 0)
        assert (end == height) == (position == virtual - window)


@given(st.integers(3, 60), st.integers(2, 5_000))
def test_the_thumb_never_goes_back_as_the_page_goes_on(height: int, virtual: int) -> None:
    window = max(1, virtual // 3)
    places = [thumb(height, virtual, window, position)[0] for position in range(virtual - window + 1)]
    assert places == sorted(places)
