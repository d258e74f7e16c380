"""What events hold about people, for `accounts.personal_data`: of whom, in which columns, and how it goes."""

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from common.models import OutboxMail
from events.mine import own_addresses, registrations_of
from events.models import (
    Attendance,
    Certificate,
    Event,
    Nomination,
    NoteLink,
    PersonalCalendar,
    PollResponse,
    Registration,
    RegistrationConsent,
    RegistrationStep,
)
from events.services.certifying import stored_name
from events.services.registering import withdraw

PERSONAL = {
    Registration: {
        *("email", "name", "organisation", "country", "language", "spoken", "time_zone"),
        *("needs_access", "needs_diet", "needs_interpretation", "message"),
    },
    RegistrationConsent: {"kind", "version", "language", "text"},
    RegistrationStep: {"note"},
    Nomination: {"email", "name", "language"},
    NoteLink: {"email", "name", "language"},
    PollResponse: {"comment"},
    PersonalCalendar: {"email"},
    Certificate: {"name", "language", "revoked_reason"},
}
"""Columns with words of or about participants."""

IMPERSONAL = {
    "Registration": {"mode", "state"},
    "RegistrationStep": {"from_state", "to_state"},
    "PollResponse": {"interest"},
    "PollChoice": {"fit"},
    "Attendance": {"source"},
    "Certificate": {"number", "code", "file_hash"},
    "SeatPool": {"kind"},
    "SeatAllocation": {"state"},
    # Of the event, written by its hosts; names of speakers and presenters are part of the published programme.
    "EventSeries": {"source_language", "title", "summary", "description"},
    "Event": {
        *("source_language", "title", "summary", "description", "practical", "languages", "interpretation"),
        *("time_zone", "mode", "venue", "address", "online_link", "status", "visibility", "status_note"),
        *("contact_email", "entry", "reminder_hours"),
    },
    "EventDateChange": {"reason"},
    "EventStep": {"action", "note"},
    "Session": {"kind", "title", "description", "language"},
    "Room": {"name", "kind", "accessibility", "join_link"},
    "Speaker": {"name", "role"},
    "BreakoutGroup": {"title", "language"},
    "EventDocument": {"file", "language", "title"},
    "Recording": {"url", "language", "title"},
    "EventPractice": {"title", "presenter", "role", "note"},
    "DatePoll": {"question"},
    "MinutesRevision": {"language", "text"},
    "CoHostInvitation": {"state", "message"},
    "Decision": {"text"},
    "ActionItem": {"text", "state", "note"},
    "Outcome": {"title", "description", "url"},
    # Anonymous: nobody's, since nothing leads to a person.
    "FeedbackResponse": {"take_away", "improve"},
}
"""All other columns that hold text. A test fails for one that is in neither; translated ones count once."""


def collect(user) -> dict:
    """Everything that was registered with the account or with its address, as JSON can hold it."""
    registrations = registrations_of(user).select_related("event").order_by("pk")
    mine = Q(registration__in=registrations.order_by().values("pk"))
    by_address = _by_address(user)
    return {
        "registrations": [
            _columns(row)
            | {
                "event": str(row.event),
                "state": row.state,
                "mode": row.mode,
                "city": str(row.city) if row.city_id else "",
                "type_of_organisation": str(row.stakeholder) if row.stakeholder_id else "",
                "is_listed": row.is_listed,
                "registered": row.created_at.isoformat(),
                "sessions": [str(session) for session in row.wanted_sessions.select_related("event")],
                "groups_wished": [str(wish.group) for wish in row.wishes.select_related("group__session__event")],
            }
            for row in registrations.select_related("city", "stakeholder")
        ],
        "consents": [
            _columns(row) | {"at": row.given_at.isoformat()} for row in RegistrationConsent.objects.filter(mine)
        ],
        "steps": [
            _columns(row) | {"state": row.to_state, "at": row.at.isoformat()}
            for row in RegistrationStep.objects.filter(mine).order_by("pk")
        ],
        "nominations": [
            _columns(row) | {"event": str(row.event)} for row in by_address(Nomination).select_related("event")
        ],
        "links_to_notes": [
            _columns(row) | {"group": str(row.group), "sent": row.sent_at.isoformat()}
            for row in by_address(NoteLink).select_related("group__session__event")
        ],
        "poll_answers": [
            _columns(row) | {"interest": row.interest, "at": row.answered_at.isoformat()}
            for row in PollResponse.objects.filter(mine)
        ],
        "attendance": [
            {"event": str(row.registration.event), "session": str(row.session or ""), "source": row.source}
            for row in Attendance.objects.filter(mine).select_related("registration__event", "session__event")
        ],
        "certificates": [
            _columns(row) | {"number": row.number, "hours": str(row.hours), "at": row.issued_at.isoformat()}
            for row in Certificate.objects.filter(mine).order_by("pk")
        ],
        "personal_calendars": [_columns(row) for row in by_address(PersonalCalendar)],
    }


