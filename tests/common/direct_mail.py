"""The control of the outbox's test: the same mail, sent by the process that committed, without an outbox."""

from celery import shared_task
from django.core.mail import send_mail
from django.db import transaction


# Acknowledged at once: as with a request, nobody does it again.
@shared_task(acks_late=False)
def commit_and_send_directly(recipient):
    with transaction.atomic():
        transaction.on_commit(lambda: send_mail("Hello", "Hello", "hub@example.org", [recipient]))
