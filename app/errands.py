"""What the operator finds and takes away: the palette, objects by name, exports, saved filters. For the console."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.files import Files

if TYPE_CHECKING:
    from textual.app import App

    from screens.base import EstateScreen
    from screens.export import Form, Sheet
    from screens.finding import Choice
    from screens.surroundings import Surroundings


class Errands:
    """``shown`` gives the screen that the operator looks at; ``say`` says a sentence there, from any thread."""

    def __init__(
        self, app: App[int], files: Files, shown: Callable[[], EstateScreen | None], say: Callable[[str], object]
    ) -> None:
        self._app = app
        self._files = files
        self._shown = shown
        self._say = say

    def saved_filters(self) -> tuple[dict[str, dict[str, str]], str | None]:
        """The filters that have a name, and why they could not be read."""
        return self._files.saved_filters(), self._files.trouble

    async def palette(self, around: Surroundings) -> None:
        """Let something be found; what is chosen is done on the screen that it was opened from."""
        from screens.palette import Palette

        asking = self._shown()
        if asking is not None:
            await self._app.push_screen(Palette(around, asking.situation()), self._found)

    def _found(self, choice: Choice | None) -> None:
        shown = self._shown()
        if choice is None or shown is None:
            return
        if choice.action is not None:
            shown.run_chosen(choice.action)
        elif choice.target is not None:
            shown.open_detail(*choice.target)

    def open(self, around: Surroundings, name: str) -> None:
        """Open an object by its name, or say why not."""
        from screens.finding import object_named

        shown, found = self._shown(), object_named(around.scene(), name)
        if isinstance(found, str):
            self._say(found)
        elif shown is not None:
            shown.open_detail(*found)

    async def export(self, around: Surroundings, sheet: Sheet, form: Form | None) -> None:
        """Write rows to a file, aside; without a form that is asked for first."""
        if form is not None:
            self._export(sheet, form)
            return
        from screens.dialogs.export import ExportDialog

        def chosen(form: Form | None) -> None:
            if form is not None:
                self._export(sheet, form)

        await self._app.push_screen(ExportDialog(around, sheet, self._files.exports), chosen)

    def _export(self, sheet: Sheet, form: Form) -> None:
        self._say(f"Writing {len(sheet.rows)} rows …")
        threading.Thread(target=lambda: self._say(self._files.export(sheet, form)), name="export", daemon=True).start()

    def save_filter(self, around: Surroundings, table: str, name: str, text: str | None) -> None:
        """Give a filter a name; without a text the name is forgotten."""
        saved = {known: dict(filters) for known, filters in around.saved.items()}
        filters = saved.setdefault(table, {})
        if text is None:
            filters.pop(name, None)
        else:
            filters[name] = text
        trouble = self._files.save_filters(saved)
        if trouble is not None:
            self._say(trouble)
            return
        around.saved = saved
        self._say(f"The filter {name} is {'forgotten' if text is None else f'saved: :filter {name} brings it back'}.")
