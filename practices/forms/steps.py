"""The steps of writing a practice: which fields, in which order, with which help."""

from django.utils.translation import gettext_lazy as _

from practices.content import text_columns

STEPS = {
    "start": (
        _("Who and where"),
        (
            "source_language",
            "city",
            "networks",
            "lead_organisation",
            "partners",
            "contact_email",
            "location_precision",
            "visibility",
            "licence",
        ),
    ),
    "story": (
        _("The story"),
        ("title", "summary", "challenge", "description", "results", "lessons_learned", "what_did_not_work"),
    ),
    "subject": (
        _("What and for whom"),
        ("themes", "approaches", "beneficiaries", "delivered_by", "prevention_level", "geographic_scope"),
    ),
    "means": (
        _("Time and means"),
        (
            "lifecycle",
            "starts_on",
            "ends_on",
            "budget_band",
            "budget_amount",
            "budget_currency",
            "staff_fte",
            "funding_sources",
            "eu_programme",
        ),
    ),
    "evidence": (
        _("Evidence and transfer"),
        (
            "evidence_level",
            "evaluation_outcome",
            "evaluator",
            "transferability",
            "prerequisites",
            "advice_keep",
            "advice_change",
            "gender_and_inclusion",
        ),
    ),
    "files": (_("Pictures and links"), ("images", "documents", "links")),
    "care": (_("Do no harm"), ("harm_checklist", "harm_statement")),
    "check": (_("Check and submit"), ()),
}
LAST = "check"

NEEDED = frozenset(
    {
        "title",
        "summary",
        "challenge",
        "description",
        "results",
        "city",
        "contact_email",
        "themes",
        "approaches",
        "beneficiaries",
        "geographic_scope",
        "lifecycle",
        "budget_band",
        "evidence_level",
        "transferability",
        "harm_checklist",
    }
)

HELP = {
    "source_language": (_("Write in the language you work in. Translations come later."), ""),
    "networks": (_("Their coordinators bring the practice to publication."), ""),
    "lead_organisation": (_("Who answers for it. Choose from the list, or type a new name."), ""),
    "partners": (_("One name per line."), ""),
    "contact_email": (
        _("A mailbox of the office, not of a person. It is never printed on a page."),
        "dialog@malmo.se",
    ),
    "location_precision": (_("Hide the place where showing it could put people at risk."), ""),
    "visibility": (_("Who may read it once it is published."), ""),
    "title": (_("What it is, in plain words; no slogan."), _("Rumour-catchers in schools")),
    "summary": (
        _("Two sentences that stand alone in a list: what you do, for whom, and what comes of it."),
        _(
            "Pupils and teachers collect rumours about newcomers and answer them with facts. Fewer fights were reported."
        ),
    ),
    "challenge": (
        _("What happened in your city that made you act? Numbers help."),
        _("After 2015 fights between groups of pupils doubled in two schools, and nobody spoke with the parents."),
    ),
    "description": (
        _("What you did, step by step, so that another city could do it too."),
        _("1. Each school named two rumour-catchers. 2. They met every month with the prevention coordinator."),
    ),
    "results": (
        _("What changed, how much, and how you know."),
        _("Reported fights fell from 40 to 22 a year; 300 pupils took part."),
    ),
    "lessons_learned": (
        _("What would you tell a colleague who begins tomorrow?"),
        _("Begin with the caretakers: they hear everything first."),
    ),
    "what_did_not_work": (
        _("Failures save others time. This or the lessons learned is needed."),
        _("Leaflets: nobody read them."),
    ),
    "themes": (_("One to three, the most important first."), ""),
    "approaches": (_("How you work: one to four."), ""),
    "beneficiaries": (_("Whom it is meant to help."), ""),
    "delivered_by": (_("Who does the work."), ""),
    "starts_on": (_("Year and month."), "2024-03"),
    "ends_on": (_("Leave it empty while it goes on."), "2025-12"),
    "budget_band": (_("What it costs the city in a year, roughly."), ""),
    "staff_fte": (_("Full-time posts it takes."), "1.5"),
    "evidence_level": (_("Be modest: a practice without evaluation is welcome too."), ""),
    "prerequisites": (_("What a city must have before it can begin."), ""),
    "advice_keep": (_("Without this it would not work elsewhere."), _("The monthly meeting with the same people.")),
    "advice_change": (_("This should be fitted to the place."), _("Sports clubs instead of schools.")),
    "gender_and_inclusion": (
        _("Who is reached less, and what you do about it."),
        _("Girls came when we met at noon instead of in the evening."),
    ),
    "images": (_("JPEG, PNG or WebP. Where and with which camera it was taken is removed."), ""),
    "documents": (_("Guides, evaluations, forms: PDF, office files or plain text."), ""),
    "links": (_("Addresses that begin with https://."), ""),
    "harm_checklist": (_("Your answers stay between you and the coordinators."), ""),
    "harm_statement": (_("Public: what you do so that nobody is harmed."), _("No names, no faces, no addresses.")),
}


def field_of(column: str) -> str:
    """The field of the form that a content key belongs to: "title_sv" is "title"."""
    return column.rpartition("_")[0] if column in text_columns() else column


def step_of(name: str) -> str:
    """The step that has a field; takes content keys and what `missing_for_submission` names."""
    if name.startswith("harm"):
        return "care"
    if name.startswith(("images:", "images-consent:")):
        return "files"
    field = field_of(name)
    return next((step for step, (_label, fields) in STEPS.items() if field in fields), "start")


def next_step(step: str) -> str:
    steps = list(STEPS)
    return steps[min(steps.index(step) + 1, len(steps) - 1)]
