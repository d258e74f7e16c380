"""What is kept about participants without an account: told, erased at their wish, and forgotten by the clock."""

import json
import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from common.models import OutboxMail
from events import tasks
from events.documents.report import _by_country
from events.emails.participating import OWN_DATA
from events.models import (
    Certificate,
    DatePoll,
    Event,
    Nomination,
    PersonalCalendar,
    PollResponse,
    Registration,
    RegistrationConsent,
    RegistrationStep,
    SeatAllocation,
)
from events.personal_data import of_account, of_address, of_participation
from events.retention import kept_until, kept_until_in_words
from events.services import entering, forgetting, life, registering
from events.services.attending import settle_attendance
from events.services.certifying import stored_name
from events.services.invariants import problems_of
from events.tokens import token_of
from hub.settings import checked_days
from tests.accounts.test_personal_data import holding
from tests.events.factories import make_event, make_group, make_registration, make_session
from tests.factories import make_city, make_person
from tests.hub.test_methods import digests

pytestmark = pytest.mark.django_db

CANARY = "canary8846"
EMAIL = f"{CANARY}@malmo.example"
OTHER = "other@malmo.example"
State, Mail = Registration.State, OutboxMail.State
PAGES = ("registration-data", "registration-data-file", "registration-data-mail", "registration-data-erase")


