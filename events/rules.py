"""Who may do what with events, and when registration is open."""

import rules
from django.utils import timezone

from events.models import Event, Nomination, Registration
from networks.rules import roles_of

Status = Event.Status


@rules.predicate
def runs(user, event):
    """Coordinates one of the networks that host it; administrators run all."""
    roles = roles_of(user)
    if roles.is_administrator:
        return True
    return bool(roles.networks) and event.networks.filter(pk__in=roles.networks).exists()


@rules.predicate
def runs_series(user, series):
    roles = roles_of(user)
    if roles.is_administrator:
        return True
    return bool(roles.networks) and series.networks.filter(pk__in=roles.networks).exists()


def may_host(user, networks) -> bool:
    """Whether a person may run an event of these networks: of one at least."""
    roles = roles_of(user)
    return roles.is_administrator or bool(roles.networks & {network.pk for network in networks})


COHOSTING_OPEN = (Status.DRAFT, Status.PUBLISHED, Status.POSTPONED, Status.HELD)
"""While it makes a difference who hosts."""


def may_answer_for(user, network) -> bool:
    """Whether a person says for a network what it hosts: its coordinators, and administrators."""
    roles = roles_of(user)
    return roles.is_administrator or network.pk in roles.networks


rules.add_perm("events.run_event", runs)
rules.add_perm("events.run_series", runs_series)


CLOSED_REASONS = ("draft", "postponed", "cancelled", "over", "none", "early", "late")


def closed_because(event, now=None) -> str:
    """Why nobody can register now, one of CLOSED_REASONS, or "" where registration is open; seats are another matter."""
    now = now or timezone.now()
    if event.status in (Status.DRAFT, Status.POSTPONED, Status.CANCELLED):
        return event.status
    if event.status != Status.PUBLISHED or event.ends_at <= now:
        return "over"
    if event.entry == Event.Entry.NONE:
        return "none"
    if event.registration_opens_at and event.registration_opens_at > now:
        return "early"
    return "late" if (event.registration_closes_at or event.starts_at) <= now else ""


def may_register(event, email) -> bool:
    """Whether an address may register: any, or one that was nominated."""
    if event.entry != Event.Entry.NOMINATED:
        return True
    return Nomination.objects.filter(event=event, email__iexact=email).exists()


NOTES_OPEN = (Status.PUBLISHED, Status.HELD)
"""While people meet, and until the report is there."""


def may_write_notes(link) -> bool:
    """Whether the holder of a link may write the notes of its group now."""
    return link.withdrawn_at is None and link.group.session.event.status in NOTES_OPEN


def has_place(registration) -> bool:
    """Sees rooms, links and papers of participants. On hold, while a new date is not answered, nobody has one."""
    return registration.state in Registration.WITH_PLACE and not registration.must_reconfirm
