"""Asking who is registered which dates would suit, while an event is postponed."""

from collections import Counter
from dataclasses import dataclass, field

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events import notices
from events.models import DateOption, DatePoll, Event, PollChoice, PollResponse, Registration
from events.rules import runs
from events.services.seats import lock_pools
from events.times import instant

Fit, Interest = PollChoice.Fit, PollResponse.Interest


def _check_runs(actor, event):
    if not runs(actor, event):
        raise PermissionDenied


@transaction.atomic
def open_poll(event: Event, options: list[dict], *, actor, closes_at, question="") -> DatePoll:
    """Ask about dates, each of "start_date", "start_time", "end_date", "end_time" by the clock of the event's place.

    Raises ValidationError: code "status" where the event is not postponed, "open" while another poll runs, "skipped" or
    "twice" for a time that the clocks of the place do not show once.
    """
    lock_pools(event.pk)
    event = Event.objects.select_for_update(no_key=True, of=["self"]).get(pk=event.pk)
    _check_runs(actor, event)
    now = timezone.now()
    if event.status != Event.Status.POSTPONED:
        raise ValidationError(_("Dates are asked for while an event is postponed."), code="status")
    if not options:
        raise ValidationError(_("Offer one date at least."), code="missing")
    if closes_at <= now:
        raise ValidationError({"closes_at": ValidationError(_("This moment is over."), code="over")})
    event.polls.filter(closed_at__isnull=True, closes_at__lte=now).update(closed_at=now)
    if event.polls.filter(closed_at__isnull=True).exists():
        raise ValidationError(_("Another poll is open for this event."), code="open")
    poll = DatePoll(event=event, question=question, closes_at=closes_at, created_by=actor)
    poll.full_clean()
    poll.save()
    for values in options:
        option = DateOption(poll=poll, **values)
        option.full_clean()
        if instant(option.start_date, option.start_time, event.time_zone) <= now:
            raise ValidationError(_("This day is over."), code="over")
        option.save()
    notices.ask_poll(poll)
    return poll


@transaction.atomic
def close_poll(poll: DatePoll, *, actor) -> DatePoll:
    """End it before its time; closed twice, it stays closed."""
    _check_runs(actor, poll.event)
    poll = DatePoll.objects.select_for_update().get(pk=poll.pk)
    if poll.closed_at is None:
        poll.closed_at = timezone.now()
        poll.save(update_fields=["closed_at"])
    return poll


@transaction.atomic
def answer_poll(registration: Registration, interest: str, choices: dict, comment="") -> PollResponse:
    """Store or change a participant's answer; `choices` is {id of a date: fit}.

    Even "no longer" keeps the registration: withdrawing is a step of its own. Raises ValidationError (code "closed")
    where no poll is open for this person.
    """
    poll = DatePoll.objects.select_for_update().filter(event=registration.event_id, closed_at__isnull=True).first()
    is_asked = notices.told_of(registration.event).filter(pk=registration.pk).exists()
    if poll is None or not poll.is_open or not is_asked:
        raise ValidationError(_("This question is closed."), code="closed")
    options = set(poll.options.values_list("pk", flat=True))
    if set(choices) - options or set(choices.values()) - set(Fit.values) or interest not in Interest.values:
        raise ValidationError(_("Choose one of those offered."), code="invalid")
    response = PollResponse.objects.filter(poll=poll, registration=registration).first()
    response = response or PollResponse(poll=poll, registration=registration)
    response.interest, response.comment, response.answered_at = interest, comment, timezone.now()
    response.full_clean()
    response.save()
    response.choices.all().delete()
    PollChoice.objects.bulk_create(PollChoice(response=response, option_id=pk, fit=fit) for pk, fit in choices.items())
    return response


@dataclass
class Tally:
    """How many said what of a date; who said nothing of it is silent."""

    yes: int = 0
    if_needed: int = 0
    no: int = 0
    silent: int = 0


@dataclass
class DateResult:
    """A date, its numbers, and those of each city: rows of (name of the city or "", Tally) in their order."""

    option: DateOption
    total: Tally = field(default_factory=Tally)
    cities: list = field(default_factory=list)


@dataclass
class Results:
    """Of all who are registered: how many were asked, their interest ("yes", "unsure", "no", "silent"), the dates."""

    asked: int
    interest: Counter
    dates: list[DateResult]


NAMES = {Fit.YES: "yes", Fit.IF_NEEDED: "if_needed", Fit.NO: "no", None: "silent"}


def poll_results(poll: DatePoll) -> Results:
    """Counts over all who are registered now, per date and city. Silence counts as silence, never as a yes.

    Who said "no longer" and withdrew is still counted in the interest, but for no date.
    """
    registered = list(notices.told_of(poll.event).select_related("city"))
    interest = Counter(dict.fromkeys([*Interest.values, "silent"], 0))
    answered = dict(poll.responses.values_list("registration", "interest"))
    interest.update(answered.values())
    interest["silent"] = sum(registration.pk not in answered for registration in registered)
    rows = PollChoice.objects.filter(response__poll=poll)
    fits = {(who, option): fit for who, option, fit in rows.values_list("response__registration", "option", "fit")}
    results = []
    for option in poll.options.all():
        result, by_city = DateResult(option), {}
        for registration in registered:
            name = NAMES[fits.get((registration.pk, option.pk))]
            city = by_city.setdefault(str(registration.city or ""), Tally())
            for tally in (result.total, city):
                setattr(tally, name, getattr(tally, name) + 1)
        result.cities = sorted(by_city.items())
        results.append(result)
    return Results(interest.total(), interest, results)
