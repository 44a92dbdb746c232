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


def expect(good: bool, words: str) -> None:
    if not good:
        raise ValueError(words)


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
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
        folder = "".join(archive.namelist()[:1]).partition("/")[0]
    words = "it is not the archive that its files make: something was altered or added"
    expect(archived(folder, files) == path.read_bytes(), f"{path.name}: {words}")
    return files


def check(files: dict[str, bytes], key: str | None = None) -> str:
    """What was proved, in words. Raises ValueError with the first thing that is wrong. ``key``: the fingerprint."""
    for name in (KEY, MANIFEST, JOURNAL, SIGNATURE):
        expect(name in files, f"{name}: it is missing")
    signature = bytes.fromhex(files[SIGNATURE].decode("ascii"))
    expect(f"{signature.hex()}\n".encode() == files[SIGNATURE], f"{SIGNATURE}: it is not hex digits and a line end")
    try:
        public = load_pem_public_key(files[KEY])
        if not isinstance(public, Ed25519PublicKey):
            raise ValueError(f"{KEY} holds a key of another kind")
        public.verify(signature, files[MANIFEST])
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        raise ValueError(f"{SIGNATURE}: it is not that of {MANIFEST} by the Ed25519 key in {KEY}") from None
    found = hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()
    expect(key is None or key.lower().replace(":", "") == found, f"{KEY}: its fingerprint is {found}, not yours")
    manifest = json.loads(files[MANIFEST])
    for name in sorted({*manifest["files"], *files} - {MANIFEST, SIGNATURE}):
        expect(name in files, f"{name}: it is missing")
        expect(name in manifest["files"], f"{name}: it is not in the manifest")
        same = hashlib.sha256(files[name]).hexdigest() == manifest["files"][name]
        expect(same, f"{name}: it was altered, its hash is not that of the manifest")
    return f"{chain(files[JOURNAL], manifest['journal'])}\nSigned with the key {found}"


def chain(lines: bytes, journal: dict[str, Any]) -> str:
    """Each entry's hash is made anew of the one before it and its own text. Raises ValueError."""
    seq, before = journal["first"] - 1, bytes.fromhex(journal["before"])
    for line in lines.decode().split("\n")[:-1]:
        entry, seq = json.loads(line), seq + 1
        before = hashlib.sha256(before + "\x1f".join(str(entry[name]) for name in ENTRY[:-1]).encode()).digest()
        good = list(entry) == ENTRY and entry["seq"] == seq and entry["hash"] == before.hex()
        expect(good, f"{JOURNAL}: entry {entry['seq']} does not follow from the one before")
    last, head = journal["last"], journal["head"]
    expect(last == {"seq": seq, "hash": before.hex()}, f"{JOURNAL}: it does not end with the entry of the manifest")
    if last == head:
        return f"The journal's chain is whole up to its head, entry {seq}, {before.hex()}."
    return f"The chain is whole up to entry {seq}. NOT IN HERE: the journal from there to its head, {head}."


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("path", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    words.add_argument("--key", metavar="HEX", help="the fingerprint of the signer, which you know from elsewhere")
    given = words.parse_args()
    try:
        proved = check(read(given.path), given.key)
    except Exception as error:
        sys.exit(f"WRONG: {error or type(error).__name__}")
    print(f"Unaltered: every file, the signature and every hash. {proved}")
    if given.key is None:
        print("ATTENTION: that key came with the report. Nothing was altered since it was signed; this does NOT prove")
        print("WHO signed it. Learn the fingerprint from the signer by another way, and give it with --key.")
