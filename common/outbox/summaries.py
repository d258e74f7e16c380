"""One mail a day, at seven in the morning where the person lives, of what was queued since the one before.

A mail that waits for a summary is in none or in one, and a person has one summary per local day; both are in the
outbox itself. So a run that comes late, twice or not at all repeats nothing and misses nothing.
"""

import logging
from datetime import datetime, time
from itertools import groupby
from operator import attrgetter

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from common.models import OutboxMail
from common.outbox import preferences
from common.outbox.kinds import DAILY_SUMMARY, label_of
from common.outbox.services import full_key_of, queue_mail

HOUR = time(7)

logger = logging.getLogger(__name__)


def send_daily_summaries() -> int:
    """Queue the summaries that are due; how many."""
    now = timezone.now()
    waiting = OutboxMail.objects.waiting_for_summary(now).values_list("person").annotate(oldest=Min("not_before"))
    oldest = dict(waiting.order_by())
    queued = 0
    for person in get_user_model()._default_manager.filter(pk__in=oldest).iterator():
        until = seven_o_clock(now, preferences.zone_of(person))
        if now < until or oldest[person.pk] > until:
            continue
        try:
            queued += summarise(person, until) is not None
        except Exception:
            # One person's summary must not keep the others from theirs.
            logger.exception("The daily summary of person %s failed", person.pk)
    return queued


def seven_o_clock(now: datetime, zone) -> datetime:
    """Seven in the morning of the present local day, as a moment."""
    return datetime.combine(now.astimezone(zone).date(), HOUR, tzinfo=zone)


@transaction.atomic
def summarise(person, until: datetime) -> OutboxMail | None:
    """Put what waits for the person since before `until` into the summary of that day; None where nothing does."""
    people = get_user_model()._default_manager.select_for_update(no_key=True)
    person = people.filter(pk=person.pk).first()
    if person is None:
        return None
    address, key = getattr(person, person.get_email_field_name()), until.date().isoformat()
    full_key = full_key_of(DAILY_SUMMARY.code, key, to=address, person=person)
    if OutboxMail.objects.filter(key=full_key).exists():
        return None
    waiting = OutboxMail.objects.waiting_for_summary(until).filter(person=person).select_for_update()
    mails = list(waiting.order_by("digest_group", "not_before", "pk"))
    unwanted = [mail.pk for mail in mails if not _is_wanted(person, mail)]
    OutboxMail.objects.filter(pk__in=unwanted).update(state=OutboxMail.State.CANCELLED)
    mails = [mail for mail in mails if mail.pk not in unwanted]
    if not mails:
        return None
    groups = [
        {"label": label_of(group), "mails": [{"subject": mail.subject, "url": mail.link} for mail in group_mails]}
        for group, group_mails in groupby(mails, attrgetter("digest_group"))
    ]
    language = getattr(person, "language", "") or mails[-1].language
    summary = queue_mail(
        DAILY_SUMMARY.code,
        to=address,
        name=getattr(person, "name", ""),
        person=person,
        language=language,
        key=key,
        context={"day": until.date(), "count": len(mails), "groups": groups},
    )
    OutboxMail.objects.filter(pk__in=[mail.pk for mail in mails]).update(
        state=OutboxMail.State.SUMMARISED, summary=summary
    )
    return summary


def _is_wanted(person, mail):
    return person.is_active and preferences.preference_of(person, mail.kind) != preferences.NONE
