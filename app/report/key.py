"""The key that reports are signed with: Ed25519, in a file beside the store that only its owner may read."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from store.place import Place, beside

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NAME = "report-key.pem"
_LONGEST = 4096  # bytes: a key of this kind has 119


class KeyFileError(Exception):
    """The key cannot be used. The text says which file and what to do; nothing of the key is in it."""


class Signer(Struct, frozen=True):
    """What signs. ``public`` is the public key as PEM, ``fingerprint`` the SHA-256 of its 32 bytes as hex; ``made``:
    there was none, and this one is new. The private key is shown nowhere, not by ``repr`` either."""

    path: Path
    public: bytes
    fingerprint: str
    made: bool
    _private: Ed25519PrivateKey

    def sign(self, content: bytes) -> bytes:
        """64 bytes, the same each time."""
        return self._private.sign(content)

    def __repr__(self) -> str:
        return f"Signer({self.fingerprint})"


def key_file(store: Place) -> Path:
    """Where the key of a store is."""
    return beside(store).with_name(NAME)


def signer(store: Place) -> Signer:
    """The key of the store at ``store``; it is made where there is none. Raises :class:`KeyFileError`."""
    path = key_file(store)
    try:
        made = _make(path)
        return _read(path, made)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from None


def _make(path: Path) -> bool:
    """Make a new key, whole or not at all, unless there is one; says whether it did."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    if path.exists():
        return False
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    content = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    half = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another console made one meanwhile: that one it is
            os.link(half, path)
            return True
        return False
    finally:
        half.unlink(missing_ok=True)


def _read(path: Path, made: bool) -> Signer:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
            raise KeyFileError(f"{path}: expected a file that only its owner, you, may read: chmod 600 {path}")
        content = file.read(_LONGEST)
    try:
        private = load_pem_private_key(content, password=None)
    except (ValueError, TypeError):
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileError(f"{path}: it holds no Ed25519 private key as PEM without a password") from None
    public = private.public_key()
    fingerprint = hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return Signer(path, pem, fingerprint, made, private)
