"""Whether this process answers, and whether the hub can do its work."""

from datetime import timedelta

from django.db import DatabaseError, connection
from django.db.models import Min
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from common.models import Heartbeat, OutboxMail
from hub.celery import app as celery_app
from newsletters.services.watching import flow

BEAT_MAY_BE_SILENT = timedelta(minutes=3)
MAIL_MAY_WAIT = timedelta(minutes=30)


@never_cache
@require_safe
def healthz(request):
    """This process answers."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(request):
    """What the hub needs to do its work: 200 when all of it is there, else 503 with what is missing."""
    checks = {"database": _database(), "broker": _broker(), "beat": _beat(), "mail": _mail(), "bulk": _bulk()}
    ready = all(check["ok"] for check in checks.values())
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


def _database():
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return {"ok": False, "reason": type(error).__name__}
    return {"ok": True}


def _broker():
    try:
        with celery_app.connection_for_read() as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
            waiting = broker.default_channel.client.llen("celery")
    except (OperationalError, RedisError, OSError) as error:
        return {"ok": False, "reason": type(error).__name__}
    return {"ok": True, "waiting": waiting}


def _beat():
    try:
        beat = Heartbeat.objects.filter(name="beat").first()
    except DatabaseError as error:
        return {"ok": False, "reason": type(error).__name__}
    if beat is None:
        return {"ok": False, "reason": "never seen"}
    silent = timezone.now() - beat.seen_at
    return {"ok": silent < BEAT_MAY_BE_SILENT, "seconds_ago": round(silent.total_seconds())}


def _mail():
    """How long the oldest mail that is due has waited, and how many wait for a person's decision."""
    now = timezone.now()
    try:
        oldest = OutboxMail.objects.filter(
            state__in=[OutboxMail.State.WAITING, OutboxMail.State.LEASED], not_before__lte=now
        ).aggregate(oldest=Min("not_before"))["oldest"]
        uncertain = OutboxMail.objects.filter(state=OutboxMail.State.UNCERTAIN).count()
    except DatabaseError as error:
        return {"ok": False, "reason": type(error).__name__}
    waited = now - oldest if oldest else timedelta()
    return {"ok": waited < MAIL_MAY_WAIT, "oldest_seconds": round(waited.total_seconds()), "uncertain": uncertain}


def _bulk():
    """Whether newsletters and digests go out."""
    try:
        found = flow()
    except DatabaseError as error:
        return {"ok": False, "reason": type(error).__name__}
    return {
        "ok": found.is_well,
        "due": found.due,
        "silent_seconds": round(found.silent_seconds),
        "uncertain": found.uncertain,
        "paused": found.paused,
    }
