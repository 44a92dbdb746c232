"""The wall in a browser: textual-serve on loopback, for pages that it served itself and for no others.

Importing this needs the extra ``wall``. Each tab is a process of its own that draws the wall.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import textual_serve
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from textual_serve.server import Server

HOST, INDEX = "127.0.0.1", "app_index.html"


class WallServer(Server):
    """A server that any program on this machine can reach, and with it every page that a browser here shows: it answers
    only who asked for it by its own name, and from a page of its own."""

    async def _make_app(self) -> web.Application:
        made = await super()._make_app()
        made.middlewares.append(_of_itself(self.port))
        return made


def _of_itself(port: int) -> Middleware:
    names = {f"{HOST}:{port}", f"localhost:{port}"}
    origins = {None, *(f"http://{name}" for name in names)}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("Host") not in names or request.headers.get("Origin") not in origins:
            raise web.HTTPForbidden(text="drdeck wall answers only on its own address")
        return await handler(request)

    return check


def serve(command: str, port: int, ready: Callable[[], None]) -> None:
    """Serve what ``command`` draws until SIGINT or SIGTERM; ``ready`` is called before. Raises OSError where the port
    cannot be had."""
    with tempfile.TemporaryDirectory(prefix="drdeck-wall-") as templates:
        made = WallServer(command, host=HOST, port=port, title="drdeck wall", templates_path=templates)
        _without_fonts_from_elsewhere(Path(templates))
        ready()
        made.serve()


def _without_fonts_from_elsewhere(folder: Path) -> None:
    """The page as textual-serve has it, but for the font of another server, for which a browser would wait on a network
    that leads nowhere."""
    page = (Path(textual_serve.__file__).parent / "templates" / INDEX).read_text("utf-8")
    (folder / INDEX).write_text(re.sub(r"<link\b[^>]*https?://[^>]*>", "", page), "utf-8")
