"""``drdeck api``: what the store holds, over HTTP, for readers with a token, on this machine alone."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from store.place import is_there

if TYPE_CHECKING:
    import socket

    from app.api.readers import Readers
    from app.settings import Settings
    from store.place import Place

OK, FAILED, USAGE = 0, 1, 2

EPILOG = """\
GET alone, on 127.0.0.1 alone; from another machine use ssh -L. Each reader of [[api.readers]] has a token, sent as
"Authorization: Bearer TOKEN". /openapi.json describes all of it:
  /health /sites /racks /infrastructure /devices /systems /arrays /lpars /groups /rcgs /replicas /plans /checks /runs
  /alerts /incidents /maintenance /capacity /cost /audit
  /live tells of every change as a server-sent event.
It asks no device: it answers from what a console or drdeck scheduler keeps in the store. SIGTERM or Ctrl-C ends it.
It needs the packages of the extra api (pip install 'drdeck[api]').
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add ``api``."""
    api = commands.add_parser(
        "api",
        help="answer readers with a token over HTTP, on this machine alone",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    api.add_argument("--port", type=_port, help="in place of that of [api]; 0: any that is free")
    return api


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, got {text!r}")


def run(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """Answer until a signal ends it; returns the exit code. Raises :class:`store.errors.StoreError` and
    :class:`app.secrets.SecretError`."""
    if settings.api is None or not settings.api.readers:
        print(f"Nobody may read: add [[api.readers]] with a token to {settings.path}", file=sys.stderr)
        return USAGE
    if not is_there(store_path):
        print(f"There is no store at {store_path} yet: begin drdeck first, which reads the devices.", file=sys.stderr)
        return FAILED
    try:
        from app.api.server import listening
    except ImportError:
        print("Install what answers over HTTP: pip install 'drdeck[api]'", file=sys.stderr)
        return FAILED
    from app.api.readers import Readers

    readers = Readers(settings.api.readers)
    port = settings.api.port if arguments.port is None else arguments.port
    try:
        on = listening(port)
    except OSError as error:
        print(f"Choose another --port: {port} cannot be had: {error.strerror}.", file=sys.stderr)
        return FAILED
    with on:
        _serve(settings, store_path, readers, on)
    return OK


def _serve(settings: Settings, store_path: Place, readers: Readers, on: socket.socket) -> None:
    from contextlib import closing
    from importlib.metadata import version

    from app.api.gathering import Gathering
    from app.api.live import Feed
    from app.api.room import Room
    from app.api.server import serve
    from app.api.service import HOST, service
    from app.sweep import never_read
    from store.database import open_store
    from store.ledger import Ledger

    feed = Feed()
    with closing(open_store(store_path)) as store, closing(Ledger(store_path)) as ledger:
        store.configure(never_read(device) for device in settings.devices)
        with closing(Room(settings, store, ledger)) as room:
            gathering = Gathering(settings, store, ledger, room, feed.change)
            gathering.start()
            made = service(gathering, ledger, feed, readers, version("drdeck"))
            try:
                serve(made, feed, on, lambda: print(f"At http://{HOST}:{on.getsockname()[1]}/", flush=True))
            finally:
                gathering.close()