@pytest.fixture(autouse=True)
def own_media(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


def days_ago(days):
    return timezone.localdate() - timedelta(days=days)


def leave_all_traces(event, email=EMAIL, word=CANARY, **values):
    """A participant with words in every place that an event has for them."""
    row = make_registration(
        event,
        email,
        **{
            "state": "attended",
            "name": f"Asa {word}",
            "organisation": f"{word} school",
            "city": make_city(f"City of event {event.pk}"),
            "country": "TN",
            "language": "sv",
            "spoken": ["ar"],
            "time_zone": "Africa/Tunis",
            "needs_access": f"{word} ramp",
            "needs_diet": f"{word} nuts",
            "message": f"{word} message",
            "is_listed": True,
        }
        | values,
    )
    RegistrationConsent.objects.create(registration=row, kind="data", version="1", language="sv", text=f"{word} yes")
    RegistrationStep.objects.create(registration=row, to_state=row.state, note=f"{word} rang up")
    poll = event.polls.first() or DatePoll.objects.create(event=event, closes_at=timezone.now())
    PollResponse.objects.create(poll=poll, registration=row, interest="yes", comment=f"{word} remark")
    Nomination.objects.create(event=event, email=email.upper(), name=f"Asa {word}", from_registration=row)
    PersonalCalendar.objects.get_or_create(email=email.lower())
    OutboxMail.objects.create(
        kind="events/place",
        key=f"event-place:{row.pk}:{word}",
        recipient=email,
        name=f"Asa {word}",
        language="sv",
        subject=f"{word} subject",
        text=f"{word} text",
        about=f"event:{event.pk}",
        state=Mail.ACCEPTED,
        accepted_at=timezone.now(),
        not_before=timezone.now(),
        message_id=f"{row.pk}",
    )
    note_in_log(row, f"Asa {word}")
    return row


def note_in_log(record, words, flag=CHANGE):
    LogEntry.objects.create(
        user=make_person(),
        content_type=ContentType.objects.get_for_model(record),
        object_id=str(record.pk),
        object_repr=words,
        action_flag=flag,
    )


def certify(row, **values):
    certificate = Certificate.objects.create(
        registration=row,
        number=f"2026-{row.pk}",
        code="AAAA-BBBB-CCCC-DDDD",
        name=row.name,
        hours=3,
        language="sv",
        **values,
    )
    default_storage.save(stored_name(certificate), ContentFile(b"%PDF"))
    return certificate


def link(row, name="registration-data", purpose="manage"):
    return reverse(f"events:{name}", args=[row.uid, token_of(row, purpose)])


def enter(event, email, **values):
    values = {"email": email, "name": f"Asa {email.partition('@')[0]}", "mode": "in-person"} | values
    row = registering.register(event, values, consents=["data"], language="en")
    return entering.confirm_address(row)


def snapshot(*rows):
    """All that the database holds about others, to be compared."""
    found = [
        Registration.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk").values(),
        *(
            model.objects.filter(registration__in=[row.pk for row in rows]).order_by("pk").values()
            for model in (RegistrationConsent, RegistrationStep, PollResponse, SeatAllocation, Certificate)
        ),
        Nomination.objects.filter(email__iexact=OTHER).order_by("pk").values(),
        PersonalCalendar.objects.filter(email__iexact=OTHER).values(),
        OutboxMail.objects.filter(recipient=OTHER).order_by("pk").values(),
        LogEntry.objects.filter(object_id__in=[str(row.pk) for row in rows]).order_by("pk").values(),
    ]
    return [list(part) for part in found]


@pytest.fixture
def past():
    return make_event(day=days_ago(20), status="held")


# Told --------------------------------------------------------------------------------------------


def test_link_of_a_registration_tells_of_its_event_alone(client, past):
    row, elsewhere = leave_all_traces(past), leave_all_traces(make_event(title_en="Second workshop"))
    answer = client.post(link(row, "registration-data-file"))
    told = json.loads(answer.content)
    assert answer["Content-Disposition"] == 'attachment; filename="personal-data.json"'
    assert {section: len(rows) for section, rows in told.items()} == {
        "registrations": 1,
        "consents": 1,
        "steps": 1,
        "nominations": 1,
        "links_to_notes": 0,
        "poll_answers": 1,
        "attendance": 0,
        "certificates": 0,
        "personal_calendars": 0,
        "mails": 1,
    }
    assert (told["registrations"][0]["name"], told["registrations"][0]["needs_diet"]) == (
        f"Asa {CANARY}",
        f"{CANARY} nuts",
    )
    assert "Second workshop" not in answer.content.decode()
    assert "Second workshop" not in client.get(link(row)).content.decode()
    assert str(elsewhere.event) == "Second workshop"


def test_mailed_link_tells_of_every_event_of_the_address_in_any_case(client, past):
    row = leave_all_traces(past)
    leave_all_traces(make_event(title_en="Second workshop"), EMAIL.title())
    leave_all_traces(past, OTHER, "otherword")
    told = client.post(link(row, "registration-data-file", OWN_DATA)).json()
    page = client.get(link(row, purpose=OWN_DATA)).content.decode()
    assert [one["event"] for one in told["registrations"]] == [str(past), "Second workshop"]
    assert [len(told[part]) for part in ("nominations", "personal_calendars", "mails")] == [2, 1, 2]
    assert "otherword" not in json.dumps(told)
    assert (EMAIL in page, "Second workshop" in page, "otherword" in page) == (True, True, False)


def test_link_to_everything_goes_to_the_mailbox_once_a_day(client, past):
    row = leave_all_traces(past)
    for _time in range(2):
        answer = client.post(link(row, "registration-data-mail"), follow=True)
        assert "The link is on its way to your mailbox." in answer.content.decode()
    [mail] = OutboxMail.objects.filter(kind="events/own-data")
    assert (mail.recipient, mail.is_secret, mail.language) == (EMAIL, True, "sv")
    assert link(row, purpose=OWN_DATA).removeprefix("/en") in mail.text
    assert token_of(row) not in mail.text
    assert client.get(re.search(r"http://localhost:8000(/\S+/data/)", mail.text)[1]).status_code == 200


def test_secret_of_the_data_opens_nothing_else(client, past):
    row = leave_all_traces(past)
    assert client.get(link(row, "manage", OWN_DATA)).status_code == 404
    assert client.post(link(row, "registration-withdraw", OWN_DATA)).status_code == 404


def test_own_page_and_form_say_until_when_names_are_kept(client):
    event = make_event(day=date(2027, 6, 15))
    row = make_registration(event, EMAIL)
    sentence = "Your name and address are deleted by 15 June 2028."
    own = client.get(link(row, "manage")).content.decode()
    assert sentence in client.get(reverse("events:register", args=[event.pk, event.slug])).content.decode()
    assert all(part in own for part in (sentence, *(link(row, name) for name in PAGES[1:])))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"ends_at": datetime(2027, 3, 1, 16, tzinfo=UTC)}, date(2028, 3, 1)),
        ({"ends_at": datetime(2027, 3, 1, 23, 30, tzinfo=UTC), "time_zone": "Asia/Amman"}, date(2028, 3, 2)),
        ({"status": "cancelled", "ends_at": None, "status_at": datetime(2027, 3, 1, tzinfo=UTC)}, date(2028, 3, 1)),
        ({"status": "postponed", "ends_at": None}, None),
    ],
)
def test_day_by_which_names_are_deleted(values, expected):
    assert kept_until(Event(**{"time_zone": "Europe/Stockholm", "status": "published"} | values)) == expected


