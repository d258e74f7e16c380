"""What a careful reader of the events found, and what keeps it from coming back."""

import logging
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import ProtectedError
from django.urls import reverse
from django.utils import timezone

from accounts.services import erase
from common.logs import OneLineFormatter
from events.documents.report import report_pdf
from events.models import Attendance, Certificate, Event, EventPractice, GroupPlace
from events.services import admitting, entering, registering
from events.services.certifying import stored_name
from events.services.own_details import tell_details
from events.tokens import token_of
from networks.models import RoleAssignment
from networks.services import grant_role
from tests.events.factories import make_event, make_group, make_registration, make_session
from tests.factories import make_city, make_network, make_person, make_practice

pytestmark = pytest.mark.django_db


@pytest.fixture
def coordinator():
    person = make_person(is_staff=True)
    network = make_network()
    grant_role(person, RoleAssignment.Role.COORDINATOR, actor=make_person(is_superuser=True), network=network)
    person.network = network
    return person


@pytest.mark.parametrize("page", ["", "export/"])
@pytest.mark.parametrize("lookup", ["needs_diet__icontains", "needs_access__startswith", "message__contains"])
def test_list_of_registrations_cannot_be_asked_who_needs_what(client, coordinator, lookup, page):
    event = make_event(networks=[coordinator.network])
    make_registration(event, name="Alva", needs_diet="halal", needs_access="halal", message="halal")
    client.force_login(coordinator)
    address = reverse("admin:events_registration_changelist") + page
    allowed = client.get(address, {"state__exact": "confirmed"})
    refused = client.get(address, {lookup: "halal"})
    assert (allowed.status_code, refused.status_code) == (200, 400)
    assert "Alva" not in refused.content.decode()


def test_erasure_takes_the_documents_of_certificates_too(settings, tmp_path, django_capture_on_commit_callbacks):
    settings.MEDIA_ROOT = tmp_path
    person = make_person("asa@example.org")
    row = make_registration(make_event(status="held"), "asa@example.org", state="attended", person=person)
    certificate = Certificate.objects.create(
        registration=row, number="1", code="ABCD", name="Åsa", hours=2, language="sv"
    )
    default_storage.save(stored_name(certificate), ContentFile(b"Asa"))
    with django_capture_on_commit_callbacks(execute=True):
        erase(person, person)
    certificate.refresh_from_db()
    assert (certificate.name, default_storage.exists(stored_name(certificate))) == ("", False)


def test_report_keeps_the_place_of_a_practice_that_hides_it(monkeypatch):
    from events.documents import report

    event = make_event(status="reported")
    for precision, city in (("hidden", "Secretville"), ("city", "Opentown")):
        practice = make_practice(city=make_city(city), location_precision=precision)
        EventPractice.objects.create(event=event, practice=practice)
    shown = [row["city"] for row in report._practices(event)]
    assert sorted(shown) == ["", "Opentown"]
    assert report_pdf(event).startswith(b"%PDF")


def test_seat_given_back_takes_the_place_in_its_room_along():
    event = make_event(seats=5)
    session = make_session(event, kind="breakout", seats=2)
    row = make_registration(event)
    registering.choose_sessions(row, [session])
    GroupPlace.objects.create(registration=row, session=session, group=make_group(session))
    registering.choose_sessions(row, [])
    assert GroupPlace.objects.count() == 0


def test_log_names_no_key_of_a_participant():
    row = make_registration(make_event())
    for page, key in (("registration", token_of(row)), ("check-in", token_of(row, "check-in"))):
        path = f"/ar/events/{page}/{row.uid}/{key}/details/"
        record = logging.LogRecord("django.request", 30, "", 0, "Conflict: %s", (path,), None)
        assert OneLineFormatter("%(message)s").format(record) == f"Conflict: /ar/events/{page}/…"


@pytest.mark.parametrize("status", ["postponed", "held", "cancelled"])
def test_nobody_is_admitted_to_what_does_not_take_place(coordinator, status):
    event = make_event(networks=[coordinator.network], needs_approval=True)
    row = make_registration(event, state="awaiting-approval")
    dates = {"starts_at": None, "ends_at": None} if status == "postponed" else {}
    Event.objects.filter(pk=event.pk).update(status=status, **dates)
    with pytest.raises(ValidationError):
        admitting.approve(row, actor=coordinator)
    row.refresh_from_db()
    assert row.state == "awaiting-approval"


def test_way_of_taking_part_that_is_gone_gives_no_seat():
    event = make_event(mode="hybrid")
    row = make_registration(event, state="unverified", seat=False, mode="online")
    Event.objects.filter(pk=event.pk).update(mode="in-person")
    with pytest.raises(ValidationError):
        entering.confirm_address(row)
    assert row.allocations.count() == 0


def test_needs_are_not_taken_once_the_event_is_over():
    event = make_event()
    row = make_registration(event)
    past = timezone.now() - timedelta(days=40)
    Event.objects.filter(pk=event.pk).update(starts_at=past, ends_at=past + timedelta(hours=2))
    with pytest.raises(ValidationError):
        tell_details(row, {"needs_access": "A ramp"})


def test_marks_and_notes_keep_their_session_and_group_from_being_deleted():
    event = make_event()
    session = make_session(event, kind="breakout")
    group = make_group(session)
    Attendance.objects.create(registration=make_registration(event), session=session, source="manual")
    event.minutes.create(group=group, number=1, language="en", text="<p>Said.</p>")
    for record in (session, group):
        with pytest.raises(ProtectedError):
            record.delete()


def test_limits_that_a_form_merely_repeats_do_not_undo_an_override(client, coordinator):
    event = make_event(networks=[coordinator.network], seats=1)
    make_registration(event)
    pool = event.pools.get()
    client.force_login(coordinator)
    address = reverse("admin:events_seatpool_change", args=[pool.pk])
    form = client.get(address).context["adminform"].form
    shown = {name: "" if (value := form[name].value()) in (None, False) else value for name in form.fields}
    stale = {f"initial-{name}": value for name, value in shown.items()} | shown | {"offer_hours": "12"}
    stale |= {"reserves-TOTAL_FORMS": 0, "reserves-INITIAL_FORMS": 0}
    admitting.give_seat(make_registration(event, state="waitlisted"), pool, actor=coordinator, note="The mayor.")
    client.post(address, stale)
    pool.refresh_from_db()
    assert (pool.capacity, pool.offer_hours) == (2, 12)


def test_practice_at_an_event_is_not_named_before_it_is_public():
    practice = make_practice(published=False, texts={"title_en": "Secret plan"})
    shown = EventPractice(event=make_event(), practice=practice)
    named = EventPractice(event=shown.event, practice=practice, title="Coffee with neighbours")
    assert (str(shown), str(named)) == ("A practice that is not public", "Coffee with neighbours")
