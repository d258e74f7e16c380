"""Contents for tests of the editorial life."""

from practices import harm
from tests.factories import make_term
from vocabularies.models import Scheme


def complete(language="sv", **changes):
    texts = {f"{name}_{language}": f"<p>{name}</p>" for name in ("challenge", "description", "results")}
    return {
        f"title_{language}": "Samtal på torget",
        f"summary_{language}": "Grannar talar med varandra.",
        f"lessons_learned_{language}": "<p>Börja tidigt.</p>",
        **texts,
        "themes": [make_term(Scheme.THEME, "youth").pk],
        "approaches": [make_term(Scheme.APPROACH, "training").pk],
        "beneficiaries": [make_term(Scheme.BENEFICIARY, "children").pk],
        "geographic_scope": make_term(Scheme.SCOPE, "municipality").pk,
        "lifecycle": make_term(Scheme.LIFECYCLE, "ongoing").pk,
        "budget_band": make_term(Scheme.BUDGET_BAND, "under-5k").pk,
        "evidence_level": make_term(Scheme.EVIDENCE_LEVEL, "monitored-outputs").pk,
        "transferability": make_term(Scheme.TRANSFERABILITY, "ready-to-reuse").pk,
        "contact_email": "office@example.org",
        "harm_checklist": harmless(),
    } | changes


def harmless(**changes):
    safe = {name: "yes" if name in harm.REASSURING else "no" for name in harm.QUESTIONS}
    return {name: {"answer": changes.get(name, answer), "mitigation": ""} for name, answer in safe.items()}
