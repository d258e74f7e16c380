"""Certificates: hours of what was attended, a document, a check, and an end."""

import hashlib
import io
from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone, translation
from pypdf import PdfReader

from common import background
from common.models import OutboxMail
from events import tasks
from events.documents import certificate_pdf
from events.models import Attendance, Certificate, CertificateRun, Event, Registration
from events.services import certifying_all
from events.services.attending import check_in, settle_attendance, undo_check_in
from events.services.certifying import issue, lacking, minutes_by_registration, revoke, stored_file
from events.tokens import token_of
from networks.models import RoleAssignment
from networks.services import grant_role
from tests.events.factories import make_event, make_registration, make_session
from tests.factories import make_network, make_person

pytestmark = pytest.mark.django_db
DAY = date(2027, 6, 15)


@pytest.fixture(autouse=True)
def _files_apart(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def event():
    return make_event(day=DAY, networks=[make_network(name_en="Nordic Safe Cities", name_ar="مدن الشمال الآمنة")])


@pytest.fixture
def host(event, admin_user):
    person = make_person("host@example.org")
    grant_role(person, RoleAssignment.Role.COORDINATOR, actor=admin_user, network=event.networks.get())
    return person


def issue_all(event, *, actor, printed):
    """To everybody who is entitled, as a worker does it."""
    return [issue(event.registrations.get(pk=pk), actor=actor, printed=printed) for pk in lacking(event)]


def held(event):
    Event.objects.filter(pk=event.pk).update(status="held")
    event.refresh_from_db()
    settle_attendance(event)
    return event


def mark(registration, *sessions, minutes=None):
    for session in sessions:
        Attendance.objects.create(
            registration=registration,
            session=session,
            source="manual" if minutes is None else "video-log",
            minutes=minutes,
        )
    return registration


@pytest.fixture
def anna(event):
    """Somebody who was at the event, which was held."""
    registration = mark(make_registration(event, "anna@example.org", name="Anna Åberg"), None)
    held(event)
    registration.refresh_from_db()
    return registration


# Hours -------------------------------------------------------------------------------------------


def minutes_of(registration):
    return minutes_by_registration(registration.event).get(registration.pk)


def test_hours_are_those_of_attended_sessions_without_pauses(event):
    first = make_session(event, start=time(10), end=time(11))
    pause = make_session(event, kind="pause", start=time(11), end=time(11, 30))
    second = make_session(event, start=time(11, 30), end=time(13))
    make_session(event, start=time(14), end=time(16))
    assert minutes_of(mark(make_registration(event), None, first, pause, second)) == 150


def test_hours_of_sessions_side_by_side_count_once(event):
    sessions = [
        make_session(event, start=time(10), end=time(11)),
        make_session(event, start=time(10, 30), end=time(11, 30)),
    ]
    assert minutes_of(mark(make_registration(event), *sessions)) == 90


def test_hours_from_a_log_are_its_minutes(event):
    session = make_session(event, start=time(10), end=time(11))
    assert minutes_of(mark(make_registration(event), session, minutes=25)) == 25


def test_whole_agenda_counts_for_who_was_marked_at_the_event_only(event):
    make_session(event, start=time(10), end=time(11))
    make_session(event, kind="pause", start=time(11), end=time(12))
    make_session(event, kind="breakout", start=time(12), end=time(13, 30))
    assert minutes_of(mark(make_registration(event), None)) == 150


def test_event_without_agenda_counts_from_beginning_to_end_but_never_nights(event):
    long = make_event(day=DAY, end_date=DAY + timedelta(days=1))
    assert minutes_of(mark(make_registration(event), None)) == 360
    assert minutes_of(mark(make_registration(long), None)) == 0
    assert minutes_of(mark(make_registration(event), None, minutes=45)) == 45


def test_whoever_was_not_marked_has_no_hours(event):
    assert minutes_of(make_registration(event)) is None


# Issued ------------------------------------------------------------------------------------------


def test_certificate_is_issued_with_number_file_and_mail(event, host, anna):
    certificate = issue(anna, actor=host, printed=certificate_pdf)
    assert (certificate.name, certificate.hours, certificate.language) == ("Anna Åberg", Decimal("6.0"), "en")
    assert hashlib.sha256(stored_file(certificate)).hexdigest() == certificate.file_hash
    mail = OutboxMail.objects.get(kind="events/certificate")
    assert (mail.recipient, mail.link) == (
        "anna@example.org",
        f"http://localhost:8000/en/events/registration/{anna.uid}/{token_of(anna)}/certificate/",
    )


def test_certificate_is_issued_once(event, host, anna):
    first, again = (issue(anna, actor=host, printed=certificate_pdf) for _round in range(2))
    assert (first.pk, Certificate.objects.count(), OutboxMail.objects.count()) == (again.pk, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_certificates_issued_at_once_have_numbers_of_their_own():
    from tests.events.test_feedback import at_once

    event, host = make_event(day=DAY), make_person(is_superuser=True)
    for _one in range(3):
        mark(make_registration(event), None)
    held(event)
    at_once(3, lambda: issue_all(event, actor=host, printed=lambda certificate: b"%PDF"))
    numbers = sorted(Certificate.objects.values_list("number", flat=True))
    assert [number.rpartition("-")[2] for number in numbers] == ["001", "002", "003"]


def test_numbers_and_codes_differ(event, host):
    for _one in range(3):
        mark(make_registration(event), None)
    held(event)
    issued = issue_all(event, actor=host, printed=lambda certificate: b"%PDF")
    year = issued[0].issued_at.year
    assert [one.number for one in issued] == [f"{year}-{event.pk}-{number:03d}" for number in (1, 2, 3)]
    assert len({one.code for one in issued}) == 3
    assert issue_all(event, actor=host, printed=lambda certificate: b"%PDF") == []


def test_certificate_for_a_no_show_is_refused(event, host, anna):
    absent = make_registration(event)
    settle_attendance(event)
    absent.refresh_from_db()
    assert absent.state == "no-show"
    with pytest.raises(ValidationError) as refused:
        issue(absent, actor=host, printed=certificate_pdf)
    assert refused.value.messages == ["Was not there."]
    assert [one.registration for one in issue_all(event, actor=host, printed=certificate_pdf)] == [anna]


@pytest.mark.parametrize(("minutes", "is_issued"), [(29, False), (30, True)])
def test_certificate_needs_half_an_hour(event, host, minutes, is_issued):
    mark(make_registration(event), None, minutes=minutes)
    held(event)
    assert bool(issue_all(event, actor=host, printed=lambda certificate: b"%PDF")) == is_issued


def test_certificate_before_the_event_was_held_is_refused(event, host):
    present = mark(make_registration(event, state="attended"), None)
    with pytest.raises(ValidationError):
        issue(present, actor=host, printed=certificate_pdf)


def test_issuing_and_revoking_by_somebody_else_is_refused(event, host, anna):
    stranger = make_person()
    certificate = issue(anna, actor=host, printed=certificate_pdf)
    for act in (
        lambda: issue(anna, actor=stranger, printed=certificate_pdf),
        lambda: certifying_all.ask_for_all(event, actor=stranger),
        lambda: revoke(certificate, actor=stranger, reason="x"),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_mark_behind_a_valid_certificate_stays(event, host, anna):
    certificate = issue(anna, actor=host, printed=certificate_pdf)
    with pytest.raises(ValidationError) as refused:
        undo_check_in(anna, actor=host)
    assert refused.value.code == "certified"
    revoke(certificate, actor=host, reason="Mistake")
    assert undo_check_in(anna, actor=host) is True


# Revoked -----------------------------------------------------------------------------------------


def test_revoked_certificate_fails_its_check_and_makes_room_for_another(client, event, host, anna):
    first = issue(anna, actor=host, printed=certificate_pdf)
    revoke(first, actor=host, reason="The name was misspelt.")
    page = client.get(reverse("events:certificate-check", args=[first.code])).content.decode()
    assert ("Revoked" in page, "Valid" in page, "Anna" in page, "misspelt" in page) == (True, False, False, False)
    mail = OutboxMail.objects.get(kind="events/certificate-revoked")
    assert "The name was misspelt." in mail.text
    second = issue(anna, actor=host, printed=certificate_pdf)
    assert (second.number != first.number, second.code != first.code) == (True, True)


def test_revoking_needs_a_reason(client, event, host, anna):
    certificate = issue(anna, actor=host, printed=certificate_pdf)
    with pytest.raises(ValidationError):
        revoke(certificate, actor=host, reason="  ")
    client.force_login(host)
    address = reverse("event_desk:certificate-revoke", args=[event.pk, certificate.pk])
    assert client.post(address, {}).status_code == 422
    certificate.refresh_from_db()
    assert certificate.revoked_at is None


# Checked -----------------------------------------------------------------------------------------


def test_check_tells_what_the_document_says(client, event, host, anna):
    certificate = issue(anna, actor=host, printed=certificate_pdf)
    for code in (certificate.code, certificate.code.lower().replace("-", "")):
        answer = client.get(reverse("events:certificate-check", args=[code]))
        page = answer.content.decode()
        assert (answer.status_code, answer.headers["X-Robots-Tag"]) == (200, "noindex")
        assert all(text in page for text in ("Valid", "Anna Åberg", str(event), certificate.file_hash))


def test_check_of_an_unknown_code_says_so(client):
    answer = client.get(reverse("events:certificate-check", args=["AAAA-BBBB-CCCC-DDDD"]))
    assert (answer.status_code, "Unknown" in answer.content.decode()) == (404, True)


def test_check_compares_a_file_and_keeps_nothing(client, event, host, anna):
    certificate = issue(anna, actor=host, printed=certificate_pdf)
    address = reverse("events:certificate-check", args=[certificate.code])

    def compared(content):
        return client.post(address, {"file": SimpleUploadedFile("c.pdf", content)}).context["is_same"]

    assert [compared(stored_file(certificate)), compared(stored_file(certificate) + b" ")] == [True, False]
    assert client.post(address).status_code == 422


# The document ------------------------------------------------------------------------------------


def text_of(content):
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


@pytest.mark.parametrize("language", ["en", "fr", "ar", "it", "sv", "ro"])
def test_document_is_one_tagged_page_in_the_language_of_its_holder(event, host, anna, language):
    anna.language = language
    anna.save()
    certificate = issue(anna, actor=host, printed=certificate_pdf)
    reader = PdfReader(io.BytesIO(stored_file(certificate)))
    assert (len(reader.pages), reader.trailer["/Root"]["/Lang"]) == (1, language)
    assert "/StructTreeRoot" in reader.trailer["/Root"]
    with translation.override(language):
        heading = translation.gettext("Certificate of attendance")
    assert language == "en" or heading != "Certificate of attendance"
    assert heading in reader.metadata.title
    assert all(part in text_of(stored_file(certificate)) for part in (certificate.number, certificate.code))


def test_document_does_not_change_when_the_event_is_renamed(client, event, host, anna):
    certificate = issue(anna, actor=host, printed=certificate_pdf)
    event.title_en = "Another name"
    event.save()
    address = reverse("events:registration-certificate-file", args=[anna.uid, token_of(anna)])
    assert hashlib.sha256(client.get(address).content).hexdigest() == certificate.file_hash


def test_document_sets_markup_and_strange_letters_as_text(event, host, anna):
    anna.name = '#panic() $x$ <b>\\ "Ж" 𒀀'
    anna.save()
    certificate = issue(anna, actor=host, printed=certificate_pdf)
    assert "#panic()" in text_of(stored_file(certificate))


def test_participant_gets_the_document_only_while_it_is_valid(client, event, host, anna):
    address = reverse("events:registration-certificate", args=[anna.uid, token_of(anna)])
    file = reverse("events:registration-certificate-file", args=[anna.uid, token_of(anna)])
    assert [client.get(address).status_code, client.get(file).status_code] == [404, 404]
    certificate = issue(anna, actor=host, printed=certificate_pdf)
    assert [client.get(address).status_code, client.get(file).status_code] == [200, 200]
    revoke(certificate, actor=host, reason="Mistake")
    assert [client.get(address).status_code, client.get(file).status_code] == [404, 404]


# For everybody, by a worker ----------------------------------------------------------------------


@pytest.fixture
def queue(monkeypatch):
    """The tasks that were handed to the workers; none runs by itself."""
    sent = []
    monkeypatch.setattr(background, "_send", lambda task, args: sent.append((task, *args)))
    return sent


def pdf(certificate):
    return b"%PDF"


def work(event, *, printed=pdf, **options):
    return certifying_all.work_on(event.pk, printed=printed, **options)


def attended(event, count):
    Registration.objects.bulk_create(
        Registration(
            event=event, email=f"{n}@example.org", name=f"P {n}", mode="in-person", state="attended", language="en"
        )
        for n in range(count)
    )
    Attendance.objects.bulk_create(
        Attendance(registration=one, source="manual") for one in event.registrations.order_by("pk")
    )
    Event.objects.filter(pk=event.pk).update(status="held")
    event.refresh_from_db()


def run_of(event):
    return CertificateRun.objects.get(event=event)


def page_text(client, event, name="certificates"):
    return client.get(reverse(f"event_desk:{name}", args=[event.pk])).content.decode()


def test_certificates_for_all_are_asked_for_and_set_by_a_worker(
    client, event, host, queue, django_capture_on_commit_callbacks
):
    attended(event, 300)
    client.force_login(host)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("event_desk:certificates-issue", args=[event.pk]))
    assert (queue, Certificate.objects.count()) == ([("events.tasks.issue_certificates", event.pk)], 0)
    assert "wait for a worker" in page_text(client, event)
    assert (work(event), Certificate.objects.count(), OutboxMail.objects.count()) == (300, 300, 300)
    assert "300 certificates are issued." in page_text(client, event)


def test_the_task_sets_real_documents(event, host):
    attended(event, 1)
    certifying_all.ask_for_all(event, actor=host)
    tasks.issue_certificates(event.pk)
    assert stored_file(Certificate.objects.get()).startswith(b"%PDF-1.7")


def test_pressing_twice_changes_nothing_while_it_works(event, host):
    attended(event, 3)
    certifying_all.ask_for_all(event, actor=host)
    work(event, seconds=0)
    first = run_of(event)
    certifying_all.ask_for_all(event, actor=host)
    assert (run_of(event).asked_at, run_of(event).total, Certificate.objects.count()) == (first.asked_at, 3, 1)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_issue_each_certificate_once():
    from tests.events.test_feedback import at_once

    event, host = make_event(day=DAY), make_person(is_superuser=True)
    attended(event, 5)
    certifying_all.ask_for_all(event, actor=host)
    at_once(3, lambda: work(event))
    assert (Certificate.objects.count(), OutboxMail.objects.count()) == (5, 5)
    assert run_of(event).finished_at


def test_work_is_divided_among_tasks(event, host, queue, django_capture_on_commit_callbacks):
    attended(event, 3)
    with django_capture_on_commit_callbacks(execute=True):
        certifying_all.ask_for_all(event, actor=host)
        assert [work(event, seconds=0), run_of(event).is_under_way] == [1, True]
        assert [work(event, seconds=0), work(event, seconds=0), run_of(event).is_under_way] == [1, 1, False]
    assert [task for task in queue if task[0].startswith("events.")] == [
        ("events.tasks.issue_certificates", event.pk)
    ] * 3


class KilledError(BaseException):
    """As a signal would end the worker: nothing catches it."""


def killed_after(count):
    def printed(certificate):
        if Certificate.objects.count() >= count:
            raise KilledError
        return b"%PDF"

    return printed


def test_killed_worker_is_followed_by_another_that_goes_on(event, host, queue, django_capture_on_commit_callbacks):
    attended(event, 5)
    certifying_all.ask_for_all(event, actor=host)
    with pytest.raises(KilledError):
        work(event, printed=killed_after(2))
    kept = list(Certificate.objects.order_by("pk").values_list("number", flat=True))
    assert (certifying_all.resume_silent(), len(kept)) == (0, 2)
    with django_capture_on_commit_callbacks(execute=True):
        later = timezone.now() + timedelta(minutes=3)
        assert certifying_all.resume_silent(later) == 1
    assert (queue, work(event)) == ([("events.tasks.issue_certificates", event.pk)], 3)
    assert list(Certificate.objects.order_by("pk").values_list("number", flat=True))[:2] == kept
    assert (run_of(event).total, certifying_all.issued_by(run_of(event)), OutboxMail.objects.count()) == (5, 5, 5)


def test_what_kills_its_worker_again_and_again_is_given_up_and_told(client, event, host):
    attended(event, 2)
    certifying_all.ask_for_all(event, actor=host)
    for _attempt in range(certifying_all.MOST_ATTEMPTS):
        with pytest.raises(KilledError):
            work(event, printed=killed_after(0))
    assert (work(event), run_of(event).failure) == (0, "unexpected")
    client.force_login(host)
    assert "An unexpected error stopped it." in page_text(client, event)
    certifying_all.ask_for_all(event, actor=host)
    assert (work(event), run_of(event).failure) == (2, "")


def test_document_that_cannot_be_made_keeps_nobody_else_from_theirs(client, event, host, caplog):
    attended(event, 3)

    def printed(certificate):
        if certificate.name == "P 1":
            raise RuntimeError("no font")
        return b"%PDF"

    certifying_all.ask_for_all(event, actor=host)
    assert work(event, printed=printed) == 2
    client.force_login(host)
    text = page_text(client, event)
    assert "1 could not be made. Try once more, or tell the administrators: <bdi>P 1</bdi>" in text
    assert "could not be made" in caplog.text
    certifying_all.ask_for_all(event, actor=host)
    assert (work(event), run_of(event).refused_ids) == (1, [])


def test_who_runs_the_event_no_more_gets_nothing_issued(client, event, host, admin_user):
    attended(event, 1)
    certifying_all.ask_for_all(event, actor=host)
    RoleAssignment.objects.filter(person=host).delete()
    assert (work(event), run_of(event).failure, Certificate.objects.count()) == (0, "permission", 0)
    client.force_login(admin_user)
    assert "does not run this event any more" in page_text(client, event)


def test_asking_before_the_event_was_held_is_refused(client, event, host):
    client.force_login(host)
    answer = client.post(reverse("event_desk:certificates-issue", args=[event.pk]), follow=True)
    assert "The event was not held yet." in answer.content.decode()
    assert not CertificateRun.objects.exists()


def test_progress_is_told_and_the_page_shown_anew_at_the_end(client, event, host):
    attended(event, 3)
    certifying_all.ask_for_all(event, actor=host)
    work(event, seconds=0)
    client.force_login(host)
    address = reverse("event_desk:certificates-progress", args=[event.pk])
    under_way = client.get(address)
    assert ("1 of 3" in under_way.content.decode(), under_way.get("HX-Refresh")) == (True, None)
    assert "Issue all" not in page_text(client, event)
    work(event)
    done = client.get(address)
    assert ("3 certificates are issued." in done.content.decode(), done["HX-Refresh"]) == (True, "true")


# The desk ----------------------------------------------------------------------------------------


def test_desk_issues_all_and_one(client, event, host):
    people = [mark(make_registration(event), None) for _one in range(3)]
    held(event)
    client.force_login(host)
    issuing = reverse("event_desk:certificates-issue", args=[event.pk])
    client.post(issuing, {"registration": people[1].pk})
    assert list(Certificate.objects.values_list("registration", flat=True)) == [people[1].pk]
    client.post(issuing)
    assert Certificate.objects.count() == 1
    work(event)
    assert Certificate.objects.count() == 3


def test_desk_asks_as_often_for_three_people_as_for_one(client, event, host):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(host)
    address, counts = reverse("event_desk:certificates", args=[event.pk]), []
    session = make_session(event)
    Event.objects.filter(pk=event.pk).update(status="held")
    for number in (1, 2):
        for _one in range(number):
            mark(make_registration(event, state="attended"), None, session)
        issue_all(Event.objects.get(pk=event.pk), actor=host, printed=lambda certificate: b"%PDF")
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        counts.append(len(queries))
    assert (counts[0], Certificate.objects.count()) == (counts[1], 3)


def test_file_of_a_certificate_of_another_event_is_missing(client, event, host, anna):
    certificate = issue(anna, actor=host, printed=certificate_pdf)
    other = make_event(networks=[event.networks.get()])
    client.force_login(host)
    pages = [reverse("event_desk:certificate-file", args=[one.pk, certificate.pk]) for one in (event, other)]
    assert [client.get(page).status_code for page in pages] == [200, 404]


def test_check_in_after_the_event_makes_somebody_entitled(event, host, anna):
    late = make_registration(event)
    settle_attendance(event)
    check_in(late, actor=host)
    issued = issue_all(event, actor=host, printed=lambda certificate: b"%PDF")
    assert {one.registration_id for one in issued} == {anna.pk, late.pk}
