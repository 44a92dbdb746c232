"""Verify a drdeck report offline (needs the package cryptography): python3 verify.py [FOLDER or ARCHIVE] [--key HEX]"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

KEY, MANIFEST, JOURNAL, SIGNATURE = "public-key.pem", "manifest.json", "journal.jsonl", "signature"
ENTRY = ["seq", "at", "run", "kind", "body", "hash"]


def archived(folder: str, files: dict[str, bytes]) -> bytes:
    """The one archive that these files make: nothing in it is left to chance."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(f"{folder}/{name}", (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o100600 << 16
            archive.writestr(info, files[name])
    return out.getvalue()


def read(path: Path) -> dict[str, bytes]:
    """The files of a folder or an archive."""
    if path.is_dir():
        return {each.relative_to(path).as_posix(): each.read_bytes() for each in path.rglob("*") if not each.is_dir()}
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        files = {name.partition("/")[2]: archive.read(name) for name in names}
    if archived(names[0].partition("/")[0] if names else "", files) != path.read_bytes():
        raise ValueError(f"{path.name}: it is not the archive that its files make: something was altered or added")
    return files


def public_key(pem: bytes) -> Ed25519PublicKey:
    """Raises ValueError."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"{KEY}: it is no Ed25519 key") from None
    return key


def fingerprint(pem: bytes) -> str:
    """SHA-256 of the key itself, as hex."""
    return hashlib.sha256(public_key(pem).public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()


def check(files: dict[str, bytes], key: str | None = None) -> str:
    """What was proved, in words. Raises ValueError with the first thing that is wrong."""
    for name in (KEY, MANIFEST, JOURNAL, SIGNATURE):
        if name not in files:
            raise ValueError(f"{name}: it is missing")
    found, signature = fingerprint(files[KEY]), bytes.fromhex(files[SIGNATURE].decode("ascii"))
    if key is not None and key.lower().replace(":", "") != found:
        raise ValueError(f"{KEY}: its fingerprint is {found}, not the given one")
    try:
        public_key(files[KEY]).verify(signature, files[MANIFEST])
    except InvalidSignature:
        raise ValueError(f"{SIGNATURE}: it is not that of {MANIFEST} by the key {found}") from None
    if f"{signature.hex()}\n".encode() != files[SIGNATURE]:
        raise ValueError(f"{SIGNATURE}: it is not 128 hex digits and a line end")
    manifest = json.loads(files[MANIFEST])
    for name in sorted({*manifest["files"], *files} - {MANIFEST, SIGNATURE}):
        if name not in files or name not in manifest["files"]:
            raise ValueError(f"{name}: it is {'missing' if name not in files else 'not in the manifest'}")
        if hashlib.sha256(files[name]).hexdigest() != manifest["files"][name]:
            raise ValueError(f"{name}: it was altered, its hash is not that of the manifest")
    return chain(files[JOURNAL], manifest["journal"])


def chain(lines: bytes, journal: dict[str, Any]) -> str:
    """Each entry's hash is made anew of the one before it and its own text. Raises ValueError."""
    seq, before = journal["first"] - 1, bytes.fromhex(journal["before"])
    for line in lines.decode().split("\n")[:-1]:
        entry, seq = json.loads(line), seq + 1
        before = hashlib.sha256(before + "\x1f".join(str(entry[name]) for name in ENTRY[:-1]).encode()).digest()
        if list(entry) != ENTRY or entry["seq"] != seq or entry["hash"] != before.hex():
            raise ValueError(f"{JOURNAL}: entry {entry['seq']} does not follow from the one before")
    if journal["last"] != {"seq": seq, "hash": before.hex()}:
        raise ValueError(f"{JOURNAL}: it does not end with the entry that the manifest names")
    if journal["last"] == journal["head"]:
        return f"The journal's chain is whole up to its head, entry {seq}, {before.hex()}."
    return f"The chain is whole up to entry {seq}. NOT IN HERE: the journal from there to its head, {journal['head']}."


def main() -> int:
    """Exit code: 0 all is well, 1 something is wrong (the first such thing is printed), 2 wrong usage."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("path", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    words.add_argument("--key", metavar="HEX", help="the fingerprint of the signer, which you know from elsewhere")
    given = words.parse_args()
    try:
        files = read(given.path)
        proved = check(files, given.key)
    except Exception as error:
        print(f"WRONG: {error or type(error).__name__}", file=sys.stderr)
        return 1
    print(f"Unaltered: {len(files)} files, the signature and every hash. {proved}")
    print(f"Signed with the key {fingerprint(files[KEY])}")
    if given.key is None:
        print("ATTENTION: that key came with the report. Nothing was altered since it was signed; this does NOT prove")
        print("WHO signed it. Learn the fingerprint from the signer by another way, and give it with --key.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
