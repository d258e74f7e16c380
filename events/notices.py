"""What all participants of an event are told when the event itself changes, each in the own language."""

from functools import partial

from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from common.addresses import absolute
from common.outbox.queueing import queue_mail_to
from events.emails.participating import address, tell, tell_programme
from events.models import Event, Registration, Room, SeatAllocation
from events.rooms import own_rooms
from events.rules import has_place
from events.showing import moment_in_words, option_in_words, when_in_words
from networks.emails import coordinators_of

State = Registration.State
NEWS = ("time", "place", "mode", "title")


def told_of(event: Event) -> QuerySet[Registration]:
    """Those who have a place, wait for one or for a decision, and have shown that the address is theirs."""
    return event.registrations.active().exclude(state=State.UNVERIFIED)


def tell_changed(event, news) -> None:
    """One mail for all that is new, words of NEWS."""
    _tell_all(event, "changed", method="REQUEST", news=lambda: [_named(word) for word in NEWS if word in news])


def _named(word):
    return {
        "time": _("the time"),
        "place": _("the place or the link"),
        "mode": _("how one can take part"),
        "title": _("the title"),
    }[word]


def tell_programme_changed(event, people) -> None:
    """To those of the registrations (ids) that have a place: how their sessions and rooms stand now."""
    if event.status != Event.Status.PUBLISHED or event.ends_at <= timezone.now():
        return
    for registration in event.registrations.filter(pk__in=people, state=State.CONFIRMED).order_by("pk"):
        registration.event = event
        if has_place(registration):
            tell_programme(registration, partial(_own_sessions, registration))


def _own_sessions(registration):
    """One line for each session in which the person holds a seat or has a place in a group, by time."""
    related = ["session__event", "session__room__event", "group__session__event", "group__room__event"]
    groups = {place.session_id: place.group for place in registration.group_places.select_related(*related)}
    seats = registration.allocations.filter(state=SeatAllocation.State.HELD, pool__session__isnull=False)
    own = {*groups, *seats.values_list("pool__session", flat=True)}
    sessions = registration.event.sessions.filter(pk__in=own).select_related("event", "room__event")
    return [_line(session, groups.get(session.pk)) for session in sessions.order_by("starts_at", "pk")]


def _line(session, group):
    room = (group.room if group else None) or session.room
    is_linked = room is not None and (group is not None or room.kind == Room.Kind.VIRTUAL)
    parts = [
        moment_in_words(session.starts_at, session.event.time_zone),
        session,
        group,
        room,
        room.join_link if is_linked else "",
    ]
    return " – ".join(str(part) for part in parts if part)


def tell_postponed(event) -> None:
    _tell_all(event, "postponed", method="CANCEL")


def tell_rescheduled(event, until, *, are_needs_gone=False) -> None:
    """With the question whether the new date suits, where an answer is wanted `until` a moment."""
    page = "reconfirm" if until else "manage"
    _tell_all(event, "rescheduled", method="REQUEST", page=page, are_needs_gone=are_needs_gone, **_until(event, until))


def tell_moved_online(event) -> None:
    _tell_all(event, "moved-online", method="REQUEST")


def tell_cancelled(event) -> None:
    _tell_all(event, "cancelled", method="CANCEL")


def ask_poll(poll) -> None:
    """Which of the dates suit."""
    event = poll.event
    dates = list(poll.options.all())
    for registration in told_of(event):
        tell(
            registration,
            "poll",
            f"{poll.pk}",
            link=address(registration, "poll"),
            question=poll.question,
            dates=lambda registration=registration: [option_in_words(date, event, registration) for date in dates],
            **_until(event, poll.closes_at),
        )


def _tell_all(event, kind, *, method, page="manage", **context):
    """To who has a place with the calendar entry; the others have none that could be changed."""
    known = {}
    for registration in told_of(event):
        tell(
            registration,
            kind,
            f"{event.sequence}",
            known=known,
            link=address(registration, page),
            method=method if registration.state == State.CONFIRMED else "",
            has_place=registration.state == State.CONFIRMED,
            **context,
        )


def _until(event, moment):
    return {"until_words": partial(moment_in_words, moment, event.time_zone) if moment else ""}


# Reminders ---------------------------------------------------------------------------------------


def reminder_key(registration, hours: int) -> str:
    """Names one reminder for ever: a new date is another one."""
    return f"{hours}:{registration.event.starts_at:%Y%m%d%H%M}"


def remind(registration, hours) -> None:
    """The event is near: when, where, the link and the own rooms."""
    event = registration.event
    is_online = event.is_online and registration.mode == Registration.Mode.ONLINE
    tell(
        registration,
        "reminder",
        reminder_key(registration, hours),
        join_link=event.online_link if is_online and has_place(registration) else "",
        rooms=lambda: _own_rooms(registration),
    )


def _own_rooms(registration):
    """One line for each break-out session: session, group, room and its link."""
    rooms = own_rooms([registration]).get(registration.pk, ())
    return [" – ".join(str(part) for part in (own.session, own.group, own.room, own.link) if part) for own in rooms]


def ask_again(registration) -> None:
    """The one reminder to somebody who has not said yet whether the new date suits."""
    until = registration.reconfirm_until
    tell(
        registration,
        "answer-due",
        f"{until:%Y%m%d%H%M}",
        link=address(registration, "reconfirm"),
        **_until(registration.event, until),
    )


def tell_report_due(event) -> None:
    """Ask who runs the event, else the coordinators of its networks, for the report; each once."""
    owner = event.owner if event.owner and event.owner.is_active else None
    for person in [owner] if owner else coordinators_of(event.networks.values("pk")):
        with translation.override(person.language):
            context = {
                "event_title": str(event),
                "when": when_in_words(event),
                "name": person.name,
                "link": absolute(event.get_absolute_url()),
            }
        queue_mail_to(
            person,
            "events/report-due",
            context=context,
            key=f"event-report-due:{event.pk}",
            about=f"event:{event.pk}",
        )
