"""Events of the demonstration, each through the services that a coordinator uses, at the time it would have been done."""

import tomllib
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from pathlib import Path
from unittest import mock

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from events.models import (
    ActionItem,
    BreakoutGroup,
    Decision,
    Event,
    EventDateChange,
    EventPractice,
    EventSeries,
    EventStep,
    MinutesRevision,
    Registration,
    RegistrationStep,
    Session,
)
from events.services import admitting, following_up, life, minutes, polls
from events.services.attending import check_in
from events.services.duplicating import duplicate_event
from networks.models import City, Network, RoleAssignment
from vocabularies.models import Scheme, Term

DATA = Path(__file__).parent / "events.toml"
TEXTS = ("title", "summary", "description", "practical", "status_note")
ANNOUNCED_BEFORE = timedelta(days=60)
NAMES = ("Alva", "Bashir", "Chiara", "Dana", "Elias", "Farida", "Giorgio", "Hanna", "Idris", "Jonas", "Karima", "Leo",
         "Mariam", "Nils", "Ornella", "Petra", "Rachid")  # fmt: skip
STAKEHOLDERS = ("municipality", "cso-ngo", "school", "university-research")


@transaction.atomic
def seed_events() -> int:
    """Add the events once the demonstration's people are there; returns how many there are."""
    if not Event.objects.exists():
        told = tomllib.loads(DATA.read_text(encoding="utf-8"))
        made, series = {}, {told["series"]["key"]: _series(told["series"])}
        for entry in told["event"]:
            made[entry["key"]] = _event(entry, series, made)
        _nominate(made["workshop-migration"], made["regional-meeting"])
    return Event.objects.count()


@contextmanager
def _as_of(moment):
    """Let the services act as on a day that is over: history is made with them, not beside them."""
    began = timezone.now()
    with mock.patch.object(timezone, "now", return_value=moment):
        yield
    # Columns whose default is the clock itself do not ask the patched one.
    for model in (EventStep, EventDateChange, RegistrationStep):
        model.objects.filter(at__gte=began).update(at=moment)


def _coordinator(networks):
    held = RoleAssignment.objects.active().filter(role=RoleAssignment.Role.COORDINATOR, network__in=networks)
    found = held.order_by("pk").first()
    return found.person if found else get_user_model().objects.filter(is_superuser=True).order_by("pk").first()


def _series(entry):
    networks = Network.objects.filter(slug__in=entry["networks"])
    texts = {f"{name}_{code}": text for name in TEXTS[:3] for code, text in entry.get(name, {}).items()}
    series = EventSeries.objects.create(
        source_language=entry["source_language"], created_by=_coordinator(networks), **texts
    )
    series.networks.set(networks)
    return series


def _event(entry, series, made):
    networks = list(Network.objects.filter(slug__in=entry["networks"]))
    actor = _coordinator(networks)
    first, last = _days(entry)
    texts = {f"{name}_{code}": text for name in TEXTS for code, text in entry.get(name, {}).items()}
    announced = min(
        timezone.now(), datetime.combine(first, time(9), timezone.get_current_timezone()) - ANNOUNCED_BEFORE
    )
    with _as_of(announced):
        if "copy_of" in entry:
            event = duplicate_event(made[entry["copy_of"]], actor=actor, first_day=first)
            event = life.edit_event(event, texts, actor=actor)
        else:
            event = life.create_event(_values(entry, first, last) | texts, networks, actor=actor)
            event = life.edit_event(event, {"series": series.get(entry.get("series"))}, actor=actor)
        _agenda(event, entry)
        event = life.publish(event, actor=actor)
        for pool in event.pools.filter(session=None):
            admitting.change_pool(pool, {"capacity": entry.get("seats")}, actor=actor)
        _participants(event, entry, actor)
    _what_became_of_it(event, entry, actor)
    return event


def _days(entry):
    if "in_days" in entry:
        day = timezone.localdate() + timedelta(days=entry["in_days"])
        return day, day
    return entry["first_day"], entry["last_day"]


def _values(entry, first, last):
    return {
        "source_language": entry["source_language"],
        "format": Term.objects.get(scheme=Scheme.EVENT_FORMAT, code=entry["format"]),
        "themes": list(Term.objects.filter(scheme=Scheme.THEME, code__in=entry["themes"])),
        "languages": entry["languages"],
        "interpretation": entry.get("interpretation", []),
        "mode": entry["mode"],
        "entry": entry.get("entry", Event.Entry.OPEN),
        "city": City.objects.filter(slug=entry.get("city", "")).first(),
        "venue": entry.get("venue", ""),
        "online_link": "https://meet.example.org/hub" if entry["mode"] == "online" else "",
        "start_date": first,
        "end_date": last,
        "start_time": time.fromisoformat(entry["start"]),
        "end_time": time.fromisoformat(entry["end"]),
        "time_zone": entry["time_zone"],
        "contact_email": "events@example.org",
        "reminder_hours": [168, 24],
    }


