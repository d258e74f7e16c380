"""One practice's life, through the pages that people use: invited, written, reviewed, published, translated, adapted."""

import os
import re
from pathlib import Path

import pytest
from django.core import mail
from django.urls import reverse
from playwright.sync_api import expect

from common.outbox.sending import send_waiting
from networks.models import RoleAssignment
from networks.services import grant_role
from practices.models import Adaptation, Practice, Revision, Translation
from tests.factories import make_city, make_network, make_person, make_term
from tests.practices.editorial import harmless
from vocabularies.models import Scheme

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Role = RoleAssignment.Role
State = Translation.State
PHONE = 390
PASSWORD = "a long and unusual password"
SCORED = ("relevance", "clarity", "evidence", "transferability", "ethics")
RICH = {
    "challenge": "Grannarna talade inte med varandra.",
    "description": "Vi ställer fram stolar. Vi lyssnar på alla.",
    "results": "Fyrtio personer kom.",
    "lessons_learned": "Börja med vaktmästaren.",
}
CHOSEN = {
    "approaches": (Scheme.APPROACH, "Samtal"),
    "beneficiaries": (Scheme.BENEFICIARY, "Unga"),
    "geographic_scope": (Scheme.SCOPE, "Kommun"),
    "lifecycle": (Scheme.LIFECYCLE, "Pågår"),
    "budget_band": (Scheme.BUDGET_BAND, "Under 5 000 euro"),
    "evidence_level": (Scheme.EVIDENCE_LEVEL, "Inte bedömd"),
    "transferability": (Scheme.TRANSFERABILITY, "Klar att använda"),
}


@pytest.fixture
def world(transactional_db):
    class World:
        malmo = make_city("Malmö")
        torino = make_city("Torino", "IT")
        nordic = make_network("nordic", cities=[malmo])
        dialogue = make_network("dialogue", cities=[torino])
        admin = make_person("admin@example.org", is_superuser=True)
        coordinator = make_person("karin@example.org", name="Karin", language="sv")
        reviewer = make_person("rut@example.org", name="Rut", language="sv")
        translator = make_person("tea@example.org", name="Tea", language="it")
        italian = make_person("ugo@example.org", name="Ugo", language="it")
        stranger = make_person("sara@example.org", name="Sara", language="it")

    grant_role(World.coordinator, Role.COORDINATOR, actor=World.admin, network=World.nordic)
    grant_role(World.reviewer, Role.REVIEWER, actor=World.admin, network=World.nordic)
    grant_role(World.translator, Role.TRANSLATOR, actor=World.admin, network=World.nordic, language="it")
    grant_role(World.italian, Role.CONTRIBUTOR, actor=World.admin, city=World.torino)
    grant_role(World.stranger, Role.COORDINATOR, actor=World.admin, network=World.dialogue)
    make_term(Scheme.THEME, "dialogue", label_sv="Dialog")
    for scheme, label in CHOSEN.values():
        make_term(scheme, f"story-{scheme}", label_sv=label)
    return World


@pytest.fixture
def seen_by(open_as):
    """What a person sees on a phone."""
    return lambda person, path, width=PHONE: open_as(person, path, width=width)


def origin(page):
    return page.evaluate("location.origin")


def picture(page, name):
    """Kept where PICTURES names a folder, to be looked at; narrow pages must never scroll sideways."""
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], name
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"story-{name}.png", full_page=True)


def go_on(page, step):
    page.locator(".save-bar button").last.click()
    page.wait_for_url(f"**/{step}/")


def rich(page, name):
    field = page.locator(f"#field-{name}")
    field.scroll_into_view_if_needed()
    return field.locator("[contenteditable]")


def told(page):
    return page.locator("[data-status]")


def said(page, name):
    return page.locator("form[data-writing]").get_attribute(f"data-{name}")


def choose(page, name):
    field = page.locator(f"#field-{name}")
    if field.locator("select").count():
        field.locator("select").first.select_option(label=CHOSEN[name][1])
    else:
        field.get_by_label(CHOSEN[name][1], exact=False).first.check()


def decide(page, verb, fill=lambda form: None):
    """Open the part of a decision, fill it in, and press its button."""
    form = page.locator(f"form[action$='/{verb}/']")
    folded = page.locator("details.decision:not([open])", has=form)
    if folded.count():
        folded.locator("summary").click()
    fill(form)
    with page.expect_navigation():
        form.locator("button").click()