def test_without_a_date_the_number_of_days_is_told(settings):
    settings.EVENT_PARTICIPANTS_KEPT_DAYS = 200
    words = kept_until_in_words(Event(status="postponed"))
    assert words == "Your name and address are deleted 200 days after the event."


def test_days_kept_cannot_be_so_few_that_people_of_coming_events_go():
    assert checked_days("X", 30) == 30
    for days in (29, 0, -5):
        with pytest.raises(ImproperlyConfigured):
            checked_days("X", days)


# Who may -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_wrong_secret_opens_nothing(client, past, name):
    row, other = leave_all_traces(past), leave_all_traces(past, OTHER, "otherword")
    before = digests()
    for secret in (token_of(other), token_of(other, OWN_DATA), token_of(row, "feedback"), token_of(row)[:-1] + "x"):
        path = reverse(f"events:{name}", args=[row.uid, secret])
        assert {client.post(path).status_code, client.head(path).status_code} in ({404}, {404, 405})
    assert digests() == before


@pytest.mark.parametrize("purpose", ["manage", OWN_DATA])
def test_reading_changes_nothing(client, past, purpose):
    row = leave_all_traces(past)
    before = digests()
    codes = {
        name: (client.get(link(row, name, purpose)).status_code, client.head(link(row, name, purpose)).status_code)
        for name in PAGES
    }
    assert codes == {
        "registration-data": (200, 200),
        "registration-data-file": (405, 405),
        "registration-data-mail": (405, 405),
        "registration-data-erase": (200, 200),
    }
    assert digests() == before


@pytest.mark.parametrize("name", PAGES[1:])
def test_forged_forms_are_refused(past, name):
    row = leave_all_traces(past)
    before = digests()
    assert Client(enforce_csrf_checks=True).post(link(row, name)).status_code == 403
    assert digests() == before


def test_form_of_the_page_is_accepted(past):
    row, browser = leave_all_traces(past), Client(enforce_csrf_checks=True)
    page = browser.get(link(row, "registration-data-erase")).content.decode()
    secret = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    answer = browser.post(link(row, "registration-data-erase"), {"csrfmiddlewaretoken": secret})
    assert (answer.status_code, "Your data are erased" in answer.content.decode()) == (200, True)


def test_pages_are_kept_by_nobody_and_name_no_address_to_others(client, past):
    row = leave_all_traces(past)
    answers = [client.get(link(row)), client.post(link(row, "registration-data-file"))]
    assert {answer["Referrer-Policy"] for answer in answers} == {"strict-origin"}
    assert all("no-store" in answer["Cache-Control"] for answer in answers)


# Erased ------------------------------------------------------------------------------------------


