"""The pages of reviewers, coordinators and cities in Chromium: readable, reachable, narrow and right-to-left."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone, translation

from networks.services import grant_role
from practices import services
from practices.models import Revision
from tests.browser.test_pages import LEVELS
from tests.factories import make_city, make_person
from tests.practices.conftest import hub, submitted  # noqa: F401
from tests.practices.editorial import harmless

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "Nachbarschaftsgesprächsvorbereitungsgruppe " * 4


@pytest.fixture
def paths(hub, submitted):  # noqa: F811
    """(who, name, path without language): a submitted practice, one published with a change on its way, a claim."""
    services.assign_reviewer(submitted, hub.reviewer, actor=hub.coordinator)
    services.comment(submitted, actor=hub.reviewer, field="results_sv", text=LONG)
    services.request_changes(submitted, actor=hub.coordinator, note="Mer om kostnader.")
    changed = Revision.objects.get(pk=submitted.pk)
    services.save_revision(changed, {"results_sv": f"<p>{LONG}</p>"}, actor=hub.officer, seen=changed.counter)
    services.submit(changed, actor=hub.officer)
    services.approve(changed, actor=hub.coordinator)
    practice = changed.practice
    practice.refresh_from_db()
    pending = services.open_revision(practice, actor=hub.officer)
    edits = {"title_sv": "Samtal på alla torg", "harm_checklist": harmless()}
    services.save_revision(pending, edits, actor=hub.officer, seen=pending.counter)
    services.submit(pending, actor=hub.officer)
    services.assign_reviewer(pending, hub.reviewer, actor=hub.coordinator)
    Revision.objects.filter(pk=pending.pk).update(stage_since=timezone.now() - timedelta(days=20))
    torino = make_city("Torino", "IT")
    ugo = make_person("ugo@example.org")
    grant_role(ugo, "contributor", actor=hub.admin, city=torino)
    claim = services.claim_adaptation(
        practice, actor=ugo, city=torino, source_language="it", kept="Le sedie", changed="La sera"
    )
    address = lambda name, *args: reverse(f"workspace:{name}", args=args).removeprefix("/en")  # noqa: E731
    with translation.override("en"):
        return [
            (hub.coordinator, "queue", address("review-queue")),
            (hub.coordinator, "decision", address("review", pending.pk)),
            (hub.reviewer, "judgement", address("review", pending.pk)),
            (hub.coordinator, "history", address("practice-history", practice.pk)),
            (hub.coordinator, "withdraw", address("practice-withdraw", practice.pk)),
            (hub.officer, "confirm", address("practice-confirm", practice.pk)),
            (hub.officer, "desk", address("home")),
            (hub.officer, "on-its-way", address("submitted", practice.pk)),
            (hub.officer, "adaptations", address("adaptations")),
            (hub.officer, "answer", address("adaptation", claim.pk)),
            (ugo, "claim", address("practice-adapt", practice.pk)),
        ]


@pytest.mark.parametrize(
    ("language", "width", "scheme"), [("en", 1280, "light"), ("ar", 390, "light"), ("en", 390, "dark")]
)
def test_desks_are_accessible_and_fit(open_as, paths, language, width, scheme):
    faults = []
    for person, name, path in paths:
        page = open_as(person, f"/{language}{path}", width=width, color_scheme=scheme)
        page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true })")
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=Path(folder) / f"desk-{name}-{language}-{width}.png", full_page=True)
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": LEVELS}}).response["violations"]
        faults += [(name, one["id"], one["nodes"][0]["html"][:160]) for one in found]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            faults.append((name, "too wide"))
        page.context.close()
    assert "\n".join(map(str, faults)) == ""
