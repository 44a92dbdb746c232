"""A wire to a server that is cut after so many bytes: what had passed until then arrives, the rest never does."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

_CHUNK = 65_536


class CuttingProxy:
    """Passes bytes on to a port of loopback. ``port`` is its own."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._lock = threading.Lock()
        self._left: dict[bool, int] = {}
        self._open: list[socket.socket] = []
        self._dark = self._dark_then = False
        self.cuts = 0
        threading.Thread(target=self._serve, name="proxy", daemon=True).start()

    def cut_after(self, number: int, *, up: bool, dark: bool = False) -> None:
        """Cut every connection once so many more bytes have passed ``up`` to the server, or down from it; ``dark``:
        nobody is let in from then on."""
        with self._lock:
            self._left, self._dark_then = {up: number}, dark

    def dark(self, dark: bool) -> None:
        """Whether nobody is let in, and who is in is thrown out."""
        self._dark = dark
        if dark:
            self._cut()

    def close(self) -> None:
        self._listener.close()
        self._cut()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._dark:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._target))
            with self._lock:
                self._open += [near, far]
            for source, sink, up in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._pump, args=(source, sink, up), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                with self._lock:
                    left = self._left.get(up)
                    over = left is not None and left <= len(data)
                    if left is not None:
                        self._left = {} if over else {up: left - len(data)}
                sink.sendall(data[:left] if over else data)
                if over:
                    self._dark = self._dark_then
                    self.cuts += 1
                    self._cut()
                    return
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _cut(self) -> None:
        with self._lock:
            cut, self._open = self._open, []
        for each in cut:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@contextlib.contextmanager
def proxy(target: int) -> Iterator[CuttingProxy]:
    """A proxy that ends with the block."""
    made = CuttingProxy(target)
    try:
        yield made
    finally:
        made.close()