def test_nothing_that_was_typed_is_left_in_the_whole_database(client, past):
    row = leave_all_traces(past)
    certify(row)
    before = holding(CANARY)
    client.post(link(row, "registration-data-erase"))
    assert before == [
        *("common_outboxmail", "django_admin_log", "events_certificate", "events_nomination"),
        *("events_personalcalendar", "events_pollresponse", "events_registration", "events_registrationconsent"),
        "events_registrationstep",
    ]
    assert holding(CANARY) == holding(CANARY.upper()) == holding("Africa/Tunis") == []


def test_mailed_link_erases_at_every_event(client, past):
    row = leave_all_traces(past)
    leave_all_traces(make_event(), EMAIL.title(), state="confirmed")
    taken_back = Nomination.objects.create(event=make_event(), email=EMAIL, name=f"Asa {CANARY}")
    note_in_log(taken_back, f"Asa {CANARY}", DELETION)
    taken_back.delete()
    Nomination.objects.create(event=make_event(), email=EMAIL, name=f"Asa {CANARY}")
    client.post(link(row, "registration-data-erase", OWN_DATA))
    assert holding(CANARY) == []
    assert list(Registration.objects.order_by("pk").values_list("state", flat=True)) == ["attended", "withdrawn"]


def test_link_of_a_registration_erases_at_its_event_alone(client, past):
    row, elsewhere = leave_all_traces(past), leave_all_traces(make_event())
    kept = snapshot(elsewhere)
    client.post(link(row, "registration-data-erase"))
    assert snapshot(elsewhere) == kept
    assert (Nomination.objects.filter(email__iexact=EMAIL).count(), PersonalCalendar.objects.count()) == (1, 1)
    assert [mail.about for mail in OutboxMail.objects.filter(recipient=EMAIL)] == [f"event:{elsewhere.event_id}"]
    row.refresh_from_db()
    assert (str(row), row.email, row.person, row.is_listed) == ("Former participant", "", None, False)


@pytest.mark.parametrize("purpose", ["manage", OWN_DATA])
def test_others_are_untouched_namesakes_too(client, past, purpose):
    row, coming = leave_all_traces(past), make_event()
    others = [leave_all_traces(past, OTHER), leave_all_traces(coming, OTHER, state="confirmed")]
    certify(others[0])
    kept = snapshot(*others)
    client.post(link(row, "registration-data-erase", purpose))
    assert snapshot(*others) == kept
    assert default_storage.exists(stored_name(others[0].certificates.get()))


def test_those_who_were_erased_before_are_not_one_person(past):
    first, second = leave_all_traces(past), leave_all_traces(past, OTHER, "otherword")
    forgetting.erase(of_address(EMAIL))
    first.refresh_from_db()
    assert list(of_participation(first).registrations) == [first]
    forgetting.erase(of_participation(first))
    second.refresh_from_db()
    assert (second.name, second.email) == ("Asa otherword", OTHER)
    with pytest.raises(ValueError, match="empty address"):
        of_address("")


def test_seat_goes_to_the_next_and_no_mail_leaves(client):
    event = make_event(seats=1)
    row, waiting = enter(event, EMAIL), enter(event, "next@example.org")
    client.post(link(row, "registration-data-erase"))
    for one in (row, waiting):
        one.refresh_from_db()
    assert (row.state, waiting.state, problems_of(event)) == (State.WITHDRAWN, State.CONFIRMED, [])
    assert set(OutboxMail.objects.exclude(recipient="next@example.org").values_list("state", "text", "name")) == {
        (Mail.CANCELLED, "", "")
    }


def test_registration_that_was_never_confirmed_is_erased_too(client):
    values = {"email": EMAIL, "name": f"Asa {CANARY}", "mode": "in-person", "message": CANARY}
    row = registering.register(make_event(), values, consents=["data"], language="en")
    assert row.state == State.UNVERIFIED
    client.post(link(row, "registration-data-erase"))
    row.refresh_from_db()
    assert (holding(CANARY), row.state) == ([], State.WITHDRAWN)


