"""Imports that people start in the admin: a file is checked by a worker, looked at, and stored by a worker."""

import logging
import shutil
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.background import enqueue
from common.locks import alone
from common.text import clean_line
from networks.rules import roles_of
from practices.imports.reading import UnreadableFileError, kind_of
from practices.imports.running import ImportReport, import_file
from practices.models import ImportJob

MAX_SIZE = 50 * 1024 * 1024
MAX_TEXT = 300
LOCKS = 7_301
"""Namespace of the advisory locks, one per job."""

COUNTS = ("total", "rows", "added", "changed", "unchanged", "failed", "broken_rows")
REPAIR = {ImportJob.Encoding.UNDECIDED: None, ImportJob.Encoding.REPAIR: True, ImportJob.Encoding.KEEP: False}
OTHER_KINDS = (
    b"PK\x03\x04",
    b"%PDF",
    b"\xd0\xcf\x11\xe0",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"MZ",
    b"\x1f\x8b",
    b"{",
)
"""How files begin that are called .csv but are something else."""

logger = logging.getLogger(__name__)


def may_import(user) -> bool:
    """Administrators, and coordinators: their files reach what they keep (`practices.imports.scope`)."""
    return roles_of(user).keeps_networks


def check_upload(upload) -> None:
    """Raise ValidationError unless ending, size and first bytes of an uploaded file fit one that can be imported."""
    try:
        kind = kind_of(upload.name)
    except UnreadableFileError as error:
        raise ValidationError(str(error), code="ending") from error
    if upload.size > MAX_SIZE:
        message = _("The file is larger than %(most)s MB. Divide it.") % {"most": MAX_SIZE // 1024 // 1024}
        raise ValidationError(message, code="size")
    upload.seek(0)
    start = upload.read(4096)
    upload.seek(0)
    is_as_named = {
        ".xlsx": start.startswith(b"PK\x03\x04"),
        ".json": start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["),
    }.get(kind, bool(start.strip()) and not start.startswith(OTHER_KINDS))
    if not is_as_named:
        raise ValidationError(_("The content of this file is not what its name says."), code="content")


@transaction.atomic
def start(*, actor, upload, language: str) -> ImportJob:
    """Take a file in and have it checked. Raises PermissionDenied, ValidationError."""
    if not may_import(actor):
        raise PermissionDenied
    check_upload(upload)
    name = clean_line(Path(upload.name).name)[-200:]
    job = ImportJob.objects.create(file=upload, name=name, uploaded_by=actor, language=language)
    _have_checked(job)
    return job


@transaction.atomic
def decide_encoding(job: ImportJob, choice: str, *, actor) -> None:
    """Have the file checked anew, with its broken texts stored as meant or as written."""
    job = _locked(job, actor)
    if job.state == ImportJob.State.CHECKED:
        job.encoding = ImportJob.Encoding(choice)
        job.save(update_fields=["encoding"])
        _have_checked(job)


@transaction.atomic
def store_checked(job: ImportJob, *, actor) -> None:
    """Have the good rows of a checked file stored; asking twice stores once."""
    job = _locked(job, actor)
    if job.state == ImportJob.State.CHECKED and job.to_store:
        _have_stored(job)


@transaction.atomic
def start_again(job: ImportJob, *, actor) -> None:
    """Hand an import to the workers once more, after it failed or when none of them took it up."""
    job = _locked(job, actor)
    if job.state == ImportJob.State.STORING or (job.state == ImportJob.State.FAILED and job.practice_ids):
        _have_stored(job)
    elif job.state in {ImportJob.State.WAITING, ImportJob.State.CHECKING, ImportJob.State.FAILED}:
        _have_checked(job)


def remove(job: ImportJob, *, actor) -> None:
    """Forget an import and its file; the practices it stored stay."""
    _authorise(job, actor)
    file = job.file
    job.delete()
    file.delete(save=False)


def _locked(job, actor):
    _authorise(job, actor)
    return ImportJob.objects.select_for_update().get(pk=job.pk)


def _authorise(job, actor):
    if not (may_import(actor) and ImportJob.objects.visible_to(actor).filter(pk=job.pk).exists()):
        raise PermissionDenied


def _have_checked(job):
    _set(job, state=ImportJob.State.WAITING, rows=0, failure="", progress_at=timezone.now())
    enqueue("practices.tasks.check_import", job.pk)


def _have_stored(job):
    _set(job, state=ImportJob.State.STORING, rows=0, failure="", progress_at=timezone.now())
    enqueue("practices.tasks.store_import", job.pk)


def _set(job, **values):
    ImportJob.objects.filter(pk=job.pk).update(**values)


# In the worker -----------------------------------------------------------------------------------


def run_check(job_id: int) -> None:
    """Check a waiting file and note what storing would do. Nothing happens when that has been done already."""
    states = [ImportJob.State.WAITING, ImportJob.State.CHECKING]
    _run(job_id, states, ImportJob.State.CHECKING, ImportJob.State.CHECKED, dry_run=True)


def run_store(job_id: int) -> None:
    """Store the good rows of a file. After a crash it may run again: what is stored is found unchanged."""
    states = [ImportJob.State.STORING]
    _run(job_id, states, ImportJob.State.STORING, ImportJob.State.DONE, dry_run=False)


NO_FILE = gettext_lazy("The file is no longer there.")
NO_PERMISSION = gettext_lazy("Whoever uploaded the file may not import practices.")
UNEXPECTED = gettext_lazy("An unexpected error stopped the import. The log of the worker says more.")


def _run(job_id, states, during, afterwards, *, dry_run):
    with alone(LOCKS, job_id) as is_alone:
        job = ImportJob.objects.filter(pk=job_id, state__in=states).select_related("uploaded_by").first()
        if not (is_alone and job):
            return
        _set(job, state=during, progress_at=timezone.now())
        with translation.override(job.language):
            try:
                report = _import(job, dry_run)
            except UnreadableFileError as error:
                _fail(job, str(error))
            except PermissionDenied:
                _fail(job, NO_PERMISSION)
            except FileNotFoundError:
                _fail(job, NO_FILE)
            except Exception:
                _fail(job, UNEXPECTED)
                raise
            else:
                _note(job, report)
                _set(job, state=afterwards, finished_at=timezone.now(), report=_as_json(report))


def _import(job, dry_run):
    # Without a person there is nobody whose permission could be asked; None would mean the system itself.
    if job.uploaded_by is None or not may_import(job.uploaded_by):
        raise PermissionDenied
    with _local_copy(job.file) as path:
        return import_file(
            path,
            actor=job.uploaded_by,
            repair_encoding=REPAIR[job.encoding],
            dry_run=dry_run,
            progress=partial(_note, job),
        )


def _fail(job, reason):
    _set(job, state=ImportJob.State.FAILED, failure=str(reason)[:500], finished_at=timezone.now())


def _note(job, report: ImportReport):
    """Save how far it is. What an interrupted run stored before counts as stored by this import."""
    counts = {name: getattr(report, name) for name in COUNTS}
    stored = list(dict.fromkeys([*job.practice_ids, *report.stored_ids]))
    _set(job, progress_at=timezone.now(), practice_ids=stored, **counts)


def _as_json(report):
    def safe(entry):
        return clean_line(entry)[:MAX_TEXT] if isinstance(entry, str) else entry

    tables = ("problems", "broken", "sample")
    return {
        "encoding": report.encoding,
        "unknown_columns": [safe(column) for column in report.unknown_columns],
        **{name: [[safe(part) for part in row] for row in getattr(report, name)] for name in tables},
    }


@contextmanager
def _local_copy(file):
    """The file on this machine's disk, wherever the storage keeps it."""
    with tempfile.NamedTemporaryFile(suffix=Path(file.name).suffix) as copy, file.open("rb") as stored:
        shutil.copyfileobj(stored, copy, 1024 * 1024)
        copy.flush()
        yield Path(copy.name)
