"""Where metrics go: a file for a collector of textfiles, replaced as a whole, and ``/metrics`` on loopback."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from app.metrics.exposition import CONTENT_TYPE
from store.errors import StoreError

HOST, PATH = "127.0.0.1", "/metrics"
EVERY_S = 60.0


def write(path: Path, text: str) -> None:
    """Put the text into the file at once, readable for the collector, which is another user. Raises OSError."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        half.replace(path)
    except OSError:
        half.unlink(missing_ok=True)
        raise


class _Handler(BaseHTTPRequestHandler):
    """Answers GET /metrics to whoever asks for it by the server's own name: pages in a browser here cannot."""

    server: MetricsServer
    timeout = 10.0

    def do_GET(self) -> None:
        if self.headers.get("Host") not in self.server.names:
            self._say(403, "drdeck answers only on its own address\n")
        elif self.path != PATH:
            self._say(404, f"there is only {PATH}\n")
        else:
            try:
                self._say(200, self.server.text(), CONTENT_TYPE)
            except StoreError as error:
                self._say(503, f"{error.message}\n")

    def _say(self, status: int, text: str, kind: str = "text/plain; charset=utf-8") -> None:
        content = text.encode("utf-8")
        with suppress(ConnectionError, TimeoutError):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def version_string(self) -> str:
        return "drdeck"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a scrape every few seconds is no news."""


class MetricsServer(ThreadingHTTPServer):
    """On ``port`` of loopback, 0: any that is free. Raises OSError where it cannot be had."""

    daemon_threads = True

    def __init__(self, port: int, text: Callable[[], str]) -> None:
        super().__init__((HOST, port), _Handler)
        self.text = text
        self.names = {f"{HOST}:{self.server_port}", f"localhost:{self.server_port}"}
        self._thread = threading.Thread(target=self.serve_forever, name="metrics", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Never raises."""
        with suppress(Exception):
            self.shutdown()
            self.server_close()


class Outlets:
    """Both of them, from :meth:`start` to :meth:`stop`. ``trouble`` is told once of each thing that goes wrong."""

    def __init__(
        self, text: Callable[[], str], textfile: Path | None, port: int | None, trouble: Callable[[str], object]
    ) -> None:
        self._text = text
        self._textfile = textfile
        self._port = port
        self._trouble = trouble
        self._server: MetricsServer | None = None
        self._stopped = threading.Event()
        self._writer = threading.Thread(target=self._write, name="write the metrics", daemon=True)
        self._told: set[str] = set()

    def start(self) -> None:
        if self._port is not None:
            try:
                self._server = MetricsServer(self._port, self._text)
                self._server.begin()
            except OSError as error:
                self._trouble(f"no metrics on port {self._port}: {error.strerror}")
        if self._textfile is not None:
            self._writer.start()

    def stop(self) -> None:
        """Never raises."""
        self._stopped.set()
        if self._server is not None:
            self._server.end()
        if self._writer.is_alive():
            self._writer.join(EVERY_S / 10)

    def _write(self) -> None:
        while self._textfile is not None and not self._stopped.is_set():
            try:
                write(self._textfile, self._text())
                self._told.clear()
            except StoreError as error:
                self._say(f"no metrics are written: {error.message}")
            except OSError as error:
                self._say(f"no metrics are written to {self._textfile}: {error.strerror}")
            except Exception as error:  # its text may hold anything
                self._say(f"no metrics are written: a defect, {type(error).__name__}")
            self._stopped.wait(EVERY_S)

    def _say(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._trouble(text)
