"""Bringing an installation up to date, at every start: tables, files, and the rows that Tenure ships with.

Each step is safe to repeat and does nothing when nothing is to do.
"""

import hashlib
import shutil
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection

from crm import restored, schedules
from crm.lib import clock
from crm.models import Installation
from customers import catalogue, scorecards
from playbooks import versions


def bring_up_to_date(say: Callable[[str], None]) -> None:
    migrate(say)
    if restored.log_is_ahead():
        say("The database comes from a dump: the fact log begins anew")
        restored.begin_log_anew()
    collect_files(say)
    bootstrap(at=clock.now())


def migrate(say: Callable[[str], None]) -> None:
    if not connection.introspection.table_names():
        say("Making the tables (some seconds, once)")
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)


def bootstrap(*, at: datetime) -> None:
    """The row of the installation, the schedule, and what the apps ship with."""
    Installation.load()
    Installation.objects.filter(pk=1, installed_at=None).update(installed_at=at)
    schedules.install(at=at)
    catalogue.install()
    scorecards.install_default(at=at)
    versions.install_library(at=at)


def collect_files(say: Callable[[str], None]) -> None:
    """Collect the static files when one of them has changed since the last time."""
    mark = settings.STATIC_ROOT.with_name(f"{settings.STATIC_ROOT.name}.mark")
    wanted = fingerprint()
    if mark.exists() and mark.read_text() == wanted and settings.STATIC_ROOT.exists():
        return
    say("Collecting static files (some seconds, once)")
    shutil.rmtree(settings.STATIC_ROOT, ignore_errors=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    mark.write_text(wanted)


def fingerprint() -> str:
    """Changes when any static file is added, removed or written."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            digest.update(f"{path} {storage.size(path)} {storage.get_modified_time(path).timestamp()}\n".encode())
    return digest.hexdigest()
