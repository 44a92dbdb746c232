"""``drdeck metrics``: figures for monitoring in Prometheus' text format."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.settings import Settings
    from store.place import Place

OK, FAILED = 0, 1

EPILOG = """\
Printed once; no device is asked. --textfile replaces a file as a whole, for a collector of textfiles; --serve answers
http://127.0.0.1:PORT/metrics until it is ended, to this machine alone. drdeck scheduler does both by itself where
[metrics] of the configuration says so. What is not known has no sample; ages go on while no device answers.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``metrics``."""
    metrics = commands.add_parser(
        "metrics",
        help="figures for monitoring, in the format of Prometheus",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    way = metrics.add_mutually_exclusive_group()
    way.add_argument("--textfile", type=Path, metavar="PATH", help="write them to this file")
    way.add_argument("--serve", type=int, metavar="PORT", help="serve them on this port of 127.0.0.1")
    for name in ("--config", "--store"):
        metrics.add_argument(name, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=f"the {name[2:]} to use")


def run(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """Returns the exit code. Raises :class:`store.errors.StoreError`."""
    from app.metrics import outlets
    from app.metrics.gather import Metrics
    from app.sweep import never_read
    from store.database import open_store
    from store.ledger import Ledger

    store = open_store(store_path)
    ledger = Ledger(store_path)
    try:
        store.configure(never_read(device) for device in settings.devices)
        metrics = Metrics(settings, store, ledger)
        if arguments.serve is not None:
            return _serve(metrics.text, arguments.serve)
        if arguments.textfile is None:
            print(metrics.text(), end="")
            return OK
        try:
            outlets.write(arguments.textfile, metrics.text())
        except OSError as error:
            print(f"{arguments.textfile} cannot be written: {error.strerror}", file=sys.stderr)
            return FAILED
        return OK
    finally:
        ledger.close()
        store.close()


def _serve(text: Callable[[], str], port: int) -> int:
    import signal
    import threading

    from app.metrics.outlets import HOST, PATH, MetricsServer

    if not 0 <= port <= 65535:
        print(f"Expected a port from 0 to 65535 behind --serve, found {port}", file=sys.stderr)
        return FAILED
    try:
        server = MetricsServer(port, text)
    except OSError as error:
        print(f"Port {port} of {HOST} cannot be had: {error.strerror}", file=sys.stderr)
        return FAILED
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    server.begin()
    print(f"http://{HOST}:{server.server_port}{PATH}", flush=True)
    while not ended.wait(1.0):
        pass
    server.end()
    return OK
