"""A practice as a printed document: A4, tagged for screen readers, set from right to left where its language is.

The typesetter gets data, never markup: what a writer typed is text to it, whatever it looks like.
"""

import json
import unicodedata
from datetime import UTC
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from common.languages import current_language, direction, name_in
from common.localized import LocalizedText, localized
from common.phrases import listed
from common.templatetags.hub import day, money, month
from practices.documents.markup import breakable, plain_tree, rich_tree
from practices.documents.record import lasting_address
from practices.documents.typesetting import typeset_from
from practices.models import Practice
from practices.presentation import Reading, adaptation_texts, citation, full_time_posts, read_practice
from practices.search.cards import EVIDENCE_STEPS
from practices.search.vectors import RICH_FIELDS

TEMPLATE = Path(__file__).parent / "practice.typ"
KEPT = 64
"""So many documents are kept ready in each process; what they were made from is the key, so none is ever stale."""


def practice_pdf(practice: Practice) -> bytes:
    """The practice (city and lead organisation loaded) in the active language, other languages labelled."""
    return typeset(json.dumps(document_data(practice), ensure_ascii=False, sort_keys=True))


@lru_cache(maxsize=KEPT)
def typeset(data: str) -> bytes:
    """The document of these data."""
    return typeset_from(TEMPLATE, data)


def document_data(practice: Practice) -> dict:
    """What the template sets, ready to be read: every text with its language, every label in the reader's."""
    reader = current_language()
    reading = read_practice(practice, reader)
    cited = citation(reading, lasting_address(practice, reader))
    changed = practice.updated_at.astimezone(UTC)
    return {
        "language": reader,
        "direction": direction(reader),
        "site": settings.SITE_NAME,
        "name": reading.title.text,
        "description": reading.summary.text,
        "date": [changed.year, changed.month, changed.day],
        "keywords": [theme.label for theme in reading.themes],
        "place": reading.place,
        "networks": [network.name for network in reading.networks],
        "title": _text(reading.title, reader),
        "summary": _text(reading.summary, reader),
        "notice": _notice(reading, reader),
        "scales": _scales(reading),
        "facts": {
            "heading": _("At a glance"),
            "rows": [[str(label), values] for label, values in _facts(practice, reading) if values],
        },
        "sections": [_section(section, reading, reader) for section in reading.sections],
        "advice": {
            "heading": _("Advice to cities that want to adapt it"),
            "parts": [_section(section, reading, reader) for section in reading.advice],
        },
        "care": [_section(section, reading, reader) for section in reading.care],
        "adaptations": _adaptations(reading, reader),
        "links": {
            "heading": _("Documents and links"),
            "rows": [*_documents(reading), *_links(reading)],
        },
        "citation": {
            "heading": _("Cite this practice"),
            "text": breakable(cited),
            "direction": _first_direction(cited),
        },
        "licence": {"label": _("Licence"), "name": practice.get_licence_display(), "href": reading.licence_url},
        "page": _("Page %(number)s of %(count)s") % {"number": "{number}", "count": "{count}"},
    }


def _text(text: LocalizedText, reader):
    language = text.language or reader
    return {"text": breakable(text.text), "language": language, "direction": direction(language)}


def _section(section, reading, reader):
    """A section, with the name of its language where the notice at the head does not cover it."""
    tree = rich_tree if section.name in RICH_FIELDS else plain_tree
    language = section.text.language
    return {
        **_text(section.text, reader),
        "label": "" if language in (reader, reading.title.language) else name_in(language, reader),
        "heading": section.heading,
        "blocks": tree(section.text.text),
        "honest": section.name == "what_did_not_work",
    }


def _adaptations(reading, reader):
    """Where it comes from, and what other cities made of it, as on the page."""
    cities = len(reading.lineage.adaptations)
    told = ngettext("Adapted by %(cities)s city", "Adapted by %(cities)s cities", cities) % {"cities": cities}
    return {
        "heading": _("Adaptations"),
        "from": {
            "label": _("Adapted from:"),
            "rows": [_practice_link(one.shown_practice, reader) for one in reading.lineage.origins],
        },
        "by": {
            "label": told,
            "parts": [_adapted_by(one, reader) for one in reading.lineage.adaptations],
        },
    }


def _adapted_by(adaptation, reader):
    own = adaptation.shown_practice
    texts = adaptation_texts(adaptation, reader)
    return {
        "city": str(adaptation.city),
        "label": name_in(adaptation.source_language, reader) if adaptation.source_language != reader else "",
        "texts": [
            {**_text(part.text, reader), "heading": part.heading, "blocks": plain_tree(part.text.text)}
            for part in texts
        ],
        "practice": [_practice_link(own, reader)] if own else [],
    }