def _agenda(event, entry):
    for part in entry.get("sessions", ()):
        session = Session(
            event=event,
            kind=part.get("kind", Session.Kind.PLENARY),
            day=event.start_date + timedelta(days=part.get("day", 1) - 1),
            start_time=time.fromisoformat(part["start"]),
            end_time=time.fromisoformat(part["end"]),
            **{f"title_{code}": text for code, text in part["title"].items()},
        )
        session.full_clean()
        session.save()
        for order, subject in enumerate(part.get("groups", ())):
            BreakoutGroup.objects.create(session=session, title_en=subject, capacity=6, order=order)
    for shown in entry.get("practices", ()):
        city = City.objects.get(slug=shown["city"])
        EventPractice.objects.create(event=event, **(shown | {"city": city}))


def _participants(event, entry, actor):
    """People of the networks' cities, in turn; who comes after the last seat waits."""
    cities = list(City.objects.filter(networks__in=event.networks.all()).distinct().order_by("slug"))
    kinds = list(Term.objects.filter(scheme=Scheme.ORGANISATION_TYPE, code__in=STAKEHOLDERS).order_by("code"))
    for number in range(entry.get("participants", 0)):
        name = NAMES[number % len(NAMES)]
        admitting.enter_by_hand(
            event,
            {
                "email": f"{name.lower()}.{event.pk}@example.org",
                "name": f"Demo {name}",
                "mode": Registration.Mode.ONLINE if event.is_online else Registration.Mode.IN_PERSON,
                "city": cities[number % len(cities)],
                "stakeholder": kinds[number % len(kinds)],
                "spoken": event.languages[: 1 + number % 2],
            },
            language=event.source_language if number % 3 else "en",
            actor=actor,
        )


def _what_became_of_it(event, entry, actor):
    over = event.ends_at + timedelta(hours=2)
    if entry.get("is_cancelled"):
        with _as_of(event.starts_at - timedelta(days=3)):
            life.cancel(event, actor=actor, note=entry["status_note"]["it"])
    if entry.get("is_held"):
        with _as_of(over):
            for registration in event.registrations.taking_part().order_by("pk")[1:]:
                _came(registration, event, actor)
            life.mark_held(event, actor=actor)
            _afterwards(event, entry, actor)
    if entry.get("is_reported"):
        with _as_of(over + timedelta(days=10)):
            life.mark_reported(event, actor=actor)
    if "poll" in entry:
        life.postpone(event, actor=actor, reason=entry["status_note"]["it"])
        _poll(event, entry["poll"], actor)


def _came(registration, event, actor):
    sessions = list(event.sessions.exclude(kind=Session.Kind.PAUSE)) or [None]
    for session in sessions:
        check_in(registration, actor=actor, session=session)


def _afterwards(event, entry, actor):
    if said := entry.get("minutes"):
        kept = minutes.save_minutes(event, said["text"], base=0, language=said["language"], actor=actor)
        MinutesRevision.objects.filter(pk=kept.pk).update(at=timezone.now())
    for order, decision in enumerate(entry.get("decisions", ())):
        following_up.keep(Decision(event=event, text=decision["text"], order=order), actor=actor)
    for action in entry.get("actions", ()):
        due_on = event.end_date + timedelta(days=60)
        item = ActionItem(event=event, city=City.objects.get(slug=action["city"]), text=action["text"], due_on=due_on)
        item = following_up.keep(item, actor=actor)
        if action.get("is_done"):
            following_up.mark_done(item, actor=actor)


def _poll(event, asked, actor):
    options = []
    for days in asked["in_days"]:
        day = timezone.localdate() + timedelta(days=days)
        options.append(
            {"start_date": day, "start_time": time(10), "end_date": day + timedelta(days=1), "end_time": time(13)}
        )
    polls.open_poll(
        event, options, actor=actor, closes_at=timezone.now() + timedelta(days=20), question=asked["question"]
    )
    for number, registration in enumerate(event.registrations.active().order_by("pk")):
        poll = event.polls.get()
        if number % 4 == 3:
            continue
        fits = ("yes", "if-needed", "no")
        choices = {option.pk: fits[(number + place) % 3] for place, option in enumerate(poll.options.all())}
        polls.answer_poll(registration, "yes" if number % 5 else "unsure", choices)


def _nominate(workshop, meeting):
    actor = _coordinator(workshop.networks.all())
    for registration in workshop.registrations.filter(state=Registration.State.ATTENDED).order_by("pk")[:6]:
        admitting.nominate(
            meeting,
            registration.email,
            actor=actor,
            name=registration.name,
            city=registration.city,
            language=registration.language,
            registration=registration,
        )
