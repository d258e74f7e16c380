"""Mails of events: who is told what, each once, in the own language, with the calendar entry where it matters.

A mail's templates are mail/events/<kind>.subject.txt and .txt. All of them are essential: whoever registered wants to know.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone, translation

from common.languages import current_language
from common.localized import localized
from common.models import OutboxMail
from common.outbox.queueing import queue_mail, queue_mails, unlinked, write_mail
from common.phrases import listed
from events.calendars import Invitations, personal_address
from events.models import Nomination, Registration, SeatPool
from events.showing import moment_in_words, when_in_words, where_in_words
from events.tokens import token_of
from networks.emails import coordinators_of, holders
from networks.models import RoleAssignment

State = Registration.State

KINDS = {
    State.CONFIRMED: "place",
    State.WAITLISTED: "waiting",
    State.AWAITING_APPROVAL: "awaits-approval",
    State.DECLINED: "not-admitted",
    State.LAPSED: "lapsed",
    State.WITHDRAWN: "withdrawn",
    State.REMOVED: "removed",
}
"""Kind of mail by the state that is told. An offer is told by its seat, a cancelled event by the event."""


OWN_DATA = "own-data"
"""Purpose of the secret that opens all that is held about an address, not one registration alone."""

METHODS = {State.CONFIRMED: "REQUEST", State.WITHDRAWN: "CANCEL", State.REMOVED: "CANCEL", State.LAPSED: "CANCEL"}
"""What happens to the entry in the participant's calendar."""


def announce_states(changes) -> None:
    """Tell participants of new states, given as pairs of registration and step; to be called in their transaction."""
    known = {}
    queue_mails([_news_of(registration, step, known) for registration, step in changes])


def _news_of(registration, step, known):
    kind = KINDS.get(step.to_state)
    if not kind:
        return None
    method = METHODS.get(step.to_state, "")
    if method == "CANCEL" and step.from_state != State.CONFIRMED:
        method = ""  # Who never had a place has no entry that could be taken away.
    return _written(registration, kind, f"{step.pk}", method=method, known=known)


def announce_offer(allocation) -> None:
    """Tell that a seat is kept for somebody who waited, until when, and how to answer."""
    key = f"{allocation.pk}:{allocation.offered_until:%Y%m%d%H%M}"
    event = allocation.registration.event
    with translation.override(allocation.registration.language):
        until = moment_in_words(allocation.offered_until, event.time_zone)
    tell(allocation.registration, "offer", key, pool=allocation.pool, until_words=until)


def announce_seat(allocation) -> None:
    """Tell that a seat beside the first is held: in a break-out session, or in the other mode."""
    key = f"{allocation.pk}:{allocation.changed_at:%Y%m%d%H%M%S}"
    kind, method = (
        ("breakout-seat", "") if allocation.pool.kind == SeatPool.Kind.BREAKOUT else ("mode-changed", "REQUEST")
    )
    tell(allocation.registration, kind, key, method=method, pool=allocation.pool)


def ask_to_confirm(registration) -> None:
    """The link by which somebody who registered shows that the address is the own one."""
    tell(registration, "confirm-address", f"{registration.token_version}", link=address(registration, "confirm"))


def announce_calendar(registration, holder, key) -> None:
    """The address at which a calendar program finds all events of this address."""
    with translation.override(registration.language):
        link = personal_address(holder)
    tell(registration, "my-calendar", f"{holder.token_version}:{key}", link=link)


def tell_of_own_data(registration, key) -> None:
    """The link to all that is held about this address, at every event: for the mailbox alone."""
    tell(registration, "own-data", key, link=address(registration, "registration-data", purpose=OWN_DATA))


def remind_of_registration(registration, key) -> None:
    """To somebody who registers again: the link to what is there already."""
    tell(registration, "already-registered", key)


BURST = timedelta(minutes=10)
"""Changes of the programme within it are told in one mail, as things stand after the last of them."""


