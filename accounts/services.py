"""Verbs about people."""

from django.contrib.sessions.models import Session
from django.utils import timezone


def end_sessions(user) -> None:
    """Sign a person out everywhere."""
    for session in Session.objects.filter(expire_date__gte=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
