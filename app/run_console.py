"""The console from its settings to its end."""

from __future__ import annotations

import gc
import os
import sys
from functools import partial

from app import looks
from app.console import FIRST_PANE, Console
from app.console_notifications import with_notifications
from app.files import Files
from app.lacking import lacking
from app.machinery import Machinery
from app.permits import Act, Permits
from app.settings_records import Settings
from store.errors import StoreError
from store.place import Place


def run_console(
    settings: Settings,
    store_path: Place,
    read_only: bool,
    flags: looks.Flags,
    *,
    cached: bool = False,
    pane: str = FIRST_PANE,
) -> int:
    """Run the console until it is left; returns the exit code: 0, 4 where the store cannot be used, or 128 and the
    number of the signal that ended it (a terminal that is gone counts as a hang-up). With ``cached`` no device is
    asked. A defect of the console itself is raised."""
    permits, machinery = Permits(settings), Machinery(settings, store_path)
    read_only = read_only or permits.lacking(Act.REMARK) is not None  # whoever only looks acts for nobody
    look = looks.choose(flags, settings, os.environ, sys.stdout.encoding or "")
    console = Console(
        machinery.open,
        machinery.sweep,
        machinery.sweep_now,
        partial(machinery.begin_runs, read_only=read_only, cached=cached),
        machinery.begin_checks if cached else with_notifications(machinery, lambda: console),
        machinery.begin_schedules,
        machinery.begin_auto,
        machinery.begin_room,
        sites=settings.sites,
        lab=settings.lab,
        twin=settings.twin,
        read_only=read_only,
        cached=cached,
        first_pane=pane,
        files=Files(settings.path.parent),
        look=look,
        rto_s=settings.rto_s,
        replicated=tuple(one.shown for one in settings.replications),
        lacks=lacking(permits),
        approvers=lambda run: permits.who_approves(run.plan),
    )
    try:
        console.run(mouse=look.mouse)
    finally:
        gc.enable()
        machinery.close()
    failure = console.failure
    if isinstance(failure, StoreError):
        print(f"{failure.message}\n{failure.hint}", file=sys.stderr)
    elif failure is not None:
        raise failure
    return console.return_code or 0