def test_links_close_and_pressing_twice_says_twice_that_it_is_done(client, past):
    row = leave_all_traces(past)
    links = {name: link(row, name) for name in ("manage", *PAGES)}
    answers = [client.post(links["registration-data-erase"]) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("Your data are erased" in answer.content.decode() for answer in answers)
    assert [client.get(links[name]).status_code for name in ("manage", "registration-data")] == [404, 404]
    assert [client.post(links[name]).status_code for name in PAGES[1:3]] == [404, 404]
    assert client.get(links["registration-data-erase"]).status_code == 404
    assert client.get(link(row, "feedback", "feedback")).status_code == 404


@pytest.mark.parametrize(
    "state", [Mail.WAITING, Mail.HELD, Mail.LEASED, Mail.HANDING_OVER, Mail.FAILED, Mail.UNCERTAIN]
)
def test_mail_that_has_not_left_does_not_leave(past, state):
    leave_all_traces(past)
    lease = {"lease": "0" * 32, "lease_until": timezone.now()}
    OutboxMail.objects.update(state=state, accepted_at=None, **lease)
    forgetting.erase(of_address(EMAIL))
    mail = OutboxMail.objects.get()
    assert (mail.state, mail.recipient, mail.subject) == (Mail.CANCELLED, f"erased-{mail.pk}@erased.invalid", "")


def test_account_goes_by_the_same_rules(past):
    person = make_person(EMAIL, name=f"Asa {CANARY}")
    row = leave_all_traces(past, person=person)
    former = leave_all_traces(make_event(), "former@malmo.example", person=person)
    assert [one.pk for one in of_account(person).registrations.order_by("pk")] == [row.pk, former.pk]
    forgetting.erase_account(person)
    assert holding("former@malmo.example") == holding("FORMER@") == []
    assert [table for table in holding(CANARY) if table.startswith(("events", "common", "django"))] == []


def test_certificate_of_who_was_erased_vouches_for_no_name(client, past, django_capture_on_commit_callbacks):
    row = leave_all_traces(past)
    certificate = certify(row)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(link(row, "registration-data-erase"))
    page = client.get(reverse("events:certificate-check", args=[certificate.code])).content.decode()
    assert ("Valid" in page, "had the name erased" in page, CANARY in page) == (True, True, False)
    assert default_storage.exists(stored_name(certificate)) is False


def test_confirmation_page_names_what_goes(client, past):
    row = leave_all_traces(past)
    assert "Your certificate stays valid" not in client.get(link(row, "registration-data-erase")).content.decode()
    certify(row)
    page = client.get(link(row, "registration-data-erase")).content.decode()
    assert ("Your certificate stays valid" in page, str(past) in page) == (True, True)


# Forgotten by the clock --------------------------------------------------------------------------


def ended(days, **values):
    """An event that ended so many days ago, at four in the afternoon."""
    return make_event(day=days_ago(days), **{"status": "held"} | values)


def test_names_go_so_many_days_after_the_event_and_not_before(settings):
    settings.EVENT_PARTICIPANTS_KEPT_DAYS = 100
    event = ended(20)
    leave_all_traces(event)
    at = event.ends_at + timedelta(days=100)
    assert forgetting.forget_participants(at - timedelta(minutes=1)) == 0
    assert "events_registration" in holding(CANARY)
    assert (forgetting.forget_participants(at), holding(CANARY)) == (1, [])


def test_day_that_was_told_is_kept():
    event = ended(20)
    leave_all_traces(event)
    told = kept_until(event)
    night = datetime(told.year, told.month, told.day, 3, 40, tzinfo=UTC)
    assert (forgetting.forget_participants(night - timedelta(days=1)), forgetting.forget_participants(night)) == (0, 1)


def test_nightly_task_forgets_and_a_second_run_finds_nothing():
    leave_all_traces(ended(400))
    tasks.forget_participants.apply().get()
    before = digests()
    assert (holding(CANARY), forgetting.forget_participants(), digests() == before) == ([], 0, True)


def test_counts_and_seats_stay():
    event, city = ended(400, seats=5), make_city("Malmö")
    session = make_session(event, kind="breakout", seats=3)
    group = make_group(session)
    for state, seat in [("attended", True), ("attended", True), ("no-show", True), ("withdrawn", False)]:
        row = make_registration(event, state=state, seat=seat, city=city)
        row.attendances.create(session=session, source="manual")
        row.wishes.create(group=group)
    for country in ("TN",) * 6:
        make_registration(event, state="attended", country=country)
    waiting = make_registration(event, state="waitlisted", seat=False)
    waiting.allocations.create(pool=event.pools.get(kind="in-person"), state="waiting", position=1)
    event.pools.filter(kind="in-person").update(queue_counter=1, capacity=9)

    seats = SeatAllocation.objects.filter(pool__event=event)

    def counts():
        return (
            list(event.registrations.values_list("pk", "state", "mode", "city", "country").order_by("pk")),
            list(seats.values_list("pk", "pool", "state", "position").order_by("pk")),
            list(event.registrations.values_list("pk", "attendances__session").order_by("pk")),
            _by_country(event),
            problems_of(event),
        )

    before = counts()
    assert forgetting.forget_participants() == 11
    assert counts() == before
    assert set(event.registrations.values_list("email", "name", "person", "token_version")) == {("", "", None, 1)}


def test_attendance_can_still_be_settled_afterwards():
    event = ended(400, status="held")
    make_registration(event, state="confirmed")
    forgetting.forget_participants()
    settle_attendance(event, actor=make_person(is_superuser=True))
    assert OutboxMail.objects.count() == 0


def test_cancelled_events_count_from_the_day_they_were_called_off():
    event = make_event(day=days_ago(-30), status="cancelled")
    leave_all_traces(event, state="event-cancelled")
    Event.objects.update(status_at=timezone.now() - timedelta(days=364))
    assert forgetting.forget_participants() == 0
    Event.objects.update(status_at=timezone.now() - timedelta(days=366), starts_at=None, ends_at=None)
    assert (forgetting.forget_participants(), holding(CANARY)) == (1, [])


def test_postponed_event_keeps_who_waits_for_the_date_and_forgets_who_has_left():
    event = make_event(status="postponed", start_date=None, end_date=None, day=None)
    Event.objects.update(status="postponed", starts_at=None, ends_at=None)
    long_ago = timezone.now() - timedelta(days=400)
    stays = make_registration(event)
    left = make_registration(event, state="withdrawn")
    just_left = make_registration(event, state="withdrawn")
    Registration.objects.exclude(pk=just_left.pk).update(state_at=long_ago)
    assert forgetting.forget_participants() == 1
    assert set(Registration.objects.exclude(email="").values_list("pk", flat=True)) == {stays.pk, just_left.pk}
    assert left.allocations.count() == 0


def test_who_withdrew_and_came_back_keeps_the_mails_of_the_second_time():
    event = make_event()
    leave_all_traces(event, state="withdrawn")
    Event.objects.update(status="postponed", starts_at=None, ends_at=None)
    Registration.objects.update(state_at=timezone.now() - timedelta(days=400))
    back = make_registration(event, EMAIL)
    values = {"key": f"event-postponed:{back.pk}:1", "recipient": EMAIL, "kind": "events/postponed", "language": "en"}
    OutboxMail.objects.create(**values, about=f"event:{event.pk}", text="Wait", not_before=timezone.now())
    assert forgetting.forget_participants() == 1
    assert [(mail.text, mail.state) for mail in OutboxMail.objects.filter(recipient=EMAIL)] == [("Wait", Mail.WAITING)]
    assert Registration.objects.get(email=EMAIL) == back


def test_people_of_other_events_are_untouched():
    leave_all_traces(ended(400))
    others = [leave_all_traces(ended(20), OTHER), leave_all_traces(make_event(), OTHER, state="confirmed")]
    kept = snapshot(*others)
    forgetting.forget_participants()
    assert snapshot(*others) == kept


def test_certificate_can_still_be_checked_until_it_is_revoked(client, django_capture_on_commit_callbacks):
    row = leave_all_traces(ended(400))
    certificate = certify(row, file_hash="abc")
    with django_capture_on_commit_callbacks(execute=True):
        forgetting.forget_participants()
    page = client.get(reverse("events:certificate-check", args=[certificate.code])).content.decode()
    assert ("Valid" in page, f"Asa {CANARY}" in page, holding(CANARY)) == (True, True, ["events_certificate"])
    assert default_storage.exists(stored_name(certificate)) is False
    Certificate.objects.update(revoked_at=timezone.now(), revoked_reason=f"{CANARY} was not there")
    forgetting.forget_participants()
    assert holding(CANARY) == []


def test_nominations_calendars_and_mails_without_a_registration_go_too():
    event, coming = ended(400), make_event()
    row = leave_all_traces(event)
    row.delete()
    LogEntry.objects.update(action_time=event.ends_at)
    Nomination.objects.create(event=coming, email=OTHER)
    make_registration(coming, OTHER)
    PersonalCalendar.objects.create(email=OTHER.upper())
    assert (forgetting.forget_participants(), holding(CANARY)) == (0, [])
    assert list(PersonalCalendar.objects.values_list("email", flat=True)) == [OTHER.upper()]
    assert set(Nomination.objects.filter(event=coming).values_list("email", flat=True)) == {OTHER}


def test_mails_to_those_who_run_the_event_stay():
    event, host = ended(400), make_person("host@example.org")
    values = {
        "language": "en",
        "not_before": timezone.now(),
        "about": f"event:{event.pk}",
        "kind": "events/report-due",
    }
    OutboxMail.objects.create(key="due", recipient=host.email, person=host, subject="Report", **values)
    forgetting.forget_participants()
    assert OutboxMail.objects.get().recipient == "host@example.org"


def test_batch_that_fails_stops_no_other(monkeypatch):
    event = ended(400)
    rows = [make_registration(event) for _number in range(4)]
    forget = forgetting._forget

    def failing(before, batch):
        if rows[0].pk in batch:
            raise RuntimeError("storage is full")
        return forget(before, batch)

    monkeypatch.setattr(forgetting, "_forget", failing)
    assert forgetting.forget_participants(size=2) == 2
    assert set(Registration.objects.exclude(email="").values_list("pk", flat=True)) == {rows[0].pk, rows[1].pk}


def crowd(event, count):
    """So many participants with all that hangs on them, written in a few statements."""
    first = Registration.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    rows = Registration.objects.bulk_create(
        [
            Registration(
                event=event,
                email=f"{CANARY}-{first}-{number}@example.org",
                name=f"{CANARY} {number}",
                language="en",
                mode="in-person",
                state="attended",
                message=CANARY,
            )
            for number in range(count)
        ]
    )
    pool = event.pools.get(kind="in-person")
    SeatAllocation.objects.bulk_create([SeatAllocation(registration=row, pool=pool, state="held") for row in rows])
    RegistrationConsent.objects.bulk_create(
        [RegistrationConsent(registration=row, kind="data", version="1", language="en", text="yes") for row in rows]
    )
    RegistrationStep.objects.bulk_create(
        [RegistrationStep(registration=row, to_state="attended", note=CANARY) for row in rows]
    )
    now = timezone.now()
    OutboxMail.objects.bulk_create(
        [
            OutboxMail(
                kind="events/place",
                key=f"event-place:{row.pk}",
                recipient=row.email,
                name=row.name,
                language="en",
                subject="Place",
                state=Mail.ACCEPTED,
                accepted_at=now,
                not_before=now,
                about=f"event:{event.pk}",
            )
            for row in rows
        ]
    )
    PersonalCalendar.objects.bulk_create([PersonalCalendar(email=row.email) for row in rows])
    Nomination.objects.bulk_create([Nomination(event=event, email=row.email, name=row.name) for row in rows])


def queries_of(verb):
    with CaptureQueriesContext(connection) as captured:
        verb()
    return len(captured)


def test_number_of_queries_grows_with_batches_and_not_with_people():
    event = ended(400)
    ContentType.objects.clear_cache()
    forgetting.forget_participants()

    def asked(people, size):
        crowd(event, people)
        return queries_of(lambda: forgetting.forget_participants(size=size))

    one, two, three = asked(3, 3), asked(6, 3), asked(9, 3)
    assert three - two == two - one
    assert (asked(300, 300), asked(600, 300)) == (one, two)


def test_several_thousand_people_are_forgotten():
    event = ended(400)
    crowd(event, 3000)
    found = {}
    queries = queries_of(lambda: found.update(done=forgetting.forget_participants()))
    assert (found["done"], holding(CANARY)) == (3000, [])
    assert queries < 6 * 25 + 25
    assert event.pools.get(kind="in-person").allocations.filter(state="held").count() == 3000


# Needs -------------------------------------------------------------------------------------------


def needs_of(event, **values):
    Event.objects.filter(pk=event.pk).update(**values)
    return make_registration(event, needs_access="Ramp", needs_diet="Nuts", message="Hello", state="withdrawn")


def test_needs_go_where_there_is_no_date_for_long_and_where_it_is_called_off(settings):
    settings.EVENT_NEEDS_KEPT_DAYS_WITHOUT_DATE = 90
    now = timezone.now()
    without_date = {"status": "postponed", "starts_at": None, "ends_at": None}
    long_ago = needs_of(make_event(), **without_date, status_at=now - timedelta(days=90))
    lately = needs_of(make_event(), **without_date, status_at=now - timedelta(days=89))
    cancelled = needs_of(make_event(), status="cancelled", status_at=now)
    coming = needs_of(make_event(), status_at=now - timedelta(days=500))
    tasks.forget.apply().get()
    left = dict(Registration.objects.values_list("pk", "needs_access"))
    assert left == {long_ago.pk: "", lately.pk: "Ramp", cancelled.pk: "", coming.pk: "Ramp"}
    assert Registration.objects.get(pk=long_ago.pk).name != ""
    assert forgetting.forget_needs_without_date() == 0


def test_needs_that_are_told_anew_while_there_is_no_date_go_with_the_next_run():
    now = timezone.now()
    row = needs_of(make_event(), status="postponed", starts_at=None, ends_at=None, status_at=now - timedelta(days=91))
    assert forgetting.forget_needs_without_date() == 1
    Registration.objects.update(needs_diet="Nuts")
    assert forgetting.forget_needs_without_date() == 1
    row.refresh_from_db()
    assert row.needs_diet == ""


@pytest.mark.parametrize(("days", "is_told"), [(91, True), (5, False)])
def test_new_date_after_long_asks_for_the_needs_again(days, is_told):
    event = make_event()
    make_registration(event, EMAIL)
    host = make_person(is_superuser=True, is_staff=True)
    event = life.postpone(event, actor=host)
    Event.objects.update(status_at=timezone.now() - timedelta(days=days))
    when = {"start_date": date(2028, 6, 1), "start_time": time(10), "end_date": date(2028, 6, 1), "end_time": time(12)}
    life.reschedule(event, when, actor=host, reconfirm_until=timezone.now() + timedelta(days=9))
    [mail] = OutboxMail.objects.filter(kind="events/rescheduled")
    assert ("Please tell us again on your own page." in mail.text) is is_told
