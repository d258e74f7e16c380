"""Work on its way: drafts, reviews, an adaptation to confirm, translations to renew; each through the services."""

import tomllib
from datetime import timedelta
from pathlib import Path

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from networks.models import City
from practices import harm, services
from practices.models import Adaptation, Practice, Revision
from practices.translating import source_digest
from vocabularies.models import Scheme, Term

DATA = Path(__file__).parent / "work.toml"
LISTS = {"themes": Scheme.THEME, "approaches": Scheme.APPROACH, "beneficiaries": Scheme.BENEFICIARY}
SINGLE = {
    "geographic_scope": ("scope", Scheme.SCOPE),
    "lifecycle": ("lifecycle", Scheme.LIFECYCLE),
    "budget_band": ("budget_band", Scheme.BUDGET_BAND),
    "evidence_level": ("evidence_level", Scheme.EVIDENCE_LEVEL),
    "transferability": ("transferability", Scheme.TRANSFERABILITY),
}
TEXTS = ("title", "summary", "challenge", "description", "results", "lessons_learned")
SCORES = {"relevance": 3, "clarity": 2, "evidence": 1, "transferability": 3, "ethics": 3}
COORDINATOR, REVIEWER, TRANSLATOR = (
    "coordinator.nordic@example.org",
    "reviewer@example.org",
    "translator@example.org",
)


@transaction.atomic
def seed_work() -> int:
    """Add the work once the demonstration's people are there; returns how many practices are on their way."""
    City.objects.filter(slug="malmo", mail_domain="").update(mail_domain="malmo.example")
    if not Revision.objects.exists():
        told = tomllib.loads(DATA.read_text(encoding="utf-8"))
        for entry in told["practice"]:
            _write(entry)
        _adapt(told["adaptation"])
    return Revision.objects.open().count()


def _person(email):
    return get_user_model().objects.get(email=email)


def _write(entry):
    author, city = _person(entry["author"]), City.objects.get(slug="malmo")
    networks = list(city.memberships.active().values_list("network", flat=True))
    revision = services.start_practice(actor=author, city=city, source_language="sv", network_ids=networks)
    content = {f"{name}_sv": entry[name] for name in TEXTS if name in entry}
    if entry["stage"] != "draft":
        content |= _facts(entry)
    services.save_revision(revision, content, actor=author, seen=0)
    if entry["stage"] != "draft":
        services.submit(revision, actor=author)
    if entry["stage"] in ("in-review", "changes-requested"):
        services.assign_reviewer(revision, _person(REVIEWER), actor=_person(COORDINATOR))
        revision.refresh_from_db()
    if entry["stage"] == "changes-requested":
        services.comment(revision, entry["remark"], actor=_person(REVIEWER), field=f"{entry['remark_on']}_sv")
        services.finish_review(
            revision, actor=_person(REVIEWER), scores=SCORES, verdict="change", summary=entry["asked"]
        )
        services.request_changes(revision, actor=_person(COORDINATOR), note=entry["asked"])
    if entry["stage"] == "published":
        _publish(revision, entry)
    Revision.objects.filter(pk=revision.pk).update(stage_since=timezone.now() - timedelta(days=entry["days"]))


def _facts(entry):
    answers = {name: "yes" if name in harm.REASSURING else "no" for name in harm.QUESTIONS}
    return {
        "contact_email": entry["contact"],
        "harm_checklist": {name: {"answer": answer, "mitigation": ""} for name, answer in answers.items()},
        **{name: [_term(scheme, code) for code in entry[name]] for name, scheme in LISTS.items()},
        **{name: _term(scheme, entry[key]) for name, (key, scheme) in SINGLE.items()},
    }


def _term(scheme, code):
    return Term.objects.get(scheme=scheme, code=code).pk


def _adapt(entry):
    claimed = services.claim_adaptation(
        Practice.objects.get(external_id=entry["origin"]),
        actor=_person(entry["author"]),
        city=City.objects.get(slug="turin"),
        source_language="it",
        kept=entry["kept"],
        changed=entry["changed"],
        result=entry["result"],
    )
    Adaptation.objects.filter(pk=claimed.pk).update(claimed_at=timezone.now() - timedelta(days=entry["days"]))


def _publish(revision, entry):
    """Approved, translated by the translator, and edited since: one field of the translation is outdated."""
    services.approve(revision, actor=_person(COORDINATOR))
    practice, translator = Practice.objects.get(pk=revision.practice_id), _person(TRANSLATOR)
    services.save_draft(practice, "it", entry["italian"], actor=translator, seen=0)
    services.confirm_translation(practice, "it", actor=translator, against=source_digest(practice))
    author, edit = _person(entry["author"]), entry["edit"]
    practice.refresh_from_db()
    pending = services.open_revision(practice, actor=author)
    column = f"{edit['field']}_sv"
    changes = {column: pending.content[column].replace(edit["said"], edit["says"])}
    services.save_revision(pending, changes, actor=author, seen=pending.counter, weight="major")
    services.submit(pending, actor=author)
    services.approve(pending, actor=_person(COORDINATOR))
