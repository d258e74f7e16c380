"""A canary in every personal column of events: the export shows all of them, the erasure leaves none."""

import json
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts import services as accounts
from common.languages import site_languages
from common.models import OutboxMail
from events.models import (
    Certificate,
    DatePoll,
    Event,
    Nomination,
    NoteLink,
    PersonalCalendar,
    PollResponse,
    Registration,
    RegistrationConsent,
    RegistrationStep,
)
from events.personal_data import IMPERSONAL, PERSONAL
from events.services import entering, registering
from tests.accounts.test_personal_data import holding
from tests.events.factories import make_event, make_group, make_registration, make_session
from tests.factories import make_city, make_person

pytestmark = pytest.mark.django_db

CANARY = "canary5519"
EMAIL = f"{CANARY}@malmo.example"
State = Registration.State
CHOSEN = {
    "email": EMAIL,
    "language": "ro",
    "spoken": ["ar", "sv"],
    "country": "TN",
    "time_zone": "Africa/Tunis",
    "needs_interpretation": "ar",
    "kind": "data",
    "version": "2026-11",
}


def values_of(model):
    """A recognisable value for every personal column; free text carries the canary and the column's name."""
    return {name: CHOSEN.get(name, f"{CANARY} {name}") for name in PERSONAL[model]}


@pytest.fixture
def participant():
    """Was at one event with all that can be left there, and is registered for the next, for which another waits."""
    person = make_person(EMAIL, name=f"Asa {CANARY}")
    past = make_event(day=timezone.localdate() - timedelta(days=20), status="held")
    session = make_session(past, kind="breakout", seats=5)
    row = make_registration(past, state="attended", person=person, city=make_city("Malmö"), **values_of(Registration))
    row.allocations.create(pool=session.pool, state="held")
    group = make_group(session)
    row.wishes.create(group=group)
    NoteLink.objects.create(group=group, **values_of(NoteLink))
    row.attendances.create(session=session, source="manual")
    RegistrationConsent.objects.create(registration=row, **values_of(RegistrationConsent))
    RegistrationStep.objects.create(registration=row, to_state="attended", **values_of(RegistrationStep))
    poll = DatePoll.objects.create(event=past, closes_at=timezone.now())
    PollResponse.objects.create(poll=poll, registration=row, interest="yes", **values_of(PollResponse))
    Certificate.objects.create(registration=row, number="1", code="1", hours=3, **values_of(Certificate))
    PersonalCalendar.objects.create(**values_of(PersonalCalendar))
    Nomination.objects.create(event=past, from_registration=row, **values_of(Nomination))
    LogEntry.objects.create(
        user=person,
        content_type=ContentType.objects.get_for_model(Registration),
        object_id=str(row.pk),
        object_repr=f"{CANARY} name",
        action_flag=CHANGE,
    )
    coming = make_event(seats=1)
    for email in (EMAIL, "next@example.org"):
        entering.confirm_address(
            registering.register(
                coming,
                {"email": email, "name": email.partition("@")[0], "mode": "in-person"},
                consents=["data"],
                language="en",
                person=None,
            )
        )
    return person


def base_name(name):
    """Translated columns count once."""
    stem, _underscore, language = name.rpartition("_")
    return stem if language in site_languages() else name


def holds_text(field):
    is_text = isinstance(field, models.CharField | models.TextField | models.JSONField | models.FileField)
    return is_text or isinstance(field, ArrayField)


def test_every_column_with_text_is_classified():
    found = {
        model.__name__: {base_name(field.name) for field in model._meta.fields if holds_text(field)}
        for model in apps.get_app_config("events").get_models()
    }
    personal = {model.__name__: names for model, names in PERSONAL.items()}
    listed = {name: personal.get(name, set()) | IMPERSONAL.get(name, set()) for name in {*personal, *IMPERSONAL}}
    assert {name: names for name, names in found.items() if names} == listed
    assert [name for name in personal if personal[name] & IMPERSONAL.get(name, set())] == []


def test_export_holds_every_personal_column(participant):
    told = accounts.export_personal_data(participant)["events"]
    sections = {
        Registration: told["registrations"],
        RegistrationConsent: told["consents"],
        RegistrationStep: told["steps"],
        Nomination: told["nominations"],
        PollResponse: told["poll_answers"],
        NoteLink: told["links_to_notes"],
        PersonalCalendar: told["personal_calendars"],
        Certificate: told["certificates"],
    }
    assert set(sections) == set(PERSONAL)
    for model, rows in sections.items():
        expected = values_of(model)
        assert {name: rows[0][name] for name in expected} == expected, model
    assert [row["source"] for row in told["attendance"]] == ["manual"]
    assert [row["state"] for row in told["registrations"]] == ["attended", "confirmed"]
    json.dumps(told)


def test_export_is_of_one_person_only(participant):
    told = accounts.export_personal_data(make_person("stranger@example.org"))["events"]
    assert not any(told.values())


def test_erase_leaves_no_personal_text_in_the_whole_database(participant):
    before = holding(CANARY)
    accounts.erase(participant, participant)
    assert {
        *("events_registration", "events_nomination", "events_pollresponse", "events_personalcalendar"),
        "events_notelink",
        *("events_registrationconsent", "events_registrationstep", "events_certificate"),
        *("common_outboxmail", "django_admin_log"),
    } <= set(before)
    assert holding(CANARY) == []


def test_erase_changes_every_personal_column(participant):
    accounts.erase(participant, participant)
    kept = {
        (model.__name__, name)
        for model in PERSONAL
        for row in model.objects.all()
        for name, value in values_of(model).items()
        if getattr(row, name) == value and not (model is RegistrationConsent and name in ("kind", "version"))
    }
    assert kept == set()


def test_erase_withdraws_from_what_is_to_come_and_lets_the_next_in(participant):
    accounts.erase(participant, participant)
    ahead = Registration.objects.filter(event__status=Event.Status.PUBLISHED).order_by("pk")
    assert [(row.state, row.email) for row in ahead] == [
        (State.WITHDRAWN, ""),
        (State.CONFIRMED, "next@example.org"),
    ]


def test_erase_keeps_counts_of_what_has_been(participant):
    past = Event.objects.get(status="held")
    before = (past.registrations.taking_part().count(), past.pools.filter(allocations__state="held").count())
    accounts.erase(participant, participant)
    after = (past.registrations.taking_part().count(), past.pools.filter(allocations__state="held").count())
    row = past.registrations.get()
    assert before == after == (1, 2)
    assert (row.state, row.person, row.is_listed, str(row)) == ("attended", None, False, "Former participant")
    assert (row.attendances.count(), row.city.name_en) == (1, "Malmö")


def test_erase_closes_links_and_sends_nothing_that_waits(participant, client):
    rows = list(Registration.objects.filter(email=EMAIL))
    from events.emails.participating import address

    links = [address(row).removeprefix("http://localhost:8000") for row in rows]
    before = [client.get(link).status_code for link in links]
    accounts.erase(participant, participant)
    assert (before, [client.get(link).status_code for link in links]) == ([200, 200], [404, 404])
    left = OutboxMail.objects.exclude(recipient="next@example.org").values_list("state", "text", "calendar")
    assert set(left) == {("cancelled", "", "")}


def test_erase_of_one_leaves_others_alone(participant):
    accounts.erase(make_person("stranger@example.org"), actor=make_person(is_superuser=True, is_staff=True))
    assert Registration.objects.filter(email=EMAIL).count() == 2