def tell_programme(registration, sessions) -> None:
    """That own sessions or rooms changed: one mail for a burst of changes. `sessions` gives the lines that tell all of them.

    To be called in the transaction of the change. A mail that waits is locked first, so that no worker takes it away.
    """
    now = timezone.now()
    begun = _programme_mails(registration).select_for_update().filter(not_before__gt=now).first()
    key = begun.key.rpartition(":")[2] if begun else f"{registration.event.sequence}"
    tell(
        registration,
        "programme-changed",
        key,
        method="REQUEST",
        not_before=now + BURST,
        replaces=True,
        sessions=sessions,
    )


def _programme_mails(registration):
    """Those that have not left yet."""
    prefix = f"event-programme-changed:{registration.pk}:"
    return OutboxMail.objects.filter(key__startswith=prefix, state=OutboxMail.State.WAITING)


def tell(
    registration, kind, key, *, link="", method="", known=None, not_before=None, replaces=False, **context
) -> None:
    """Queue one mail to a participant. `key` names the occasion among those of this kind and registration.

    With a `method` ("REQUEST", "CANCEL") the calendar entry goes with it. A value of `context` that can be called is
    called in the participant's language. `known`, a dictionary, keeps what mails of one moment share.
    """
    values = {"link": link, "method": method, "known": known, "not_before": not_before}
    queue_mails([_written(registration, kind, key, **values, **context)], replaces=replaces)


def _written(registration, kind, key, *, link="", method="", known=None, not_before=None, **context):
    """The mail of `tell`; None for somebody whose address was erased."""
    if not registration.email:
        return None
    event = registration.event
    with translation.override(registration.language):
        values = {
            "event_title": str(event),
            "event_link": _event_address(registration),
            "when": when_in_words(event, registration),
            "where": where_in_words(event, registration),
            "name": unlinked(registration.name),
            "contact": event.contact_email,
            "status_note": localized(event, "status_note", current_language(), event.source_language).text,
            "link": link or address(registration),
        } | {name: _in_words(value) for name, value in context.items()}
        if method == "CANCEL":
            # Who does not come any more is not told of rooms ten minutes later.
            _programme_mails(registration).update(state=OutboxMail.State.CANCELLED)
        has_entry = method == "CANCEL" or event.starts_at is not None
        calendar = _invitation(registration, method, known) if method and has_entry else ""
    values["links"] = [values["event_link"], values.get("join_link", "")]
    return write_mail(
        f"events/{kind}",
        to=registration.email,
        name=registration.name,
        language=registration.language,
        context=values,
        key=f"event-{kind}:{registration.pk}:{key}",
        essential=True,
        secret=True,
        calendar=calendar,
        about=f"event:{event.pk}",
        not_before=not_before,
    )


def _invitation(registration, method, known):
    known = {} if known is None else known
    group = registration.event_id, registration.language
    if group not in known:
        known[group] = Invitations(registration.event_id)
    return known[group].to(registration, method, address(registration))


def _in_words(value):
    if callable(value):
        return value()
    return str(value) if isinstance(value, SeatPool) else value


def address(registration, page="manage", *, purpose="manage") -> str:
    """The participant's own page: who has the link may do what the participant may.

    Another `purpose` makes a link that opens this page alone.
    """
    with translation.override(registration.language):
        path = reverse(f"events:{page}", args=[registration.uid, token_of(registration, purpose)])
    return settings.SITE_URL.rstrip("/") + path


def _event_address(registration):
    """The event's page; of an event that not everybody sees the one that a nomination opens, where there is one."""
    event = registration.event
    if registration.person_id is None and event.visibility == event.Visibility.NETWORK:
        nomination = Nomination.objects.filter(event=event, email__iexact=registration.email).first()
        if nomination:
            return nomination_address(nomination)
    return settings.SITE_URL.rstrip("/") + event.get_absolute_url()


def nomination_address(nomination, page="nominated") -> str:
    """Where a nominated person reads of the event and registers, in the current language."""
    return settings.SITE_URL.rstrip("/") + reverse(
        f"events:{page}", args=[nomination.uid, token_of(nomination, "nomination")]
    )


