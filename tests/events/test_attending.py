"""Who was there: at the door, by code, by the log of a video conference."""

import time as time_module
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from common.models import OutboxMail
from events import videologs
from events.attendees import find_people, sealed, unsealed
from events.models import Attendance, Event, Registration
from events.services.attending import (
    Presence,
    check_in,
    merged,
    minutes_within,
    settle_attendance,
    store_log,
    undo_check_in,
)
from events.tokens import token_of
from events.videologs import read_logs
from networks.models import RoleAssignment
from networks.services import grant_role
from tests.events.factories import make_event, make_registration, make_session
from tests.factories import make_city, make_network, make_person

pytestmark = pytest.mark.django_db
State = Registration.State
DAY = date(2027, 6, 15)


@pytest.fixture
def event():
    return make_event(day=DAY, mode="hybrid")


@pytest.fixture
def host(event, admin_user):
    person = make_person("host@example.org")
    grant_role(person, RoleAssignment.Role.COORDINATOR, actor=admin_user, network=event.networks.get())
    return person


def at(hour, minute=0):
    """The clock of Stockholm on the day of the event."""
    return datetime(2027, 6, 15, hour - 2, minute, tzinfo=UTC)


def marks(registration):
    return list(registration.attendances.order_by("session").values_list("session", "source", "minutes"))


# At the door -------------------------------------------------------------------------------------


def test_check_in_twice_marks_once(event, host):
    anna = make_registration(event)
    assert [check_in(anna, actor=host), check_in(anna, actor=host)] == [True, False]
    assert marks(anna) == [(None, "manual", None)]


@pytest.mark.django_db(transaction=True)
def test_check_in_at_two_doors_at_once_marks_once():
    from tests.events.test_feedback import at_once

    anna, host = make_registration(make_event(day=DAY)), make_person(is_superuser=True)
    assert at_once(5, lambda: check_in(anna, actor=host)) == ["done"] * 5
    assert marks(anna) == [(None, "manual", None)]


def test_check_in_of_a_session_is_another_mark_than_of_the_event(event, host):
    anna, session = make_registration(event), make_session(event)
    check_in(anna, actor=host)
    check_in(anna, actor=host, session=session)
    assert marks(anna) == [(session.pk, "manual", None), (None, "manual", None)]


def test_undo_takes_the_mark_back_once(event, host):
    anna = make_registration(event)
    check_in(anna, actor=host)
    assert [undo_check_in(anna, actor=host), undo_check_in(anna, actor=host)] == [True, False]
    assert marks(anna) == []


@pytest.mark.parametrize("state", ["unverified", "waitlisted", "withdrawn", "removed"])
def test_check_in_without_a_place_is_refused(event, host, state):
    anna = make_registration(event, state=state)
    with pytest.raises(ValidationError) as refused:
        check_in(anna, actor=host)
    assert refused.value.code == "no-place"


def test_check_in_to_a_pause_or_a_session_of_another_event_is_refused(event, host):
    anna = make_registration(event)
    for session in (make_session(event, kind="pause"), make_session(make_event())):
        with pytest.raises(ValidationError) as refused:
            check_in(anna, actor=host, session=session)
        assert refused.value.code == "session"


@pytest.mark.parametrize("status", ["draft", "cancelled", "archived"])
def test_check_in_is_closed_in_other_states(event, host, status):
    anna = make_registration(event)
    Event.objects.filter(pk=event.pk).update(status=status)
    with pytest.raises(ValidationError) as refused:
        check_in(anna, actor=host)
    assert refused.value.code == "closed"


def test_check_in_by_somebody_else_is_refused(event, admin_user):
    anna, stranger = make_registration(event), make_person()
    grant_role(stranger, RoleAssignment.Role.COORDINATOR, actor=admin_user, network=make_network())
    for act in (check_in, undo_check_in):
        with pytest.raises(PermissionDenied):
            act(anna, actor=stranger)


# Settled -----------------------------------------------------------------------------------------


def held(event):
    Event.objects.filter(pk=event.pk).update(status="held")
    event.refresh_from_db()
    return event


