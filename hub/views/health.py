"""Whether this process answers, and whether the hub can do its work."""

from datetime import timedelta

from django.db import DatabaseError, connection
from django.db.models import Count, Min, Q
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from common.models import Heartbeat, MailTrouble, OutboxMail
from hub.celery import app as celery_app

BEAT_MAY_BE_SILENT = timedelta(minutes=3)
MAIL_MAY_WAIT = timedelta(minutes=10)
"""Until it is tried for the first time."""


@never_cache
@require_safe
def healthz(request):
    """This process answers."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(request):
    """What the hub needs to do its work: 200 when all of it is there, else 503 with what is missing."""
    checks = {"database": _database(), "broker": _broker(), "beat": _beat(), "mail": _mail()}
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
    """Whether mail leaves. One that its own recipient's server puts off is no sign of ours; nothing tried is."""
    now = timezone.now()
    due = Q(not_before__lte=now)
    try:
        unsent = OutboxMail.objects.unsent().aggregate(
            count=Count("pk", due),
            oldest=Min("not_before", filter=due),
            oldest_untried=Min("not_before", filter=due & Q(attempts=0)),
        )
        uncertain = OutboxMail.objects.filter(state=OutboxMail.State.UNCERTAIN).count()
        trouble = MailTrouble.objects.first() if unsent["count"] else None
    except DatabaseError as error:
        return {"ok": False, "reason": type(error).__name__}
    is_tried = unsent["oldest_untried"] is None or now - unsent["oldest_untried"] < MAIL_MAY_WAIT
    age = round((now - unsent["oldest"]).total_seconds()) if unsent["oldest"] else 0
    check = {"ok": is_tried and not trouble, "unsent": unsent["count"], "oldest_seconds": age, "uncertain": uncertain}
    return check | ({"reason": trouble.reason} if trouble else {})
