"""Hostile text in every column of the database: no page of anybody runs it, and no mail makes a link of it.

Plain columns get it raw, past all gates, for pages escape what is plain. Rich columns hold HTML, which the gate alone
makes safe; they get what the gate leaves of it.
"""

import json
import re

import pytest
from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, connection, models, transaction
from django.urls import reverse

from accounts.services import invite
from common.fields import RichTextField
from common.models import OutboxMail
from common.text import clean_rich
from networks.services import grant_role, invite_to_role
from practices import services
from practices.search.indexing import rebuild
from tests.factories import make_city, make_person
from tests.practices.conftest import hub, submitted  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HOSTILE = (
    "\"'><img src=x onerror=alert(1)><script>alert(2)</script><a href=javascript:alert(3)>x</a>"
    "<svg/onload=alert(4)>{{ settings.SECRET_KEY }}{% debug %}${alert(5)}\u202e"
)
OURS = ("accounts", "networks", "practices", "vocabularies")
KEPT = {
    *("slug", "code", "scheme", "password", "token_hash", "email", "geonames_id", "external_id", "content_hash"),
    *("mail_domain", "colour", "time_zone", "contact_email", "website", "url", "number"),
}
"""Columns that are addresses or keys: their form is checked, and hostile text in them is no text."""


def poison():
    """Put the text into all text columns that are not keys, past all gates; returns the columns that took it."""
    taken = []
    for model in apps.get_models():
        if model._meta.app_label not in OURS or not model._meta.managed:
            continue
        for field in model._meta.concrete_fields:
            if not isinstance(field, models.CharField | models.TextField) or isinstance(field, models.FileField):
                continue
            if field.choices or field.name in KEPT or field.unique or field.primary_key:
                continue
            text = HOSTILE[: field.max_length] if field.max_length else HOSTILE
            if isinstance(field, RichTextField):
                text = clean_rich(HOSTILE)
            try:
                with transaction.atomic():
                    if model._base_manager.update(**{field.attname: text}):
                        taken.append(f"{model.__name__}.{field.name}")
            except IntegrityError:
                continue
    return taken


def poison_contents():
    """The same inside revisions and versions."""
    plain, rich = json.dumps(HOSTILE), json.dumps(clean_rich(HOSTILE))
    with connection.cursor() as cursor:
        for table in ("practices_revision", "practices_practiceversion"):
            cursor.execute(f"SELECT id, content::text FROM {table}")
            for pk, content in cursor.fetchall():
                dirty = re.sub(r'"<p>[^"]*</p>"', lambda _: rich, content)
                dirty = re.sub(r'"(title|summary)_sv": "[^"]*"', lambda found: f'"{found[1]}_sv": {plain}', dirty)
                cursor.execute(f"UPDATE {table} SET content = %s::jsonb WHERE id = %s", [dirty, pk])


@pytest.fixture
def poisoned(hub, submitted):  # noqa: F811
    ugo = make_person("ugo@example.org")
    torino = make_city("Torino", "IT")
    grant_role(ugo, "contributor", actor=hub.admin, city=torino)
    services.assign_reviewer(submitted, hub.reviewer, actor=hub.coordinator)
    services.comment(submitted, "Hur många?", actor=hub.coordinator, field="results_sv")
    services.approve(submitted, actor=hub.coordinator)
    practice = submitted.practice
    practice.refresh_from_db()
    pending = services.open_revision(practice, actor=hub.officer)
    services.save_revision(pending, {"title_sv": "Nytt"}, actor=hub.officer, seen=pending.counter)
    services.claim_adaptation(practice, actor=ugo, city=torino, source_language="it", kept="Uno", changed="Due")
    services.save_draft(practice, "it", {"title": "Uno"}, actor=hub.officer, seen=0)
    invite_to_role("bo@example.org", "contributor", actor=hub.coordinator, language="sv", city=hub.city)
    hub.taken = poison()
    poison_contents()
    rebuild()
    hub.practice, hub.pending = practice, pending
    return hub


def pages(hub):  # noqa: F811
    practice, pending = hub.practice, hub.pending
    workspace = lambda name, *args: reverse(f"workspace:{name}", args=args)  # noqa: E731
    own = [
        workspace("home"),
        workspace("submitted", practice.pk),
        *(workspace("step", practice.pk, step) for step in ("start", "story", "files", "care", "check")),
        workspace("translations"),
        workspace("translation-worklist", "it"),
        workspace("translation", practice.pk, "it"),
        workspace("adaptations"),
        workspace("practice-history", practice.pk),
        workspace("review", pending.pk),
        workspace("review", pending.pk) + "?against=submitted",
    ]
    public = ["/en/", "/en/practices/", "/en/cities/", "/en/networks/", practice.get_absolute_url()]
    public += [hub.city.get_absolute_url(), hub.network.get_absolute_url(), "/en/practices/?q=alert"]
    admin = [
        reverse(f"admin:{name}_changelist")
        for name in (
            *("practices_practice", "practices_revision", "networks_city", "networks_network"),
            *("networks_membership", "networks_roleassignment", "networks_roleoffer"),
        )
    ]
    admin += [reverse("admin:index"), reverse("admin:practices_practice_change", args=[practice.pk])]
    admin += [reverse("admin:networks_city_change", args=[hub.city.pk])]
    return {
        None: public,
        hub.officer: [*own, workspace("city")],
        hub.coordinator: [*own, workspace("review-queue"), *admin],
        hub.admin: admin,
    }


def test_hostile_text_in_every_column_runs_on_no_page(open_page, open_as, live_server, poisoned):
    assert len(poisoned.taken) > 60, poisoned.taken
    ran, unread = [], []
    for person, paths in pages(poisoned).items():
        page = open_as(person, "/healthz") if person else open_page("/healthz")
        page.on("dialog", lambda dialog: (ran.append(("dialog", dialog.message)), dialog.dismiss()))
        for path in paths:
            answer = page.goto(live_server.url + path)
            if answer.status != 200:
                unread.append((path, answer.status))
            if page.locator("img[onerror], svg[onload], a[href^='javascript:']").count():
                ran.append((path, "markup"))
            if settings.SECRET_KEY in page.content():
                ran.append((path, "template"))
    assert (ran, unread) == ([], [])


@pytest.fixture
def faults_expected():
    return ["Content Security Policy"]


def test_control_a_page_that_prints_it_raw_would_be_noticed(open_page, faults_expected):
    page = open_page("/healthz", javascript=True)
    page.set_content(f"<main>{HOSTILE.replace('<script>alert(2)</script>', '')}</main>")
    assert page.locator("img[onerror], svg[onload], a[href^='javascript:']").count() == 3


def test_hostile_names_make_no_link_in_a_mail(open_page, poisoned):
    OutboxMail.objects.all().delete()
    poisoned.practice.refresh_from_db()
    services.comment(poisoned.pending, HOSTILE, actor=poisoned.coordinator)
    invite("ann@example.org", "en", poisoned.coordinator, name=HOSTILE[:100])
    mails = list(OutboxMail.objects.all())
    assert len(mails) >= 2
    for mail in mails:
        page = open_page("/healthz")
        page.set_content(mail.html)
        links = page.locator("a").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
        assert all(link.startswith(settings.SITE_URL) for link in links), links
        assert page.locator("img[onerror], svg[onload], script").count() == 0
        assert "\n" not in mail.subject
