"""What events hold about people: of whom, in which columns, and as JSON. How it goes is in `services.forgetting`.

A person is known by the account or, without one, by the e-mail address. Which of the records a visitor may have told or
erased depends on what was shown: see `of_account`, `of_address` and `of_participation`.
"""

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from common.models import OutboxMail
from events.mine import own_addresses, registrations_of
from events.models import (
    Attendance,
    Certificate,
    Nomination,
    NoteLink,
    PersonalCalendar,
    PollResponse,
    Registration,
    RegistrationConsent,
    RegistrationStep,
)

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
    "CertificateRun": {"refused_ids", "failure"},
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


NAMED = (Nomination, PersonalCalendar, NoteLink)
"""What knows a person by the address alone, in the order of `Holding`."""


@dataclass(frozen=True)
class Holding:
    """The records that name a person; what hangs on the registrations goes with them."""

    registrations: QuerySet[Registration]
    nominations: QuerySet[Nomination]
    calendars: QuerySet[PersonalCalendar]
    links: QuerySet[NoteLink]
    mails: QuerySet[OutboxMail]


def of_account(user) -> Holding:
    """All that was done with the account, and all of its verified addresses."""
    registrations = registrations_of(user)
    # The account may have had other addresses in earlier days.
    former = registrations.exclude(email="").order_by().values_list("lower_email", flat=True)
    own = own_addresses(user) | set(former)
    return Holding(registrations, *(_of(model, own) for model in NAMED), _mails_to(own))


def of_address(email: str) -> Holding:
    """All of an address, at every event. For whoever has just shown that the mailbox is the own one.

    Raises ValueError for none: those who were erased have none, and are not one person.
    """
    if not email:
        raise ValueError("Nobody is known by an empty address.")
    own = {email.lower()}
    return Holding(_of(Registration, own), *(_of(model, own) for model in NAMED), _mails_to(own))


def of_participation(registration: Registration) -> Holding:
    """What one event holds about the address of a registration. For whoever has the registration's link.

    The link may have been forwarded, so it neither tells nor ends anything of other events. The private calendar, which
    shows all events, goes with the last of them.
    """
    event = registration.event_id
    if not registration.email:
        nothing = (model.objects.none() for model in (*NAMED, OutboxMail))
        return Holding(Registration.objects.filter(pk=registration.pk), *nothing)
    everything = of_address(registration.email)
    is_last = not everything.registrations.exclude(event=event).exists()
    return Holding(
        everything.registrations.filter(event=event),
        everything.nominations.filter(event=event),
        everything.calendars if is_last else PersonalCalendar.objects.none(),
        everything.links.filter(group__session__event=event),
        everything.mails.filter(about=f"event:{event}"),
    )


def _of(model, addresses):
    found = model.objects.annotate(lower_email=Lower("email"))
    return found.filter(lower_email__in=addresses).order_by("pk")


def _mails_to(addresses):
    found = OutboxMail.objects.annotate(lower=Lower("recipient"))
    return found.filter(lower__in=addresses, kind__startswith="events/").order_by("pk")


def collect(user) -> dict:
    """Everything that was registered with the account or with its address, as JSON can hold it."""
    return told(of_account(user))


def told(holding: Holding) -> dict:
    """All of a holding, as JSON can hold it."""
    registrations = holding.registrations.select_related("event").order_by("pk")
    mine = Q(registration__in=registrations.order_by().values("pk"))
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
            _columns(row) | {"event": str(row.event)} for row in holding.nominations.select_related("event")
        ],
        "links_to_notes": [
            _columns(row) | {"group": str(row.group), "sent": row.sent_at.isoformat()}
            for row in holding.links.select_related("group__session__event")
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
        "personal_calendars": [_columns(row) for row in holding.calendars],
        "mails": [
            {"kind": mail.kind, "recipient": mail.recipient, "subject": mail.subject, "at": mail.queued_at.isoformat()}
            for mail in holding.mails
        ],
    }


def _columns(record):
    values = {name: getattr(record, name) for name in sorted(PERSONAL[record._meta.model])}
    return {name: value if isinstance(value, list) else str(value) for name, value in values.items()}