def test_settle_tells_who_came_and_who_did_not_without_mail(event, host):
    came, absent = make_registration(event), make_registration(event)
    waited = make_registration(event, state="waitlisted", seat=False)
    check_in(came, actor=host)
    changed = settle_attendance(held(event), actor=host)
    assert changed == {State.ATTENDED: 1, State.NO_SHOW: 1}
    states = [Registration.objects.get(pk=one.pk).state for one in (came, absent, waited)]
    assert states == [State.ATTENDED, State.NO_SHOW, State.WAITLISTED]
    assert OutboxMail.objects.count() == 0
    assert settle_attendance(event, actor=host) == {}


def test_settle_calls_nobody_absent_where_attendance_was_not_taken(event, host):
    on_site, online = make_registration(event), make_registration(event, mode="online")
    check_in(on_site, actor=host)
    settle_attendance(held(event))
    online.refresh_from_db()
    assert online.state == State.CONFIRMED


def test_settle_before_the_event_was_held_is_refused(event, host):
    with pytest.raises(ValidationError) as refused:
        settle_attendance(event, actor=host)
    assert refused.value.code == "not-held"


def test_late_mark_and_its_undoing_change_the_state(event, host):
    came, late = make_registration(event), make_registration(event)
    check_in(came, actor=host)
    settle_attendance(held(event), actor=host)
    check_in(late, actor=host)
    late.refresh_from_db()
    assert late.state == State.ATTENDED
    undo_check_in(late, actor=host)
    late.refresh_from_db()
    assert late.state == State.NO_SHOW


# Intervals ---------------------------------------------------------------------------------------


def test_overlapping_and_touching_intervals_are_merged():
    spans = [(at(11), at(12)), (at(10), at(10, 30)), (at(10, 20), at(11)), (at(13), at(14))]
    assert merged(spans) == [(at(10), at(12)), (at(13), at(14))]


def test_minutes_count_overlaps_once_and_only_within_the_session():
    spans = [(at(9, 40), at(10, 20)), (at(10, 10), at(10, 30)), (at(10, 50), at(12))]
    assert minutes_within(spans, at(10), at(11)) == 40


# Files -------------------------------------------------------------------------------------------

ZOOM = """Meeting ID,Topic,Start Time,End Time,User Email,Duration (Minutes),Participants
123 4567,Workshop,06/15/2027 09:50:00 AM,06/15/2027 04:01:00 PM,host@example.org,371,3

Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest,Recording Consent
Anna Berg,anna@example.org,06/15/2027 09:55:00 AM,06/15/2027 10:30:00 AM,35,No,
Anna Berg,anna@example.org,06/15/2027 10:20:00 AM,06/15/2027 11:00:00 AM,40,No,
Nino (Nino Rossi),,06/15/2027 10:00:00 AM,06/15/2027 10:15:30 AM,16,Yes,
"=HYPERLINK(""http://evil.example"")",,06/15/2027 10:00:00 AM,06/15/2027 10:15:00 AM,15,Yes,
"""
ZOOM_WITH_MEETING = """Topic,ID,User Name,User Email,Start Time,End Time,Participants,Duration (Minutes)
Workshop,123 456 789,Host,host@example.org,06/15/2027 09:00:00 AM,06/15/2027 04:00:00 PM,2,420

Name (original name),Email,Join time,Leave time,Duration (minutes),Guest,Recording disclaimer response,In waiting room
Anna Berg,anna@example.org,06/15/2027 10:00:00 AM,06/15/2027 10:30:00 AM,30,No,OK,No
Nino (Nino Rossi),,06/15/2027 10:00:00 AM,06/15/2027 10:15:00 AM,15,Yes,,No
"""
ZOOM_BESIDE_MEETING = (
    "Topic,Meeting ID,User Name,User Email,Department,Start Time,End Time,Duration (Minutes),Participants,"
    "Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest\n"
    "Workshop,123,Host,host@example.org,,06/15/2027 09:00,06/15/2027 16:00,420,1,"
    "Anna Berg,anna@example.org,06/15/2027 10:00,06/15/2027 10:30,30,No\n"
)
TEAMS = """1. Summary
Meeting title\tWorkshop
Attended participants\t2

2. Participants
Name\tFirst Join\tLast Leave\tIn-Meeting Duration\tEmail\tParticipant ID (UPN)\tRole
Anna Berg\t6/15/27, 9:58:01 AM\t6/15/27, 4:00:12 PM\t6h 2m 11s\tanna@example.org\tanna@example.org\tPresenter
Åsa Öberg (Guest)\t6/15/27, 10:00:00 AM\t6/15/27, 11:00:00 AM\t30m\t\t\tAttendee

3. In-Meeting Activities
Name\tJoin Time\tLeave Time\tDuration\tEmail\tRole
Anna Berg\t6/15/27, 9:58:01 AM\t6/15/27, 10:30:00 AM\t31m 59s\tanna@example.org\tPresenter
Anna Berg\t6/15/27, 3:00:00 PM\t6/15/27, 4:00:12 PM\t1h 12s\tanna@example.org\tPresenter
Åsa Öberg (Guest)\t6/15/27, 10:00:00 AM\t6/15/27, 10:30:00 AM\t30m\t\tAttendee
"""
BIG_BLUE_BUTTON = """Name,Moderator,Activity Score,Talk Time,Messages,Join,Left,Duration,Which word?
"Anna Berg","FALSE","1.5","-","3","6/15/2027, 10:00:00 AM","6/15/2027, 10:30:00 AM","00:30:00","Yes"
"Bo Ek","FALSE","0","-","0","6/15/2027, 10:00:00 AM","6/15/2027, 3:00:00 PM","01:15:00","-"
"Still There","TRUE","0","-","0","6/15/2027, 3:00:00 PM","-","00:20:00","-"
"Anonymous","","","","","","","","Yes"
"""
ISO_TIMES = """Name,Join,Left
Anna Berg,2027-06-15T08:00:00Z,2027-06-15T08:30:00Z
"""
OLD_TEAMS = """Full Name,User Action,Timestamp
Anna Berg,Joined,"15/06/2027, 10:00:00"
Anna Berg,Left,"15/06/2027, 10:20:00"
Anna Berg,Joined before,"15/06/2027, 10:30:00"
"""


HEAD = "Name,User Email,Join Time,Leave Time\n"
TIMES = "06/15/2027 10:00:00 AM,06/15/2027 10:30:00 AM\n"


def log_of(content, name="log.csv", zone="Europe/Stockholm"):
    content = content if isinstance(content, bytes) else content.encode()
    file = SimpleUploadedFile(name, content)
    return read_logs([file], zone=zone, starts_at=at(10), ends_at=at(16))


def as_rows(log):
    return [(one.name, one.email, merged(one.intervals), one.seconds) for one in log.people]


def test_zoom_log_is_read_below_its_heading_and_by_the_clock_of_the_event():
    assert as_rows(log_of(ZOOM)) == [
        ('=HYPERLINK("http://evil.example")', "", [(at(10), at(10, 15))], 0),
        ("Anna Berg", "anna@example.org", [(at(9, 55), at(11))], 0),
        ("Nino Rossi", "", [(at(10), at(10, 15) + timedelta(seconds=30))], 0),
    ]


def test_zone_that_is_named_moves_the_times():
    text = "Name,Join,Left\nAnna,2027-06-15 08:00,2027-06-15 08:30\n"
    starts = [log_of(text, zone=zone).people[0].intervals[0][0] for zone in ("UTC", "Europe/Stockholm")]
    assert starts == [at(10), at(8)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_teams_log_is_read_from_each_coming_and_going(encoding):
    log = log_of(TEAMS.encode(encoding))
    assert as_rows(log) == [
        (
            "Anna Berg",
            "anna@example.org",
            [(at(9, 58) + timedelta(seconds=1), at(10, 30)), (at(15), at(16) + timedelta(seconds=12))],
            0,
        ),
        ("Åsa Öberg", "", [(at(10), at(10, 30))], 0),
    ]


def test_big_blue_button_log_tells_times_only_of_those_who_never_left_between():
    log = log_of(BIG_BLUE_BUTTON)
    assert as_rows(log) == [
        ("Anna Berg", "", [(at(10), at(10, 30))], 0),
        ("Bo Ek", "", [], 75 * 60),
        ("Still There", "", [(at(15), at(15, 20))], 0),
    ]
    assert log.skipped == 1


def test_times_with_a_zone_of_their_own_keep_it():
    assert as_rows(log_of(ISO_TIMES)) == [("Anna Berg", "", [(at(10), at(10, 30))], 0)]


def test_old_teams_log_with_days_first_pairs_coming_and_leaving():
    assert as_rows(log_of(OLD_TEAMS)) == [("Anna Berg", "", [(at(10), at(10, 20))], 0)]


def test_log_with_lengths_only_gives_seconds():
    log = log_of("Name;User Email;Total Duration (Minutes)\nAnna;a@example.org;61\nBo;;1:00:30\n")
    assert [(one.name, one.seconds) for one in log.people] == [("Anna", 3660), ("Bo", 3630)]


def test_rows_of_another_day_are_left_out_and_counted():
    log = log_of(ZOOM + "Late,,06/25/2027 10:00:00 AM,06/25/2027 11:00:00 AM,60,No,\n")
    assert (len(log.people), log.skipped) == (3, 1)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"%PDF-1.7\x00\x00\xff\xfe\x00", "binary"),
        (b"Title,Text\na,b\n", "empty"),
        (b"", "empty"),
        (b"Name,Join Time,Leave Time\n" + b"a,b,c\n" * 20_001, "large"),
        (b"Name,Join Time,Leave Time\n" + b"," * 500 + b"\n", "large"),
    ],
    ids=["binary", "other-table", "nothing", "rows", "columns"],
)
def test_file_that_is_no_log_is_refused(content, code):
    with pytest.raises(ValidationError) as refused:
        log_of(content)
    assert refused.value.code == code


@pytest.mark.parametrize("cell", ["0001-01-01T00:00:00+23:00", "9999-12-31 23:59", "06/31/2027 10:00", "soon", ""])
def test_time_that_is_none_is_left_out(cell):
    log = log_of(HEAD + f"Anna,,{TIMES}Bo,,{cell},06/15/2027 10:30:00 AM\n")
    assert ([one.name for one in log.people], log.skipped) == (["Anna"], 1)


def test_rows_of_all_files_together_are_limited():
    files = [SimpleUploadedFile("a.csv", (HEAD + f"Anna,,{TIMES}" * 10_500).encode()) for _one in range(2)]
    with pytest.raises(ValidationError) as refused:
        read_logs(files, zone="Europe/Stockholm", starts_at=at(10), ends_at=at(16))
    assert refused.value.messages == ["At most 20000 rows at once. Divide the log by session."]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2027-06-15 10:00:00", "2027-06-15 10:30:00"),
        ("2027/06/15 10:00", "2027/06/15 10:30"),
        ("15.06.2027 10:00", "15.06.2027 10:30"),
        ("15/06/27, 10:00:00", "15/06/27, 10:30:00"),
        ("6/15/27, 10:00:00\u202fAM", "6/15/27, 10:30:00\u202fAM"),
        ("06/15/2027 10:00 am", "06/15/2027 10:30 am"),
    ],
)
def test_times_are_read_in_each_format_of_the_programs(first, second):
    assert as_rows(log_of(f"Name;Join Time;Leave Time\nAnna;{first};{second}\n")) == [
        ("Anna", "", [(at(10), at(10, 30))], 0)
    ]


def test_format_is_found_from_cells_all_over_the_file():
    of_another_day = "Bo,,01/02/2027 10:00:00 AM,01/02/2027 10:30:00 AM\n" * 600
    log = log_of(HEAD + of_another_day + f"Anna,,{TIMES}")
    assert (as_rows(log), log.skipped) == ([("Anna", "", [(at(10), at(10, 30))], 0)], 600)


def test_format_is_tried_on_a_sample_and_not_on_each_row(monkeypatch):
    read = []
    monkeypatch.setattr(videologs, "_moment", lambda cell, form, zone: read.append(form))
    with pytest.raises(ValidationError):
        log_of(HEAD + f"Anna,,{TIMES}" * 10_000)
    each_cell_once, formats, sample, columns = 2 * 10_000, 21 + 29, 200, 2
    assert len(read) == each_cell_once + formats * sample * columns


def test_name_made_to_be_searched_for_long_is_cut():
    started = time_module.perf_counter()
    log = log_of(HEAD + f"{' (' * 950})x,,{TIMES}" * 1_500)
    assert ([len(one.name) <= 150 for one in log.people], time_module.perf_counter() - started < 5) == ([True], True)


def test_zoom_log_with_the_meeting_above_leaves_the_host_out():
    assert as_rows(log_of(ZOOM_WITH_MEETING)) == [
        ("Anna Berg", "anna@example.org", [(at(10), at(10, 30))], 0),
        ("Nino Rossi", "", [(at(10), at(10, 15))], 0),
    ]


def test_zoom_log_with_the_meeting_beside_tells_of_the_participant():
    assert as_rows(log_of(ZOOM_BESIDE_MEETING)) == [("Anna Berg", "anna@example.org", [(at(10), at(10, 30))], 0)]


def test_time_in_the_waiting_room_is_none_in_the_meeting():
    head = "Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest,In Waiting Room\n"
    rows = (
        "Anna,,06/15/2027 09:30:00 AM,06/15/2027 10:00:00 AM,30,Yes,Yes\n"
        "Anna,,06/15/2027 10:00:00 AM,06/15/2027 10:30:00 AM,30,Yes,No\n"
    )
    assert as_rows(log_of(head + rows)) == [("Anna", "", [(at(10), at(10, 30))], 0)]


@pytest.mark.parametrize(
    ("email", "upn", "told"),
    [
        ("", "Anna@Example.org", "anna@example.org"),
        ("anna@example.org", "n123@example.org", "anna@example.org"),
        ("", "anna_example.org#EXT#@host.onmicrosoft.com", ""),
    ],
)
def test_teams_log_without_activities_tells_the_address_of_the_account(email, upn, told):
    text = (
        "Meeting Summary\nTotal Number of Participants\t1\nMeeting Title\tWorkshop\n\n"
        "Full Name\tJoin Time\tLeave Time\tDuration\tEmail\tRole\tParticipant ID (UPN)\n"
        f"Anna Berg\t15/06/27, 10:00:00\t15/06/27, 10:30:00\t30m 0s\t{email}\tPresenter\t{upn}\n"
    )
    assert as_rows(log_of(text.encode("utf-16"))) == [("Anna Berg", told, [(at(10), at(10, 30))], 0)]


def test_file_that_is_too_large_is_refused_unread():
    with pytest.raises(ValidationError):
        log_of(b"x" * (4 * 1024 * 1024 + 1))


# People of a log ---------------------------------------------------------------------------------


def named(event, name, email, **values):
    return make_registration(event, email, name=name, **values)


def found_in(event, text):
    return {
        one.attendee.name: (one.registration and one.registration.email, one.by, len(one.candidates))
        for one in find_people(event, log_of(text).people)
    }


def test_people_are_told_by_address_first_and_by_exact_name_then(event):
    named(event, "Anna Berg", "anna@example.org")
    named(event, "Nino Rossi", "nino@example.org")
    named(event, "Other Name", "other@example.org")
    text = HEAD + f"A. Berg,ANNA@example.org,{TIMES}nino  ROSSI,,{TIMES}Other,,{TIMES}"
    assert found_in(event, text) == {
        "A. Berg": ("anna@example.org", "email", 0),
        "nino ROSSI": ("nino@example.org", "name", 0),
        "Other": (None, "", 0),
    }


def test_namesakes_are_never_guessed(event):
    named(event, "Anna Berg", "anna1@example.org")
    named(event, "Anna Berg", "anna2@example.org")
    named(event, "Bo Ek", "bo@example.org")
    text = HEAD + f"Anna Berg,,{TIMES}Bo Ek,one@example.org,{TIMES}BO EK,two@example.org,{TIMES}"
    assert found_in(event, text) == {
        "Anna Berg": (None, "", 2),
        "Bo Ek": (None, "", 1),
        "BO EK": (None, "", 1),
    }


def test_people_without_a_place_are_not_found(event):
    named(event, "Anna Berg", "anna@example.org", state="withdrawn")
    assert found_in(event, HEAD + f"Anna Berg,anna@example.org,{TIMES}") == {"Anna Berg": (None, "", 0)}


def test_seal_of_another_event_or_with_a_changed_letter_is_refused(event):
    from django.core.signing import BadSignature

    text = sealed(event, find_people(event, log_of(ZOOM).people))
    assert unsealed(event, text, {}) == ({}, None)
    for other, content in ((make_event(), text), (event, "x" + text)):
        with pytest.raises(BadSignature):
            unsealed(other, content, {})


# Stored ------------------------------------------------------------------------------------------


def test_log_gives_each_session_its_minutes_and_pauses_none(event, host):
    first = make_session(event, start=time(10), end=time(11))
    make_session(event, kind="pause", start=time(11), end=time(11, 30))
    last = make_session(event, start=time(11, 30), end=time(12, 30))
    anna = make_registration(event, mode="online")
    presence = Presence(((at(9), at(10, 40)), (at(10, 30), at(12))))
    assert store_log(event, {anna.pk: presence}, actor=host) == 1
    assert marks(anna) == [(first.pk, "video-log", 60), (last.pk, "video-log", 30)]


def test_log_twice_changes_nothing_and_a_later_one_replaces(event, host):
    make_session(event, start=time(10), end=time(11))
    anna = make_registration(event, mode="online")
    for _round in range(2):
        store_log(event, {anna.pk: Presence(((at(10), at(10, 20)),))}, actor=host)
    assert [minutes for _session, _source, minutes in marks(anna)] == [20]
    store_log(event, {anna.pk: Presence(((at(10), at(10, 50)),))}, actor=host)
    assert [minutes for _session, _source, minutes in marks(anna)] == [50]


def test_log_leaves_what_was_marked_by_hand(event, host):
    session, anna = make_session(event), make_registration(event)
    check_in(anna, actor=host, session=session)
    store_log(event, {anna.pk: Presence(((at(10), at(10, 20)),))}, actor=host)
    assert marks(anna) == [(session.pk, "manual", None)]


def test_log_counts_sessions_side_by_side_only_with_a_seat(event, host):
    left = make_session(event, "Left", kind="breakout")
    right = make_session(event, "Right", kind="breakout")
    anna, bo = make_registration(event), make_registration(event)
    anna.allocations.create(pool=event.pools.get(session=right), state="held")
    presence = Presence(((at(10), at(11)),))
    store_log(event, {anna.pk: presence, bo.pk: presence}, actor=host)
    assert (marks(anna), marks(bo)) == ([(right.pk, "video-log", 60)], [])
    store_log(event, {bo.pk: presence}, actor=host, session=left)
    assert marks(bo) == [(left.pk, "video-log", 60)]


def test_log_without_times_or_agenda_is_clipped_to_the_event(event, host):
    anna, bo = make_registration(event), make_registration(event)
    presences = {anna.pk: Presence((), 9 * 3600), bo.pk: Presence(((at(9), at(11)),))}
    store_log(event, presences, actor=host)
    assert (marks(anna), marks(bo)) == ([(None, "video-log", 360)], [(None, "video-log", 60)])


def test_log_with_times_and_a_length_of_which_nothing_is_known_counts_both_at_the_event(event, host):
    make_session(event, start=time(10), end=time(12))
    anna = make_registration(event)
    store_log(event, {anna.pk: Presence(((at(10), at(10, 20)),), 30 * 60)}, actor=host)
    assert marks(anna) == [(None, "video-log", 50)]


def test_log_of_an_event_that_was_held_settles(event, host):
    online, absent = make_registration(event, mode="online"), make_registration(event, mode="online")
    store_log(held(event), {online.pk: Presence(((at(10), at(11)),))}, actor=host)
    states = [Registration.objects.get(pk=one.pk).state for one in (online, absent)]
    assert states == [State.ATTENDED, State.NO_SHOW]


# Pages -------------------------------------------------------------------------------------------


def test_list_marks_and_undoes_by_post_and_keeps_the_search(client, event, host):
    client.force_login(host)
    anna = make_registration(event, name="Åsa Öberg")
    address = reverse("event_desk:check-in", args=[event.pk])
    answer = client.post(address, {"registration": anna.pk, "q": "asa"})
    assert answer.headers["Location"] == f"{address}?q=asa#person-{anna.pk}"
    assert marks(anna) == [(None, "manual", None)]
    client.post(address, {"registration": anna.pk, "undo": "1"})
    assert marks(anna) == []


def test_list_finds_names_without_their_accents(client, event, host):
    client.force_login(host)
    make_registration(event, name="Åsa Öberg")
    make_registration(event, name="Bo Ek")
    page = client.get(reverse("event_desk:check-in", args=[event.pk]), {"q": "oberg"})
    assert [str(one) for one in page.context["page"]] == ["Åsa Öberg"]