def _practice_link(practice, reader):
    """Its title with its lasting address, and the name of the title's language where it is not the reader's."""
    title = localized(practice, "title", reader, practice.source_language)
    label = name_in(title.language, reader) if title.is_fallback else ""
    return {**_text(title, reader), "label": label, "href": lasting_address(practice, reader)}


def _notice(reading, reader):
    """What the page says of the language, too."""
    written = name_in(reading.practice.source_language, reader)
    if reading.fallback_language:
        text = _("This practice was written in %(written)s. It has not been translated into %(own)s yet.")
        return text % {"written": written, "own": name_in(reader, reader)}
    if reading.mixed_languages:
        shown = listed(name_in(code, reader) for code in reading.mixed_languages)
        text = _("Some parts have not been translated yet and are shown in: %(languages)s.")
        return text % {"languages": shown}
    if reading.practice.source_language != reader:
        return _("Translated from %(written)s.") % {"written": written}
    return ""


def _first_direction(text):
    """The direction of the first letter that has one, as HTML's `dir="auto"` reads it."""
    kinds = (unicodedata.bidirectional(char) for char in text)
    return next(("ltr" if kind == "L" else "rtl" for kind in kinds if kind in ("L", "R", "AL")), "ltr")


def _scales(reading: Reading):
    """Evidence, outcome and transfer: three scales of their own, never one mark."""
    evidence = reading.one.get("evidence_level")
    outcome = reading.one.get("evaluation_outcome")
    evaluator = reading.one.get("evaluator")
    transferability = reading.one.get("transferability")
    by = evaluator.label if evaluator and evaluator.code != "none" else ""
    steps = [place < reading.evidence_rank for place in range(EVIDENCE_STEPS)]
    scales = (
        (_("Evidence"), evidence, steps, []),
        (_("Outcome of the evaluation"), outcome, [], [by] if by else []),
        (_("Transferability"), transferability, [], _labels(reading.many["prerequisites"])),
    )
    return [
        {"label": label, "value": str(term) if term else "–", "steps": steps if term else [], "notes": notes}
        for label, term, steps, notes in scales
    ]


def _facts(practice, reading: Reading):
    """(label, values) of the table; those without values are left out."""
    one, many = reading.one, reading.many
    funding = [*many["funding_sources"], *filter(None, [one.get("eu_programme")])]
    organisation = practice.lead_organisation
    return [
        (_("City"), [reading.place]),
        (_("Networks"), [network.name for network in reading.networks]),
        (_("Led by"), [organisation.name] if organisation else []),
        (_("With"), [partner.name for partner in reading.partners]),
        (_("Themes"), _labels(reading.themes)),
        (_("Approach"), _labels(many["approaches"])),
        (_("For whom"), _labels(many["beneficiaries"])),
        (_("Delivered by"), _labels(many["delivered_by"])),
        (_("Prevention level"), _labels([one.get("prevention_level")])),
        (_("Geographic scope"), _labels([one.get("geographic_scope")])),
        (_("Stage"), [*_labels([one.get("lifecycle")]), *_months(practice)]),
        (_("Budget"), _budget(practice, one.get("budget_band"))),
        (_("Funding"), _labels(funding)),
        (pgettext("assurance", "Label"), [practice.get_assurance_display()]),
        (_("Languages"), [listed(name_in(code, current_language()) for code in reading.languages)]),
        (pgettext("date", "Published"), [day(practice.published_at)] if practice.published_at else []),
        (_("Last confirmed"), [day(practice.confirmed_on)] if practice.confirmed_on else []),
        (_("Practice number and version"), [f"{practice.pk} · {practice.version}"]),
    ]


def _labels(terms):
    return [str(term) for term in terms if term]


def _months(practice):
    if practice.starts_on and practice.ends_on:
        return [f"{month(practice.starts_on)} – {month(practice.ends_on)}"]
    if practice.starts_on:
        return [_("since %(start)s") % {"start": month(practice.starts_on)}]
    return []


def _budget(practice, band):
    values = _labels([band])
    if practice.budget_amount:
        values.insert(0, money(practice.budget_amount, practice.budget_currency))
    return [*values, posts] if (posts := full_time_posts(practice)) else values


def _documents(reading):
    """Files by name and language; their addresses may change, the page's does not."""
    reader = current_language()
    return [
        {"text": f"{document.title} ({name_in(document.language, reader)})", "href": ""}
        for document in reading.documents
    ]


def _links(reading):
    return [{"text": breakable(str(link)), "href": link.url} for link in reading.links]
