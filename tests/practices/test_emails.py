from datetime import timedelta

import pytest
from django.template import engines
from django.template.loader import render_to_string
from django.test import override_settings
from django.utils import timezone, translation

from common.outbox import queueing
from networks.services import grant_role
from practices import services
from tests.factories import make_city, make_person, make_practice
from tests.practices.conftest import Role
from tests.practices.editorial import complete, harmless

pytestmark = pytest.mark.django_db
KINDS = (
    "practice-submitted",
    "review-assigned",
    "changes-requested",
    "practice-published",
    "practice-rejected",
    "practice-withdrawn",
    "release-needed",
    "review-comment",
    "adaptation-claimed",
    "adaptation-confirmed",
    "adaptation-declined",
    "review-due",
)


def to(name):
    return f"{name}@example.org"


def test_submission_is_told_to_the_coordinators(sent, hub, submitted):
    assert sent == [("practice-submitted", to("coordinator")), ("practice-submitted", to("second"))]


def test_steps_are_told_to_those_concerned_and_never_to_the_actor(sent, hub, submitted):
    sent.clear()
    services.assign_reviewer(submitted, hub.reviewer, actor=hub.coordinator)
    services.comment(submitted, "Why?", actor=hub.reviewer)
    services.request_changes(submitted, actor=hub.coordinator, note="Shorter.")
    services.submit(submitted, actor=hub.officer)
    services.approve(submitted, actor=hub.second)
    assert sent == [
        ("review-assigned", to("reviewer")),
        ("review-comment", to("officer")),
        ("changes-requested", to("officer")),
        ("practice-submitted", to("coordinator")),
        ("practice-submitted", to("second")),
        ("practice-submitted", to("reviewer")),
        ("practice-published", to("officer")),
    ]


def test_rejection_and_withdrawal_are_told(sent, hub, submitted):
    sent.clear()
    services.reject(submitted, actor=hub.coordinator, reason="other", note="No.")
    assert sent == [("practice-rejected", to("officer"))]


def test_risk_is_told_to_the_other_coordinators(sent, hub):
    checklist = harmless(minors="yes")
    checklist["minors"]["mitigation"] = "Ansikten syns inte."
    revision = services.start_practice(actor=hub.officer, city=hub.city, source_language="sv")
    services.save_revision(revision, complete(harm_checklist=checklist), actor=hub.officer, seen=0)
    services.submit(revision, actor=hub.officer)
    sent.clear()
    services.approve(revision, actor=hub.coordinator)
    assert sent == [("release-needed", to("second"))]


def test_adaptation_is_told_to_the_origin_and_its_answer_to_who_claimed_it(sent, hub):
    origin = make_practice(language="sv", city=hub.city)
    city = make_city("Torino", "IT")
    italian = make_person("italian@example.org", language="it")
    grant_role(italian, Role.CONTRIBUTOR, actor=hub.admin, city=city)
    adaptation = services.claim_adaptation(
        origin, actor=italian, city=city, source_language="it", kept="A", changed="B"
    )
    services.confirm_adaptation(adaptation, actor=hub.coordinator)
    assert sent == [("adaptation-claimed", to("officer")), ("adaptation-confirmed", to("italian"))]


def test_mail_is_in_the_language_of_its_reader_with_a_key_of_its_own(monkeypatch, hub, submitted):
    mails = []
    monkeypatch.setattr(queueing, "queue_mail", lambda kind, **values: mails.append(values))
    with translation.override("ar"):
        services.request_changes(submitted, actor=hub.coordinator, note="Kortare.")
    [mail] = mails
    step = submitted.steps.get(to_stage="changes-requested")
    assert (mail["language"], mail["key"], mail["person"]) == (
        "sv",
        f"changes-requested:{step.pk}:{hub.officer.pk}",
        hub.officer,
    )
    assert mail["context"] == {
        "title": "Samtal på torget",
        "title_language": "sv",
        "title_direction": "ltr",
        "actor": "coordinator@example.org",
        "url": f"http://localhost:8000/sv/workspace/review/{submitted.pk}/",
        "note": "Kortare.",
        "reason": "",
    }


def test_reviews_due_soon_are_reminded_of_under_one_key(monkeypatch, hub):
    keys = []
    monkeypatch.setattr(queueing, "queue_mail", lambda kind, *, to, key, **values: keys.append((to, key)))
    today = timezone.localdate()
    soon = make_practice(city=hub.city, review_due_on=today + timedelta(days=29))
    make_practice(city=hub.city, review_due_on=today + timedelta(days=40))
    make_practice(city=hub.city, published=False, review_due_on=today)
    assert services.remind_of_reviews() == services.remind_of_reviews() == 1
    assert keys == 2 * [(to("officer"), f"review-due:{soon.pk}:{soon.review_due_on}:{hub.officer.pk}")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_mail_takes_titles_and_notes_literally(kind, language, tmp_path):
    hostile = "<a href='https://evil.example'>click</a> {{ 7 }} & co"
    context = dict.fromkeys(("title", "actor", "note", "reason", "city"), hostile)
    context |= {"url": "https://hub.example/x", "title_language": "en", "title_direction": "ltr"}
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "base.html").write_text("{% block content %}{% endblock %}")
    settings = [dict(engines.templates["django"], DIRS=[*engines.templates["django"]["DIRS"], tmp_path])]
    for options in settings:
        options.pop("NAME", None)
    with translation.override(language), override_settings(TEMPLATES=settings):
        subject, text, html = (
            render_to_string(f"mail/{kind}.{ending}", context) for ending in ("subject.txt", "txt", "html")
        )
    assert hostile in subject
    assert len(subject.strip().splitlines()) == 1
    assert hostile in text
    assert "https://hub.example/x" in text
    assert html.count("<a ") == 1
    assert "<a href=&#x27;" in html or "&lt;a href=" in html
