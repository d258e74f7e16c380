"""Taking people out of what events hold: at their own wish, and by the clock. Counts, seats and states stay.

`erase` is one person's wish and leaves no word of it. `forget_participants` runs every night and keeps, besides counts, what
they are made of (city, country and type of organisation) and what a certificate needs to be checked by others: its
name, hours, number and the hash of the file, until it is revoked.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import CharField, Exists, F, Func, OuterRef, Q, Value
from django.db.models.functions import Cast, Coalesce, Concat, Lower
from django.utils import timezone

from common.models import OutboxMail
from events.models import (
    Certificate,
    Event,
    GroupWish,
    Nomination,
    NoteLink,
    PersonalCalendar,
    PollResponse,
    Registration,
    RegistrationConsent,
    RegistrationStep,
)
from events.personal_data import NAMED, PERSONAL, Holding, of_account
from events.services.certifying import stored_name
from events.services.registering import forget_needs, withdraw

logger = logging.getLogger(__name__)

BATCH = 500
"""People forgotten in one transaction."""

ERASED_DOMAIN = "@erased.invalid"
Sent = OutboxMail.State
STAYS_AS_IT_IS = (Sent.ACCEPTED, Sent.SUMMARISED, Sent.CANCELLED)
"""States of mails that nobody sends any more."""


def erase_account(user) -> None:
    erase(of_account(user))


@transaction.atomic
def erase(holding: Holding) -> None:
    """End what is to come, so that others get the seat, and take the person out of what has been; counts stay.

    Raises OperationalError where somebody holds the seats of an event for too long.
    """
    registrations = holding.registrations
    ids = list(registrations.order_by().values_list("pk", flat=True))
    # Events are locked in one order, as by whoever locks several of them.
    ahead = registrations.active().filter(event__in=Event.objects.upcoming().order_by().values("pk"))
    for registration in ahead.select_related("event").order_by("event", "pk"):
        withdraw(registration)
    _empty(ids, holding, PERSONAL[Registration])
    certificates = Certificate.objects.filter(registration__in=ids)
    _drop_files(certificates)
    certificates.update(name="", revoked_reason="", language=settings.LANGUAGE_CODE)


def _empty(ids, holding, columns):
    """Take all words of or about people out of their registrations and what belongs to these; a fixed number of queries."""
    mine = Registration.objects.filter(pk__in=ids)
    _empty_log(ids, holding)
    _empty_mails(holding.mails)
    for model in (RegistrationConsent, GroupWish):
        model.objects.filter(registration__in=ids).delete()
    RegistrationStep.objects.filter(registration__in=ids).exclude(note="").update(note="")
    PollResponse.objects.filter(registration__in=ids).exclude(comment="").update(comment="")
    holding.calendars.order_by().delete()
    holding.links.order_by().delete()
    _empty_nominations(holding.nominations)
    mine.update(
        **dict.fromkeys(columns - {"spoken", "language"}, ""),
        spoken=[],
        language=settings.LANGUAGE_CODE,
        is_listed=False,
        person=None,
        token_version=F("token_version") + 1,
    )


def _erased_address():
    """Unlike any other, as a column wants it."""
    return Concat(Value("erased-"), Cast("pk", CharField()), Value(ERASED_DOMAIN))


def _empty_nominations(nominations):
    nominations.order_by().update(
        email=_erased_address(),
        name="",
        language=settings.LANGUAGE_CODE,
        token_version=F("token_version") + 1,
        told_at=Coalesce("told_at", timezone.now()),
    )


def _empty_mails(mails):
    """What has not left will not leave; a worker that has just taken one finds that it is no longer its own."""
    found = OutboxMail.objects.filter(pk__in=list(mails.order_by().values_list("pk", flat=True)))
    found.exclude(state__in=STAYS_AS_IT_IS).update(state=Sent.CANCELLED)
    texts = ("name", "subject", "text", "html", "link", "calendar", "last_error")
    found.update(
        key=Concat(Value("erased:"), Cast("pk", CharField())),
        recipient=_erased_address(),
        **dict.fromkeys(texts, ""),
    )


def _empty_log(ids, holding):
    """The log of the admin names its objects by what they were called then, also those that were deleted since."""
    nominations = list(holding.nominations.order_by().values_list("pk", "email", "name"))
    people = Registration.objects.filter(pk__in=ids).values_list("email", "name")
    names = {text for pair in people for text in pair} | {text for _pk, *pair in nominations for text in pair}
    about = {
        Registration: ids,
        Nomination: [pk for pk, *_pair in nominations],
        PersonalCalendar: list(holding.calendars.order_by().values_list("pk", flat=True)),
        NoteLink: list(holding.links.order_by().values_list("pk", flat=True)),
    }
    found = Q()
    for model, keys in about.items():
        kind = Q(content_type=ContentType.objects.get_for_model(model))
        found |= kind & Q(object_id__in=[str(key) for key in keys])
        found |= kind & Q(action_flag=DELETION, object_repr__in=names - {""})
    LogEntry.objects.filter(found).update(object_repr=F("object_id"))


def _drop_files(certificates):
    """The documents go once the transaction is through."""
    names = [stored_name(certificate) for certificate in certificates.only("code")]

    def drop():
        for name in names:
            default_storage.delete(name)

    transaction.on_commit(drop)


# By the clock ------------------------------------------------------------------------------------


def forget_participants(now=None, *, size=BATCH) -> int:
    """Forget who took part in events that ended EVENT_PARTICIPANTS_KEPT_DAYS ago; returns how many people that were.

    `size` of them at a time, each time in a transaction of its own and with the same number of queries. What was
    forgotten is not found again, so that it may run twice or late; a batch that fails is logged and stops no other.
    """
    before = (now or timezone.now()) - timedelta(days=settings.EVENT_PARTICIPANTS_KEPT_DAYS)
    done, last = 0, 0
    while batch := _next(before, last, size):
        last = batch[-1]
        try:
            done += _forget(before, batch)
        except Exception:
            logger.exception("Participants up to registration %s were not forgotten", last)
    for verb in (_forget_nominations, _forget_mails):
        while verb(before, size):
            pass
    _forget_what_is_left(before)
    return done


def _over(before, event=""):
    """Records of events that ended, or were cancelled, before a moment. `event` is the path to them: "event__"."""
    is_cancelled = Q(**{f"{event}status": Event.Status.CANCELLED})
    was_held = Q(**{f"{event}ends_at__lte": before}) & ~is_cancelled
    return was_held | is_cancelled & Q(**{f"{event}status_at__lte": before})


def _due(before):
    """Registrations with a name or an address that is no longer kept.

    While an event is postponed those who are registered keep their place, for as long as that may be; who has
    withdrawn or was not admitted is forgotten so many days later.
    """
    waits = Q(event__status=Event.Status.POSTPONED, state_at__lte=before) & ~Q(state__in=Registration.ACTIVE)
    return Registration.objects.filter(_over(before, "event__") | waits).exclude(email="", name="")


def _next(before, last, size):
    return list(_due(before).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:size])


@transaction.atomic
def _forget(before, batch):
    # What somebody is just changing is locked, and forgotten another night.
    free = _due(before).filter(pk__in=batch).select_for_update(of=["self"], skip_locked=True)
    rows = list(free.order_by("pk").values_list("pk", "event"))
    ids = [pk for pk, _event in rows]
    # Their keys name the registration (`tell`): somebody may have withdrawn and come back with the same address.
    named = Func(F("key"), Value(":"), Value(2), function="split_part", output_field=CharField())
    mails = OutboxMail.objects.annotate(registration=named).filter(
        about__in={f"event:{event}" for _pk, event in rows},
        registration__in=[str(pk) for pk in ids],
        kind__startswith="events/",
        person=None,
    )
    holding = Holding(free, *(model.objects.none() for model in NAMED), mails)
    _empty(ids, holding, PERSONAL[Registration] - {"country"})
    _drop_files(Certificate.objects.filter(registration__in=ids))
    return len(ids)


@transaction.atomic
def _forget_what_is_left(before):
    """Calendars of addresses registered nowhere, links to notes, old entries of the log, names on revoked certificates."""
    _calendars_of_nobody().delete()
    NoteLink.objects.filter(_over(before, "group__session__event__")).delete()
    kinds = ContentType.objects.get_for_models(Registration, Nomination, PersonalCalendar).values()
    LogEntry.objects.filter(content_type__in=kinds, action_time__lte=before).update(object_repr=F("object_id"))
    revoked = Certificate.objects.filter(registration__email="", revoked_at__isnull=False)
    revoked.exclude(name="", revoked_reason="").update(name="", revoked_reason="")


@transaction.atomic
def _forget_nominations(before, size):
    """Returns how many."""
    over = Nomination.objects.filter(_over(before, "event__")).exclude(email__endswith=ERASED_DOMAIN)
    found = list(over.order_by("pk").values_list("pk", flat=True)[:size])
    nominations = Nomination.objects.filter(pk__in=found)
    nothing = (model.objects.none() for model in (PersonalCalendar, NoteLink, OutboxMail))
    _empty_log([], Holding(Registration.objects.none(), nominations, *nothing))
    _empty_nominations(nominations)
    return len(found)


@transaction.atomic
def _forget_mails(before, size):
    """Mails of these events to whoever has no registration, as one that was never confirmed; returns how many."""
    events = Event.objects.filter(_over(before)).order_by()
    mails = OutboxMail.objects.filter(
        about__in=events.values_list(Concat(Value("event:"), Cast("pk", CharField()))),
        kind__startswith="events/",
        person=None,
    ).exclude(recipient__endswith=ERASED_DOMAIN)
    found = list(mails.order_by("pk").values_list("pk", flat=True)[:size])
    _empty_mails(OutboxMail.objects.filter(pk__in=found))
    return len(found)


def _calendars_of_nobody():
    # One query for all, hashed by the database, not one for each calendar.
    known = Registration.objects.exclude(email="").annotate(lower=Lower("email"))
    return PersonalCalendar.objects.filter(~Exists(known.filter(lower=Lower(OuterRef("email")))))


def forget_needs_without_date(now=None) -> int:
    """Delete what was asked for the host of an event that is cancelled, or has been without a date for long.

    Returns how many had any. What people tell anew while there is no date is deleted with the next run.
    """
    before = (now or timezone.now()) - timedelta(days=settings.EVENT_NEEDS_KEPT_DAYS_WITHOUT_DATE)
    is_put_off = Q(event__status=Event.Status.POSTPONED, event__status_at__lte=before)
    return forget_needs(Registration.objects.filter(is_put_off | Q(event__status=Event.Status.CANCELLED)))