def invited_officer(world, seen_by, open_page):
    """The coordinator invites in the admin; the officer opens the link of the mail and is signed in."""
    page = seen_by(world.coordinator, reverse("admin:networks_roleassignment_invite"), width=1280)
    page.locator("main [name=email]").fill("olle@malmo.example")
    page.locator("[name=name]").fill("Olle")
    page.locator("select[name=language]").select_option("sv")
    page.locator("[name=role]").select_option(Role.CONTRIBUTOR)
    page.locator("[name=city]").evaluate(
        "(select, [pk, name]) => { select.add(new Option(name, pk)); select.value = pk }",
        [str(world.malmo.pk), "Malmö"],
    )
    page.locator(".submit-row input").click()
    page.wait_for_url("**/roleassignment/")
    send_waiting()
    [invitation] = [one for one in mail.outbox if one.to == ["olle@malmo.example"]]
    address = re.search(r"https?://[^/\s]+(/sv/\S+)", invitation.body)[1]
    officer = open_page(address, width=PHONE)
    picture(officer, "invitation")
    officer.locator("[name=name]").fill("Olle Ek")
    officer.locator("[type=password]").fill(PASSWORD)
    officer.locator("form.form button").click()
    officer.wait_for_url("**/workspace/")
    return officer


def write(officer, world):
    """All that is needed, on a phone; the connection breaks in the middle of the story."""
    picture(officer, "empty-desk")
    officer.locator(".page-head a.button").click()
    officer.locator("[name=source_language][value=sv]").check()
    officer.locator(".save-bar button").click()
    officer.wait_for_url("**/start/")
    officer.locator("#id_contact_email").fill("dialog@malmo.example")
    go_on(officer, "story")
    officer.locator("#id_title").fill("Samtal på torget")
    officer.context.set_offline(True)
    officer.locator("#id_summary").fill("Grannar möts varje vecka.")
    for name, text in RICH.items():
        rich(officer, name).click()
        officer.keyboard.type(text)
    expect(told(officer)).to_have_text(said(officer, "offline"), timeout=15_000)
    picture(officer, "offline")
    officer.context.set_offline(False)
    expect(told(officer)).to_have_text(said(officer, "saved"), timeout=15_000)
    revision = Revision.objects.get()
    assert {name: revision.content[f"{name}_sv"] for name in RICH} == {k: f"<p>{text}</p>" for k, text in RICH.items()}
    go_on(officer, "subject")
    officer.locator("#field-themes select").first.select_option(label="Dialog")
    for name in ("approaches", "beneficiaries", "geographic_scope"):
        choose(officer, name)
    go_on(officer, "means")
    for name in ("lifecycle", "budget_band"):
        choose(officer, name)
    go_on(officer, "evidence")
    for name in ("evidence_level", "transferability"):
        choose(officer, name)
    go_on(officer, "files")
    go_on(officer, "care")
    for question, answer in harmless().items():
        officer.locator(f"[name=harm_checklist-{question}][value={answer['answer']}]").check()
    picture(officer, "care")
    go_on(officer, "check")
    picture(officer, "check")
    officer.locator(".save-bar button").click()
    officer.wait_for_url("**/submitted/")
    picture(officer, "submitted")
    return Revision.objects.get()


