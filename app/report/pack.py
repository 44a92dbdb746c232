"""The evidence of a run: its files, the signature over all of them, and where they are written.

The same journal, key and program make the same bytes each time."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from app.audit_export import json_lines
from app.report import verify
from app.report.facts import facts
from app.report.facts_json import as_json
from app.report.key import KeyFileError, Signer, signer
from app.report.markdown import report
from app.report.page import page
from app.report.replay import ReplayError
from store import journal
from store.errors import StoreError
from store.place import Place
from store.segment import Segment, segment
from store.twin import twin_of

_PLAIN = re.compile(r"[^A-Za-z0-9.-]")


class ReportError(Exception):
    """No report was written; the text says why and what to do."""


class Written(Struct, frozen=True):
    """Where a report is, and by which key it is signed; ``key_made``: that is new."""

    folder: Path
    archive: Path
    fingerprint: str
    key_made: bool


def write(store: Place, run_id: str, to: Path, rto_s: float | None = None) -> Written:
    """Write the report of a run of the store at ``store`` into a new folder under ``to``, and the archive of it beside
    that. ``rto_s`` is what a recovery may take, in seconds. Raises :class:`ReportError`."""
    found = _segment(store, run_id)
    try:
        key = signer(store)
        files = signed(found, key, rto_s, twin_of(store))
    except (KeyFileError, ReplayError, StoreError) as error:
        raise ReportError(f"No report was written: {error}") from error
    name = f"drdeck-report-{_PLAIN.sub('_', run_id)}-{found.head_seq}"
    folder, archive = to / name, to / f"{name}.zip"
    try:
        _keep(folder, archive, files)
    except OSError as error:
        raise ReportError(f"No report was written: {error.filename or to}: {error.strerror}") from error
    return Written(folder, archive, key.fingerprint, key.made)


def _segment(store: Place, run_id: str) -> Segment:
    """Nothing is signed that does not follow from the journal's first entry."""
    try:
        found = journal.verify(store)
        if found.broken is not None:
            raise ReportError(
                f"No report was written: the journal is broken at entry {found.broken}: {found.why}. Keep the store as "
                "it is; drdeck audit verify says the same"
            )
        told = segment(store, run_id)
    except StoreError as error:
        raise ReportError(f"No report was written: {error}") from error
    if told is None:
        raise ReportError(f"There is no run {run_id}: drdeck runs list shows them all")
    return told


def signed(found: Segment, key: Signer, rto_s: float | None = None, twin: datetime | None = None) -> dict[str, bytes]:
    """All files of the report by their names. Raises :class:`app.report.replay.ReplayError`."""
    told = facts(found, _product(), rto_s, twin)
    files = {
        "facts.json": as_json(told).encode(),
        "report.html": page(told).encode(),
        "report.md": report(told).encode(),
        "verify.py": Path(verify.__file__).read_bytes(),
        verify.JOURNAL: "".join(json_lines(found.links)).encode(),
        verify.KEY: key.public,
    }
    files[verify.MANIFEST] = _manifest(found, files).encode()
    files[verify.SIGNATURE] = f"{key.sign(files[verify.MANIFEST]).hex()}\n".encode()
    verify.check(files, key.fingerprint)
    return files


def _product() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"drdeck {version('drdeck')}"
    except PackageNotFoundError:
        return "drdeck"


def _manifest(found: Segment, files: Mapping[str, bytes]) -> str:
    last = found.links[-1]
    content = {
        "schema_version": 1,
        "run": found.run,
        "journal": {
            "first": found.links[0].seq,
            "before": found.before.hex(),
            "last": {"seq": last.seq, "hash": last.hash.hex()},
            "head": {"seq": found.head_seq, "hash": found.head.hex()},
        },
        "files": {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)},
    }
    return json.dumps(content, indent=2) + "\n"


def _keep(folder: Path, archive: Path, files: Mapping[str, bytes]) -> None:
    """Write both, for the owner alone: neither is there before it is whole. Raises OSError."""
    for path in (folder, archive):
        if path.exists():
            raise FileExistsError(17, "it is there already: nothing happened since it was written", str(path))
    half = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in {**files, archive.name: verify.archived(folder.name, dict(files))}.items():
            with os.fdopen(os.open(half / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(content)
        (half / archive.name).replace(archive)
        half.rename(folder)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise
