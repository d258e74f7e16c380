"""The report of an event: what stands in it, what never does, and who gets it when."""

import io
import json
import shutil
import subprocess
from collections import Counter
from datetime import date
from itertools import pairwise

import pytest
import typst
from django.urls import reverse
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from events.documents.report import SMALLEST, TEMPLATE, report_data, report_pdf, suppressed
from events.models import ActionItem, Event, EventPractice
from events.services.minutes import save_minutes
from networks.services import grant_role
from practices.documents.typesetting import FONTS
from tests.events.factories import make_event, make_registration, make_session
from tests.factories import make_city, make_network, make_person, make_practice

HOSTILE = '#sys.version $x^2$ *b* _i_ @ref <label> // c `raw` = h #read("/etc/passwd")'


@pytest.fixture
def host(db, admin_user):
    network = make_network("hosting", cities=[make_city("Malmö")], name_en="Nordic cities", name_ar="مدن الشمال")
    person = make_person("host@example.org", name="Hanna Hemlig")
    grant_role(person, "coordinator", actor=admin_user, network=network)
    person.network = network
    return person


@pytest.fixture
def event(host):
    event = make_event(
        networks=[host.network],
        day=date(2027, 6, 15),
        title_en="Trust in schools",
        title_ar="الثقة في المدارس",
        city=make_city("Turin", "IT", name_ar="تورينو"),
        venue="Town hall",
    )
    malmo = host.network.cities.get()
    session = make_session(event, "Opening")
    decision = event.decisions.create(text=HOSTILE, session=session)
    event.action_items.create(
        city=malmo, text="Write it up", due_on=date(2027, 9, 1), decision=decision, note="Secret note"
    )
    event.action_items.create(city=malmo, text="Was dropped", state=ActionItem.State.DROPPED)
    event.outcomes.create(title_en="Charter", description_en="Signed by all.", url="https://example.org/charter")
    shown = make_practice(city=malmo, texts={"title_en": "Open school"})
    event.event_practices.create(practice=shown, role="shown", note="Secret remark")
    draft = make_practice(published=False, texts={"title_en": "Unpublished canary"})
    event.event_practices.create(practice=draft, role="shown")
    event.event_practices.create(title="Night walks", city=malmo, role="shown", presenter="Pia Presenter")
    event.event_practices.create(title="Only proposed", city=malmo, role=EventPractice.Role.PROPOSED)
    save_minutes(event, "<h3>Morning</h3><p>We <em>met</em>.</p>", base=0, language="en", actor=host)
    return event


def data(event, language="en"):
    with translation.override(language):
        return report_data(Event.objects.get(pk=event.pk))


def text_of(pdf, tmp_path):
    if shutil.which("pdftotext"):
        path = tmp_path / "report.pdf"
        path.write_bytes(pdf)
        return subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True, text=True).stdout
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


# What it says ------------------------------------------------------------------------------------


def test_report_tells_of_the_event_and_what_came_of_it(event):
    found = data(event)
    rows = dict(found["facts"]["rows"])
    assert found["title"] == {"text": "Trust in schools", "language": "en", "direction": "ltr"}
    assert rows["Where"] == ["Town hall, Turin"]
    assert rows["Hosts"] == ["Nordic cities"]
    assert found["agenda"]["days"][0]["sessions"][0]["title"]["text"] == "Opening"
    assert [row["city"] for row in found["actions"]["rows"]] == ["Malmö"]
    assert [row["text"] for row in found["practices"]["rows"]] == ["Open school", "Night walks"]
    assert [row["title"]["text"] for row in found["outcomes"]["rows"]] == ["Charter"]
    assert [block["tag"] for block in found["minutes"]["blocks"]] == ["h3", "p"]


def test_report_holds_no_notes_names_of_participants_nor_what_is_not_public(event):
    make_registration(event, "amina@example.org", name="Amina Ali", organisation="Secret office", is_listed=True)
    told = json.dumps(data(event), ensure_ascii=False)
    canaries = (
        "Secret",
        "Amina",
        "amina",
        "Hemlig",
        "Pia Presenter",
        "Unpublished canary",
        "Only proposed",
        "Was dropped",
    )
    assert [word for word in canaries if word in told] == []
    assert "Write it up" in told


def test_report_in_arabic_runs_from_right_to_left(event):
    found = data(event, "ar")
    assert (found["language"], found["direction"]) == ("ar", "rtl")
    assert found["title"]["text"] == "الثقة في المدارس"
    assert found["minutes"]["label"] == "الإنجليزية"
    assert (found["minutes"]["language"], found["minutes"]["direction"]) == ("en", "ltr")


# Numbers -----------------------------------------------------------------------------------------


def test_report_counts_places_and_attendance(event):
    for number in range(6):
        make_registration(event, state="attended" if number < 5 else "no-show", city=make_city("Malmö", "SE"))
    rows = dict(data(event)["facts"]["rows"])
    assert (rows["Had a place"], rows["Attended"]) == (["6"], ["5"])
    assert data(event)["countries"]["rows"] == [["Sweden", "6"]]


def test_report_without_attendance_taken_says_nothing_of_it(event):
    for _number in range(5):
        make_registration(event)
    assert "Attended" not in dict(data(event)["facts"]["rows"])


def test_report_tells_of_small_groups_only_together(event):
    for country, count in (("SE", 7), ("IT", 3), ("FR", 2)):
        for _number in range(count):
            make_registration(event, country=country)
    assert data(event)["countries"]["rows"] == [["Sweden", "7"], ["Countries with fewer than 5", "5"]]


def test_report_of_fewer_than_five_people_gives_no_number(event):
    make_registration(event, state="attended", country="SE")
    found = data(event)
    assert dict(found["facts"]["rows"])["Had a place"] == ["fewer than 5"]
    assert found["countries"]["rows"] == []


def test_small_group_that_would_follow_from_the_total_takes_another_with_it():
    assert suppressed(Counter(SE=20, FR=8, IT=2)) == ({"SE": 20}, 10)
    assert suppressed(Counter(SE=20, IT=2)) == ({}, 22)
    assert suppressed(Counter(SE=20, FR=5)) == ({"SE": 20, "FR": 5}, 0)


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 12)))
def test_no_group_under_five_follows_from_what_is_shown(counts):
    shown, hidden = suppressed(Counter(counts))
    assert sum(shown.values()) + hidden == sum(counts.values())
    assert [count for count in shown.values() if count < SMALLEST] == []
    assert hidden == 0 or hidden >= SMALLEST or not shown


# The document ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ar", "fr", "it", "sv", "ro"])
def test_pdf_is_accessible_by_its_own_rules_and_names_its_language(event, language, tmp_path, caplog):
    with translation.override(language):
        pdf = report_pdf(Event.objects.get(pk=event.pk))
    (tmp_path / "report.pdf").write_bytes(pdf)
    catalogue = PdfReader(tmp_path / "report.pdf").trailer["/Root"]
    assert pdf.startswith(b"%PDF-")
    assert catalogue["/Lang"].split("-")[0] == language
    assert catalogue["/MarkInfo"]["/Marked"] is True or catalogue["/MarkInfo"]["/Marked"].value is True
    assert [record for record in caplog.records if "PDF/UA" in record.message] == []


def test_pdf_sets_what_people_wrote_as_text(event, tmp_path):
    told = " ".join(text_of(report_pdf(Event.objects.get(pk=event.pk)), tmp_path).split())
    assert HOSTILE in told
    assert "Write it up" in told


def test_headings_of_the_document_skip_no_level(event):
    headings = json.loads(
        typst.query(
            TEMPLATE,
            "heading",
            root=TEMPLATE.parent,
            font_paths=FONTS,
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(data(event))},
        )
    )
    levels = [heading["level"] for heading in headings]
    assert levels[0] == 1
    assert [(one, two) for one, two in pairwise(levels) if two > one + 1] == []


# The page ----------------------------------------------------------------------------------------


def public(event):
    return reverse("events:report", args=[event.pk, event.slug])


@pytest.mark.parametrize("status", Event.Status.values)
def test_public_report_is_there_once_the_event_is_reported(client, event, status):
    dates = {"starts_at": None, "ends_at": None} if status == "postponed" else {}
    Event.objects.filter(pk=event.pk).update(status=status, **dates)
    answer = client.get(public(event))
    assert answer.status_code == (200 if status in ("reported", "archived") else 404)
    if answer.status_code == 200:
        assert answer["Content-Type"] == "application/pdf"


def test_public_report_of_an_event_for_members_is_not_for_others(client, event, host):
    Event.objects.filter(pk=event.pk).update(status="reported", visibility="network")
    assert client.get(public(event)).status_code == 404
    client.force_login(host)
    assert client.get(public(event)).status_code == 200


def test_public_report_at_an_old_title_leads_to_the_present_one(client, event):
    Event.objects.filter(pk=event.pk).update(status="reported")
    answer = client.get(reverse("events:report", args=[event.pk, "old-title"]))
    assert (answer.status_code, answer["Location"]) == (301, public(event))


def test_report_of_the_desk_is_there_for_hosts_at_any_time(client, event, host):
    client.force_login(host)
    answer = client.get(reverse("event_desk:report", args=[event.pk]))
    assert answer.status_code == 200
    assert answer["Content-Disposition"] == f'inline; filename="event-{event.pk}-report-en.pdf"'
