"""The columns of files that go out and come in: the practice's field names, translated ones with a language suffix."""

from common.languages import site_languages
from practices.search.vectors import TEXT_FIELDS
from vocabularies.models import Scheme

HUB_ID = "hub_id"
"""The number a practice has here. Exports have it, so that what comes back is known again, external id or not."""

FURTHER_NETWORKS = "…"
"""Stands in the column of networks for those that the person who exported does not keep; they stay as they are."""

TERM_COLUMNS = {
    "geographic_scope": Scheme.SCOPE,
    "prevention_level": Scheme.PREVENTION_LEVEL,
    "lifecycle": Scheme.LIFECYCLE,
    "budget_band": Scheme.BUDGET_BAND,
    "eu_programme": Scheme.EU_PROGRAMME,
    "evidence_level": Scheme.EVIDENCE_LEVEL,
    "evaluation_outcome": Scheme.EVALUATION_OUTCOME,
    "evaluator": Scheme.EVALUATOR,
    "transferability": Scheme.TRANSFERABILITY,
}
"""Columns that hold one term, as code or label in any language."""

TERMS_COLUMNS = {
    "themes": (Scheme.THEME, 3),
    "approaches": (Scheme.APPROACH, 4),
    "beneficiaries": (Scheme.BENEFICIARY, None),
    "delivered_by": (Scheme.DELIVERED_BY, None),
    "funding_sources": (Scheme.FUNDING, None),
    "prerequisites": (Scheme.PREREQUISITE, None),
}
"""Columns that hold several terms separated by "|", with the most there may be."""

MONTH_COLUMNS = ("starts_on", "ends_on")
DATE_COLUMNS = ("published_on", "confirmed_on")
CHOICE_COLUMNS = ("status", "visibility", "location_precision", "licence", "assurance", "source_language")
NUMBER_COLUMNS = ("budget_amount", "staff_fte")


def text_columns():
    return tuple(f"{name}_{language}" for name in TEXT_FIELDS for language in site_languages())


def known_columns() -> tuple[str, ...]:
    """All column names an import understands, in the order of a template."""
    return (
        "external_id",
        "network",
        "status",
        "source_language",
        "city",
        "country",
        "geonames_id",
        *text_columns(),
        *TERMS_COLUMNS,
        *TERM_COLUMNS,
        *MONTH_COLUMNS,
        *NUMBER_COLUMNS,
        "budget_currency",
        "lead_organisation",
        "partners",
        "contact_email",
        "links",
        "visibility",
        "location_precision",
        "licence",
        "assurance",
        *DATE_COLUMNS,
    )