def test_practice_lives_from_invitation_to_adaptation(world, seen_by, open_page, faults_expected):
    officer = invited_officer(world, seen_by, open_page)
    revision = write(officer, world)
    practice = revision.practice
    assert revision.stage == Revision.Stage.SUBMITTED

    # The coordinator finds it in the queue and asks a reviewer, who asks for changes.
    coordinator = seen_by(world.coordinator, "/sv/workspace/")
    coordinator.locator(".waiting a").click()
    picture(coordinator, "queue")
    coordinator.get_by_role("link", name="Samtal på torget").click()
    decide(coordinator, "assign", lambda form: form.locator("select").select_option(str(world.reviewer.pk)))
    expect(coordinator.locator(".judgement h3")).to_have_text("Rut")
    reviewer = seen_by(world.reviewer, "/sv/workspace/")
    reviewer.locator(".waiting a").click()
    for name in SCORED:
        reviewer.locator(f"[name=finish-{name}][value='2']").check()
    reviewer.locator("[name=finish-verdict][value=change]").check()
    reviewer.locator("[name=finish-summary]").fill("Hur många kom?")
    remark = reviewer.locator("#field-results_sv details.remarking")
    remark.locator("summary").click()
    remark.locator("textarea").fill("Hur många av dem var unga?")
    remark.locator("button").click()
    expect(reviewer.locator("#field-results_sv")).to_contain_text("Hur många av dem var unga?")
    picture(reviewer, "review")
    decide(reviewer, "request-changes", lambda form: form.locator("textarea").fill("Säg hur många unga som kom."))
    revision.refresh_from_db()
    assert revision.stage == Revision.Stage.CHANGES_REQUESTED

    # The officer answers; the coordinator sees what is new, and publishes.
    officer.goto(f"{origin(officer)}/sv/workspace/")
    picture(officer, "desk-with-changes")
    officer.locator(".waiting a").click()
    officer.goto(f"{origin(officer)}/sv/workspace/practices/{practice.pk}/story/")
    expect(officer.locator("#field-results .remark")).to_contain_text("Hur många av dem var unga?")
    rich(officer, "results").click()
    officer.keyboard.press("Control+End")
    officer.keyboard.type(" Hälften var unga.")
    expect(told(officer)).to_have_text(said(officer, "saved"), timeout=15_000)
    officer.goto(f"{origin(officer)}/sv/workspace/practices/{practice.pk}/check/")
    officer.locator(".save-bar button").click()
    officer.wait_for_url("**/submitted/")
    coordinator.reload()
    expect(coordinator.locator("#changed-results_sv, [id^=changed-results]").first).to_be_visible()
    expect(coordinator.locator("ins").first).to_contain_text("Hälften var unga.")
    picture(coordinator, "resubmitted")
    decide(coordinator, "approve")
    practice.refresh_from_db()
    assert practice.status == Practice.Status.PUBLISHED
    reader = open_page(practice.get_absolute_url().replace("/en/", "/sv/"), width=PHONE)
    expect(reader.locator("h1")).to_have_text("Samtal på torget")

    # A translator adds Italian.
    translator = seen_by(world.translator, f"/it/workspace/translations/{practice.pk}/it/", width=1280)
    translator.locator("#title input[type=text], #title textarea").first.fill("Conversazioni in piazza")
    translator.locator("#summary textarea").first.fill("I vicini si incontrano.")
    for name in RICH:
        translator.locator(f"#{name}").scroll_into_view_if_needed()
        translator.locator(f"#{name} [contenteditable]").fill(f"Testo: {name}.")
    picture(translator, "translation")
    with translator.expect_navigation():
        translator.locator("button[value=confirm]").click()
    italian = Translation.objects.get(practice=practice, language="it")
    assert italian.state == State.UP_TO_DATE

    # The officer edits one sentence; Italian alone is outdated, for that field.
    officer.goto(f"{origin(officer)}/sv/workspace/")
    officer.locator(".desk-rows button").click()
    officer.wait_for_url("**/story/")
    rich(officer, "description").click()
    officer.keyboard.press("Control+End")
    officer.keyboard.type(" Vi serverar te.")
    expect(told(officer)).to_have_text(said(officer, "saved"), timeout=15_000)
    officer.goto(f"{origin(officer)}/sv/workspace/practices/{practice.pk}/check/")
    officer.locator("[name=weight][value=major]").check()
    officer.locator(".save-bar button").click()
    officer.wait_for_url("**/submitted/")
    pending = practice.revisions.open().get()
    assert "te." not in Practice.objects.get(pk=practice.pk).description_sv
    coordinator.goto(f"{origin(coordinator)}/sv/workspace/review/{pending.pk}/")
    decide(coordinator, "approve")
    states = dict(practice.translations.values_list("language", "state"))
    assert states.pop("it") == State.OUTDATED
    assert set(states.values()) <= {State.MISSING}
    translator.goto(f"{origin(translator)}/it/workspace/translations/{practice.pk}/it/")
    expect(translator.locator("#description .state")).to_have_class("state outdated")
    assert translator.locator(".pair .state.outdated").count() == 1
    expect(translator.locator("#description ins")).to_contain_text("Vi serverar te.")
    picture(translator, "outdated")

    # An Italian officer records an adaptation, Malmö confirms.
    ugo = seen_by(world.italian, practice.get_absolute_url().replace("/en/", "/it/"))
    ugo.goto(f"{origin(ugo)}/it/workspace/practices/{practice.pk}/adapt/")
    ugo.locator("[name=kept]").fill("Le sedie in piazza.")
    ugo.locator("[name=changed]").fill("La sera invece del mattino.")
    picture(ugo, "adapt")
    ugo.locator("form.typed button").click()
    ugo.wait_for_url("**/adaptations/*/")
    officer.goto(f"{origin(officer)}/sv/workspace/")
    officer.locator(".waiting a").click()
    picture(officer, "adaptation")
    with officer.expect_navigation():
        officer.locator("button[name=confirm]").click()
    assert Adaptation.objects.get().state == Adaptation.State.CONFIRMED
    reader.reload()
    expect(reader.locator("main")).to_contain_text("Le sedie in piazza.")
    picture(reader, "published")

    # The coordinator of another network sees nothing of it that is not public.
    stranger = seen_by(world.stranger, "/it/workspace/", width=1280)
    for path in (
        "/it/workspace/",
        "/it/workspace/review/",
        "/it/workspace/translations/",
        "/it/workspace/adaptations/",
    ):
        stranger.goto(origin(stranger) + path)
        assert "Samtal" not in stranger.content(), path
        assert "Conversazioni" not in stranger.content(), path
    stranger.goto(origin(stranger) + reverse("admin:practices_practice_changelist"))
    assert "Samtal" not in stranger.content()
    answer = stranger.goto(f"{origin(stranger)}/it/workspace/review/{revision.pk}/")
    assert answer.status == 404
