"""``drdeck wall``: the estate and what runs, large, for a room; in the terminal, or in a browser on this machine."""

from __future__ import annotations

import argparse
import gc
import os
import shlex
import sys
from typing import TYPE_CHECKING

from store.place import Place, Server, is_there

if TYPE_CHECKING:
    from app.looks import Flags
    from app.settings_records import Settings

OK, FAILED = 0, 1
PORT = 8373

EPILOG = """\
The wall changes nothing and asks no device: it shows what a console keeps in the store, and says so where none does.
Its pages turn by themselves; a run that begins comes to the front. Space holds the page, the arrows turn it, q leaves.

--serve shows it in a browser too, at http://127.0.0.1:PORT, for as long as the command runs. It needs the package
textual-serve (pip install 'drdeck[wall]'), and it listens on this machine alone: from another one use ssh -L.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add ``wall``."""
    wall = commands.add_parser(
        "wall",
        help="a read-only screen for a room: sites, worst RPO, running runs, alerts, what is due",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    wall.add_argument("--serve", action="store_true", help="show it in a browser on this machine")
    wall.add_argument("--port", type=_port, default=PORT, help=f"of --serve (default: {PORT})")
    return wall


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a port from 1 to 65535, got {text!r}")


def served() -> bool:
    """Whether this process draws for a browser, and no terminal is needed."""
    return bool(os.environ.get("TEXTUAL_DRIVER"))


def _there(store_path: Place) -> bool:
    """Whether there is a store to show; says what to do where there is none."""
    if not is_there(store_path):
        print(f"There is no store at {store_path} yet: begin drdeck first, which reads the devices.", file=sys.stderr)
    return is_there(store_path)


def run(settings: Settings, store_path: Place, flags: Flags) -> int:
    """Show the wall until it is left; returns the exit code. A defect of the wall itself is raised."""
    from app import looks
    from app.machinery import Machinery
    from app.wall import Wall
    from store.errors import StoreError

    if not _there(store_path):
        return FAILED
    machinery = Machinery(settings, store_path)
    look = looks.choose(flags, settings, os.environ, "utf-8" if served() else sys.stdout.encoding or "")
    wall = Wall(settings, machinery, look)
    try:
        wall.run(mouse=look.mouse)
    finally:
        gc.enable()
        machinery.close()
    failure = wall.failure
    if isinstance(failure, StoreError):
        print(f"{failure.message}\n{failure.hint}", file=sys.stderr)
    elif failure is not None:
        raise failure
    return wall.return_code or OK


def serve(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """Serve the wall to browsers on this machine until Ctrl-C; returns the exit code."""
    try:
        from app.wall_server import HOST
        from app.wall_server import serve as serve_wall
    except ImportError:
        print("Install what shows the wall in a browser: pip install 'drdeck[wall]'", file=sys.stderr)
        return FAILED
    if not _there(store_path):
        return FAILED
    command = [sys.executable, "-m", "app", "--config", str(settings.path)]
    if not isinstance(store_path, Server):  # a server is only ever that of the configuration
        command += ["--store", str(store_path)]
    command += ["wall"]
    command += ["--theme", arguments.theme] if getattr(arguments, "theme", None) else []
    command += ["--drill"] if getattr(arguments, "drill", False) else []

    def ready() -> None:
        print(f"The wall is at http://{HOST}:{arguments.port}. Ctrl-C ends it.", flush=True)

    try:
        serve_wall(shlex.join(command), arguments.port, ready)
    except OSError as error:
        print(f"Choose another --port: {arguments.port} cannot be had: {error.strerror}.", file=sys.stderr)
        return FAILED
    return OK