def mail_nomination(nomination) -> None:
    """That somebody may register, with the link that opens the event; once for each nomination."""
    event = nomination.event
    with translation.override(nomination.language):
        context = {
            "event_title": str(event),
            "when": when_in_words(event),
            "where": where_in_words(event),
            "name": unlinked(nomination.name),
            "contact": event.contact_email,
            "hosts": listed(str(network) for network in event.networks.all()),
            "link": nomination_address(nomination),
        }
    queue_mail(
        "events/nominated",
        to=nomination.email,
        name=nomination.name,
        language=nomination.language,
        context=context,
        key=f"event-nominated:{nomination.pk}",
        essential=True,
        secret=True,
        about=f"event:{event.pk}",
    )


def mail_note_link(link, key) -> None:
    """The page on which a moderator or rapporteur writes the notes of a group. `key` names the occasion."""
    group, event = link.group, link.group.session.event
    with translation.override(link.language):
        path = reverse("events:group-notes", args=[link.uid, token_of(link, "notes")])
        context = {
            "event_title": str(event),
            "group": str(group),
            "session": str(group.session),
            "when": moment_in_words(group.session.starts_at, event.time_zone),
            "name": unlinked(link.name),
            "contact": event.contact_email,
            "link": settings.SITE_URL.rstrip("/") + path,
        }
    queue_mail(
        "events/note-link",
        to=link.email,
        name=link.name,
        language=link.language,
        context=context,
        key=f"event-note-link:{link.pk}:{key}",
        essential=True,
        secret=True,
        about=f"event:{event.pk}",
    )


def ask_to_cohost(invitation) -> None:
    """To the coordinators of the network, with the page on which they answer."""
    for person in coordinators_of([invitation.network_id]):
        _of_cohosting(invitation, "cohost-asked", person, "event_desk:cohosting", invitation.pk)


def tell_cohosting_withdrawn(invitation) -> None:
    for person in coordinators_of([invitation.network_id]):
        _of_cohosting(invitation, "cohost-withdrawn", person, "event_desk:cohosting", invitation.pk)


def tell_cohost_answer(invitation) -> None:
    """To who asked, while that person works here."""
    person = invitation.asked_by
    if person and person.is_active:
        kind = "cohost-accepted" if invitation.state == invitation.State.ACCEPTED else "cohost-declined"
        _of_cohosting(invitation, kind, person, "admin:events_event_cohosts", invitation.event_id)


def _of_cohosting(invitation, kind, person, page, pk):
    event = invitation.event
    with translation.override(person.language):
        context = {
            "event_title": str(event),
            "when": when_in_words(event),
            "network": str(invitation.network),
            "hosts": listed(event.networks.all()),
            "actor": unlinked(invitation.asked_by or ""),
            "message": invitation.message,
            "name": unlinked(person.name),
            "link": settings.SITE_URL.rstrip("/") + reverse(page, args=[pk]),
        }
    queue_mail(
        f"events/{kind}",
        to=person.email,
        language=person.language,
        context=context,
        key=f"event-{kind}:{invitation.pk}:{person.pk}",
        name=person.name,
        person=person,
        about=f"event:{event.pk}",
    )


def announce_draft(shown, *, actor) -> None:
    """Tell the officers of a city that a practice they showed at an event waits as a draft."""
    people = holders(
        Q(role__in=[RoleAssignment.Role.FOCAL_POINT, RoleAssignment.Role.CONTRIBUTOR], city=shown.city_id)
    )
    for person in people:
        if person.pk == actor.pk:
            continue
        with translation.override(person.language):
            context = {
                "title": shown.title,
                "event_title": str(shown.event),
                "actor": str(actor),
                "link": settings.SITE_URL.rstrip("/") + reverse("workspace:write", args=[shown.practice_id]),
            }
        queue_mail(
            "events/practice-drafted",
            to=person.email,
            language=person.language,
            context=context,
            key=f"event-practice-drafted:{shown.pk}:{shown.practice_id}:{person.pk}",
            name=person.name,
            person=person,
            about=f"event:{shown.event_id}",
        )
