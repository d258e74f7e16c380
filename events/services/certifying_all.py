"""Certificates for everybody at once, set by a worker: asked for, taken up again after a crash, and told how far it is.

Whom a certificate is still due is asked of the records each time; the run keeps only what they cannot tell.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common.background import enqueue
from common.locks import alone
from events.models import Certificate, CertificateRun, Event
from events.rules import runs
from events.services.attending import OVER, settle_attendance
from events.services.certifying import issue, lacking

TASK = "events.tasks.issue_certificates"
SECONDS = 45
"""So long one task works before it lets others have the worker."""

SILENT = timedelta(minutes=2)
"""Without progress for so long, the worker is taken to have died."""

MOST_ATTEMPTS = 5
"""What kills its worker again and again is not tried for ever."""

LOCKS = 7_302
"""Namespace of the advisory locks, one per event."""

Failure = CertificateRun.Failure
logger = logging.getLogger(__name__)


@transaction.atomic
def ask_for_all(event: Event, *, actor) -> CertificateRun:
    """Have a worker issue what is lacking. Asking again while it works changes nothing.

    Raises PermissionDenied, and ValidationError before the event was held.
    """
    if not runs(actor, event):
        raise PermissionDenied
    if event.status not in OVER:
        raise ValidationError(_("The event was not held yet."), code="not-held")
    CertificateRun.objects.get_or_create(event=event, defaults={"finished_at": timezone.now()})
    run = CertificateRun.objects.select_for_update().get(event=event)
    if not run.is_under_way:
        now = timezone.now()
        run = CertificateRun(event=event, asked_by=actor, asked_at=now, progress_at=now)
        run.save(force_update=True)
    enqueue(TASK, event.pk)
    return run


def resume_silent(now=None) -> int:
    """Hand to the workers what none of them works on any more, such as after a kill; returns how many runs."""
    now = now or timezone.now()
    silent = CertificateRun.objects.filter(finished_at=None, progress_at__lt=now - SILENT)
    found = list(silent.values_list("pk", flat=True))
    CertificateRun.objects.filter(pk__in=found).update(progress_at=now)
    for pk in found:
        enqueue(TASK, pk)
    return len(found)


def work_on(event_id: int, *, printed: Callable[[Certificate], bytes], seconds=SECONDS) -> int:
    """Issue what is lacking for some time, then leave the rest to the next task; returns how many were issued.

    Each has a transaction of its own: what is issued stays issued whatever happens. Nothing happens while another
    worker has the same event in hand, or where nobody asked.
    """
    with alone(LOCKS, event_id) as is_alone:
        run = CertificateRun.objects.filter(pk=event_id, finished_at=None).select_related("event", "asked_by").first()
        if not (is_alone and run):
            return 0
        if run.attempts >= MOST_ATTEMPTS:
            return _finish(run, Failure.UNEXPECTED)
        _note(run, attempts=run.attempts + 1)
        try:
            count, is_done = _work(run, printed, time.monotonic() + seconds)
        except PermissionDenied:
            return _finish(run, Failure.PERMISSION)
        except ValidationError:
            return _finish(run, Failure.NOT_HELD)
    if is_done:
        _finish(run)
    else:
        enqueue(TASK, event_id)
    return count


def _work(run, printed, until):
    """(issued now, whether nothing is left)."""
    if not runs(run.asked_by, run.event):
        raise PermissionDenied
    settle_attendance(run.event, actor=run.asked_by)
    waiting = [pk for pk in lacking(run.event) if pk not in run.refused_ids]
    _note(run, total=issued_by(run) + len(run.refused_ids) + len(waiting))
    count = 0
    for pk in waiting:
        if count and time.monotonic() > until:
            return count, False
        count += _issue(run, pk, printed)
        _note(run, refused_ids=run.refused_ids, attempts=0)
    return count, True


def _issue(run, pk, printed):
    """Whether there is a certificate now. One that cannot be made does not keep the others from theirs."""
    registration = run.event.registrations.filter(pk=pk).first()
    try:
        if registration:
            issue(registration, actor=run.asked_by, printed=printed)
    except (PermissionDenied, DatabaseError):
        raise
    except ValidationError:
        return False  # No more entitled since the list was made.
    except Exception:
        logger.exception("The certificate of registration %s could not be made", pk)
        run.refused_ids.append(pk)
        return False
    return registration is not None


def issued_by(run: CertificateRun) -> int:
    """How many certificates of the event there are since somebody asked for all."""
    return Certificate.objects.filter(registration__event=run.pk, issued_at__gte=run.asked_at).count()


def _note(run, **values):
    CertificateRun.objects.filter(pk=run.pk).update(progress_at=timezone.now(), **values)


def _finish(run, failure=""):
    CertificateRun.objects.filter(pk=run.pk).update(finished_at=timezone.now(), failure=failure)
    return 0
