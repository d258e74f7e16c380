"""What the admin's buttons call. The one place that knows the signatures of `events.services.life`."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from events.emails.participating import remind_of_registration
from events.models import Event, Registration
from events.services import admitting, agenda, life, registering
from events.services.dates import Deadlines

Status = Event.Status
State = Registration.State


def create_event(values, networks, *, actor):
    """A draft whose seats can be limited before anybody is told of it."""
    with transaction.atomic():
        event = life.create_event(values, networks, actor=actor)
        registering.ensure_pools(event)
    return event


def edit_event(event, changes, *, actor, seen_at):
    """`changes` are columns that differ from what the editor saw at `seen_at`."""
    with transaction.atomic():
        event = life.edit_event(event, changes, actor=actor, seen_at=seen_at)
        registering.ensure_pools(event)
    return event


# What becomes of an event ------------------------------------------------------------------------


@dataclass(frozen=True)
class Transition:
    """A verb of `events.services.life`, from which states it is possible, and what is typed for it.

    Of what is typed "deadlines" stands for all that moves with the event unless it is set.
    """

    name: str
    label: object
    possible_from: tuple[str, ...]
    typed: tuple[str, ...] = ()

    def is_possible(self, event):
        if event.status not in self.possible_from:
            return False
        if self.name == "move_online":
            return event.is_in_person and event.ends_at > timezone.now()
        if self.name == "mark_held":
            return event.ends_at <= timezone.now()
        return True

    def run(self, event, values, *, actor):
        """`values` are of the fields that are typed; a reason also becomes what visitors are told."""
        verb, reason = getattr(life, self.name), values.get("reason", "")
        with transaction.atomic():
            if reason:
                told = {f"status_note_{event.source_language}": reason}
                event = life.edit_event(event, told, actor=actor)
            if self.name == "reschedule":
                when = {name: values[name] for name in CLOCK}
                until, deadlines = values["reconfirm_until"], Deadlines(values["registration"], values["releases"])
                return verb(event, when, actor=actor, reconfirm_until=until, reason=reason, deadlines=deadlines)
            if self.name == "move_online":
                return verb(event, values["link"], actor=actor, note=reason)
            if self.name == "postpone":
                return verb(event, actor=actor, reason=reason)
            if self.name == "cancel":
                return verb(event, actor=actor, note=reason)
            return verb(event, actor=actor)


CLOCK = ("start_date", "start_time", "end_date", "end_time")

TRANSITIONS = (
    Transition("publish", pgettext_lazy("event verb", "Announce"), (Status.DRAFT,)),
    Transition(
        "reschedule",
        pgettext_lazy("event verb", "Set a new date"),
        (Status.PUBLISHED, Status.POSTPONED),
        (*CLOCK, "deadlines", "reconfirm_date", "reconfirm_time", "reason"),
    ),
    Transition("postpone", pgettext_lazy("event verb", "Postpone without a date"), (Status.PUBLISHED,), ("reason",)),
    Transition("move_online", pgettext_lazy("event verb", "Move online"), (Status.PUBLISHED,), ("link", "reason")),
    Transition(
        "cancel",
        pgettext_lazy("event verb", "Cancel the event"),
        (Status.PUBLISHED, Status.POSTPONED),
        ("reason",),
    ),
    Transition("mark_held", pgettext_lazy("event verb", "It was held"), (Status.PUBLISHED,)),
    Transition("mark_reported", pgettext_lazy("event verb", "The report is there"), (Status.HELD,)),
    Transition("archive", pgettext_lazy("event verb", "Archive"), (Status.HELD, Status.REPORTED)),
)


def transitions_of(event) -> list[Transition]:
    """What can be done with the event now."""
    return [transition for transition in TRANSITIONS if transition.is_possible(event)]


# What becomes of a registration ------------------------------------------------------------------

DECISIONS = {
    "approve": pgettext_lazy("registration verb", "Admit"),
    "decline": pgettext_lazy("registration verb", "Do not admit"),
    "give-seat": pgettext_lazy("registration verb", "Give a place, beyond the limit if need be"),
    "resend": pgettext_lazy("registration verb", "Send the link again"),
    "remove": pgettext_lazy("registration verb", "Remove"),
}


def decisions_of(registration, event) -> list[str]:
    """Names of DECISIONS that are possible for a registration now."""
    if not registration.is_active:
        return []
    names = []
    if registration.state == State.AWAITING_APPROVAL:
        names += ["approve", "decline"]
    elif event.status == Status.PUBLISHED:
        names += ["give-seat"]
    return [*names, "resend", "remove"]


def decide(registration, name, *, actor, note="", pool=None):
    """Raises ValidationError for what cannot be, PermissionDenied for who may not."""
    if name == "approve":
        return admitting.approve(registration, actor=actor)
    if name == "decline":
        return admitting.decline(registration, actor=actor, note=note)
    if name == "remove":
        return admitting.remove(registration, actor=actor, note=note)
    if name == "give-seat":
        return admitting.give_seat(registration, pool, actor=actor, note=note)
    agenda.check_runs(actor, registration.event)
    return remind_of_registration(registration, f"{timezone.now():%Y%m%d%H%M}")
