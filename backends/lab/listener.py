"""A TCP port on loopback that can go away and come back: one thread per connection, TCP_NODELAY on each."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable


class Listener:
    """Accepts on 127.0.0.1 and hands each socket to ``serve(sock)`` on a thread of its own, which must close it. Its
    port stays its own while it is away, so that nobody else has it when it comes back."""

    def __init__(self, serve: Callable[[socket.socket], None], port: int = 0) -> None:
        self._serve = serve
        self.port = port
        self._socket: socket.socket | None = None
        self._kept: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Listen; the first time on a free port if none was given, later on the same one again."""
        with self._lock:
            if self._socket is not None:
                return
            self._release()
            listening = self._bound()
            listening.listen(256)
            self.port = listening.getsockname()[1]
            self._socket = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True, name=f"lab-{self.port}").start()

    def stop(self) -> None:
        """Refuse new connections and cut the open ones."""
        with self._lock:
            listening, self._socket = self._socket, None
            cut = list(self._open)
            if listening is not None:
                with contextlib.suppress(OSError):
                    listening.shutdown(socket.SHUT_RDWR)
                listening.close()
                self._kept = self._bound()
        for sock in cut:
            abort(sock)

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        with self._lock:
            self._release()

    def _bound(self) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", self.port))
        return bound

    def _release(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    @property
    def listening(self) -> bool:
        return self._socket is not None

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            held = sock.dup()  # TLS takes the socket over and leaves an empty one behind: this one can still cut it
            with self._lock:
                self._open.add(held)
            threading.Thread(target=self._run, args=(sock, held), daemon=True, name=f"lab-{self.port}-conn").start()

    def _run(self, sock: socket.socket, held: socket.socket) -> None:
        try:
            self._serve(sock)
        finally:
            with self._lock:
                self._open.discard(held)
            for one in (sock, held):
                with contextlib.suppress(OSError):
                    one.close()


def abort(sock: socket.socket) -> None:
    """Cut a connection at once: the peer sees a reset, not an end."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        sock.close()