def _columns(record):
    values = {name: getattr(record, name) for name in sorted(PERSONAL[record._meta.model])}
    return {name: value if isinstance(value, list) else str(value) for name, value in values.items()}


def _by_address(user):
    addresses = own_addresses(user)

    def of(model):
        return model.objects.annotate(lower_email=Lower("email")).filter(lower_email__in=addresses).order_by("pk")

    return of


def erase(user) -> None:
    """End what is to come, so that others get the seat, and take the person out of what has been; counts stay."""
    own = registrations_of(user)
    ids = list(own.order_by("event", "pk").values_list("pk", flat=True))
    # Events are locked in one order, as by whoever locks several of them.
    ahead = own.active().filter(event__in=Event.objects.upcoming().order_by().values("pk"))
    for registration in ahead.select_related("event").order_by("event", "pk"):
        withdraw(registration)
    mine = Registration.objects.filter(pk__in=ids)
    by_address = _by_address(user)
    emails = {email for email in mine.values_list("email", flat=True) if email}
    _erase_mails(emails | own_addresses(user))
    _erase_from_log(ids, by_address)
    RegistrationConsent.objects.filter(registration__in=ids).delete()
    RegistrationStep.objects.filter(registration__in=ids).update(note="")
    PollResponse.objects.filter(registration__in=ids).update(comment="")
    _drop_certificates(Certificate.objects.filter(registration__in=ids))
    by_address(PersonalCalendar).delete()
    by_address(NoteLink).delete()
    language = user._meta.get_field("language").default
    for nomination in by_address(Nomination):
        nomination.email, nomination.name = f"erased-{nomination.pk}@erased.invalid", ""
        nomination.language, nomination.token_version = language, nomination.token_version + 1
        nomination.told_at = nomination.told_at or timezone.now()
        nomination.save()
    Certificate.objects.filter(registration__in=ids).update(language=language)
    for registration in mine:
        registration.wishes.all().delete()
    mine.update(
        **dict.fromkeys(PERSONAL[Registration] - {"spoken", "language"}, ""),
        spoken=[],
        language=language,
        is_listed=False,
        person=None,
        token_version=F("token_version") + 1,
    )


def _drop_certificates(certificates):
    """Names and documents go, the documents once the transaction is through; that hours were confirmed stays."""
    names = [stored_name(certificate) for certificate in certificates]
    certificates.update(name="", revoked_reason="")

    def drop():
        for name in names:
            default_storage.delete(name)

    transaction.on_commit(drop)


def _erase_mails(addresses):
    """Mails to addresses of earlier days too; those to the account's own go with the account."""
    unsent = [OutboxMail.State.WAITING, OutboxMail.State.HELD, OutboxMail.State.FAILED, OutboxMail.State.UNCERTAIN]
    mails = OutboxMail.objects.annotate(lower=Lower("recipient")).filter(
        lower__in={address.lower() for address in addresses}, kind__startswith="events/"
    )
    mails.filter(state__in=unsent).update(state=OutboxMail.State.CANCELLED)
    for mail in mails:
        mail.key, mail.recipient = f"erased:{mail.pk}", f"erased-{mail.pk}@erased.invalid"
        mail.name = mail.subject = mail.text = mail.html = mail.link = mail.calendar = mail.last_error = ""
        mail.save()


def _erase_from_log(ids, by_address):
    """The log of the admin names its objects by what they were called then."""
    about = {
        Registration: ids,
        Nomination: by_address(Nomination).values_list("pk", flat=True),
        PersonalCalendar: by_address(PersonalCalendar).values_list("pk", flat=True),
    }
    for model, keys in about.items():
        entries = LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(model), object_id__in=[str(key) for key in keys]
        )
        entries.update(object_repr=F("object_id"))