def test_list_asks_as_often_for_three_people_as_for_one(client, event, host, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(host)
    city, address = make_city(), reverse("event_desk:check-in", args=[event.pk])
    counts = []
    for number in (1, 2):
        for _one in range(number):
            check_in(make_registration(event, city=city), actor=host)
        client.get(address)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(address)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_list_of_a_session_that_is_a_pause_or_elsewhere_is_missing(client, event, host):
    client.force_login(host)
    for session in (make_session(event, kind="pause"), make_session(make_event())):
        assert client.get(reverse("event_desk:check-in-session", args=[event.pk, session.pk])).status_code == 404


def code_address(registration):
    return reverse("events:check-in", args=[registration.uid, token_of(registration, "check-in")])


def test_code_asks_and_marks_for_hosts_only(client, event, host):
    anna = make_registration(event, name="Anna Berg")
    plain = client.get(code_address(anna))
    assert (plain.status_code, "Anna Berg" in plain.content.decode()) == (200, False)
    assert client.post(code_address(anna)).status_code == 404
    client.force_login(host)
    assert "Anna Berg" in client.get(code_address(anna)).content.decode()
    assert marks(anna) == []
    for _round in range(2):
        client.post(code_address(anna), {"session": ""})
    assert marks(anna) == [(None, "qr", None)]


def test_code_with_the_secret_of_another_purpose_is_missing(client, event, host):
    client.force_login(host)
    anna = make_registration(event)
    assert client.get(reverse("events:check-in", args=[anna.uid, token_of(anna)])).status_code == 404


def test_own_code_is_a_picture_of_the_address(client, event):
    anna = make_registration(event)
    page = client.get(reverse("events:registration-code", args=[anna.uid, token_of(anna)]))
    assert (page.status_code, page.content.count(b'class="segno"')) == (200, 1)
    waits = make_registration(event, state="waitlisted")
    assert client.get(reverse("events:registration-code", args=[waits.uid, token_of(waits)])).status_code == 404


def test_import_shows_first_and_stores_what_was_confirmed(client, event, host):
    client.force_login(host)
    anna = named(event, "Anna Berg", "anna@example.org")
    nino = named(event, "N. Rossi", "nino@example.org")
    address = reverse("event_desk:attendance", args=[event.pk])
    file = SimpleUploadedFile("log.csv", ZOOM.encode())
    page = client.post(address, {"files": file, "session": "", "time_zone": "Europe/Stockholm"})
    shown = {row["attendee"].name: (row["number"], row["minutes"]) for row in page.context["rows"]}
    assert (page.status_code, Attendance.objects.count()) == (200, 0)
    assert {name: minutes for name, (_number, minutes) in shown.items()} == {
        "Anna Berg": 60,
        "Nino Rossi": 15,
        '=HYPERLINK("http://evil.example")': 15,
    }
    chosen = {f"person-{shown['Nino Rossi'][0]}": nino.pk, "sealed": page.context["sealed"]}
    client.post(reverse("event_desk:attendance-store", args=[event.pk]), chosen)
    assert (marks(anna), marks(nino)) == ([(None, "video-log", 60)], [(None, "video-log", 15)])


def test_import_of_a_file_that_is_no_log_says_so_beside_the_field(client, event, host):
    client.force_login(host)
    file = SimpleUploadedFile("log.csv", b"Title,Text\na,b\n")
    address = reverse("event_desk:attendance", args=[event.pk])
    page = client.post(address, {"files": file, "time_zone": "Europe/Stockholm"})
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["files"])


def test_import_never_stores_for_people_of_another_event(client, event, host):
    client.force_login(host)
    stranger = named(make_event(), "Nino", "n@example.org")
    address = reverse("event_desk:attendance", args=[event.pk])
    file = SimpleUploadedFile("log.csv", ZOOM.encode())
    page = client.post(address, {"files": file, "time_zone": "Europe/Stockholm"})
    fields = {f"person-{number}": stranger.pk for number in range(3)} | {"sealed": page.context["sealed"]}
    client.post(reverse("event_desk:attendance-store", args=[event.pk]), fields)
    assert Attendance.objects.count() == 0
