"""A practice as plain data, for the API and the `.json` beside its page. Both give the same.

Only what is named here leaves the house: no address of a person, nothing of who wrote or reviewed.
"""

from urllib.parse import urljoin

from django.conf import settings
from django.urls import reverse

from common.addresses import absolute
from common.languages import current_language, site_languages
from common.localized import LocalizedText, localized
from practices.models import Practice
from practices.models.practice import MANY_TERMS, practice_slug
from practices.presentation import (
    ADAPTED,
    LICENCES,
    Reading,
    adaptation_texts,
    citation,
    read_practice,
)
from practices.search.cards import load_cards
from practices.search.catalogue import Catalogue
from practices.search.library import Hit
from practices.search.vectors import TEXT_FIELDS

DETAIL_TERMS = (
    "geographic_scope",
    "prevention_level",
    "lifecycle",
    "budget_band",
    "eu_programme",
    "evaluation_outcome",
    "evaluator",
    "transferability",
)
"""Single vocabulary values of the full record, besides the evidence level that every record has."""


def practice_address(practice: Practice, language: str, name: str = "practices:detail") -> str:
    """Path of a practice's page, or of another form of it, for readers of a language."""
    title = localized(practice, "title", language, practice.source_language).text
    path = reverse(name, args=[practice.pk, practice_slug(title)])
    return f"/{language}/{path.split('/', 2)[2]}"


def lasting_address(practice: Practice, reader: str) -> str:
    """Absolute address to cite, without the title that an edit may change, in a language the practice exists in."""
    language = reader if reader in practice.languages else practice.source_language
    path = reverse("practices:detail", args=[practice.pk])
    return absolute(f"/{language}/{path.split('/', 2)[2]}")


def _file_address(file):
    """Of an uploaded file, which may lie on another host."""
    return urljoin(settings.SITE_URL, file.url)


# In a list ---------------------------------------------------------------------------------------


def practice_records(hits: tuple[Hit, ...], values: Catalogue) -> list[dict]:
    """Records of the hits in their order, in two statements; the catalogue's language is the active one."""
    languages = {hit.practice_id: hit.language for hit in hits}
    rows = {
        pk: row
        for pk, *row in Practice.objects.filter(pk__in=languages).values_list(
            "pk",
            "external_id",
            "source_language",
            "city__slug",
            "city__country",
            "published_at",
            "confirmed_on",
            "updated_at",
        )
    }
    addresses = absolute(reverse("api:practices"))
    return [
        _card_record(card, rows[card.practice_id], addresses, languages[card.practice_id] or None)
        for card in load_cards(list(languages), values)
        if card.practice_id in rows
    ]


def _card_record(card, row, addresses, found_in):
    external_id, source, city_slug, country, published_at, confirmed_on, updated_at = row
    return {
        "id": card.practice_id,
        "external_id": external_id,
        "source_language": source,
        "languages": list(card.languages),
        "url": absolute(card.url),
        "api_url": f"{addresses}{card.practice_id}/",
        "title": _localized(card.title),
        "summary": _localized(card.summary),
        "city": {"slug": city_slug, "name": card.city, "country": country} if card.city else None,
        "country": {"code": country, "label": card.country} if country else None,
        "networks": [{"slug": value.key, "name": value.label} for value in card.networks],
        "themes": [{"code": value.key, "label": value.label} for value in card.themes],
        "evidence": {"code": card.evidence.key, "label": card.evidence.label} if card.evidence else None,
        "published_at": published_at,
        "confirmed_on": confirmed_on,
        "updated_at": updated_at,
        "found_in": found_in,
    }


def _localized(text: LocalizedText):
    return {"text": text.text, "language": text.language}


# On its own --------------------------------------------------------------------------------------


def practice_record(practice: Practice) -> dict:
    """All that may be told of a practice (city and lead organisation loaded), labels in the active language."""
    reader = current_language()
    reading = read_practice(practice, reader)
    return (
        _common(practice, reading, reader)
        | _about(practice, reading)
        | _texts(practice, reading)
        | _lineage(reading, reader)
        | {
            "assurance": {"code": practice.assurance, "label": str(practice.get_assurance_display())},
            "licence": {
                "code": practice.licence,
                "label": practice.get_licence_display(),
                "url": LICENCES[practice.licence],
            },
            "version": practice.version,
            "citation": citation(reading, lasting_address(practice, reader)),
            "pdf_url": absolute(practice_address(practice, reader, "practices:pdf")),
        }
    )


def _common(practice, reading: Reading, reader):
    """What a list tells too, in the same form."""
    country = practice.city.country.code if practice.city else ""
    return {
        "id": practice.pk,
        "external_id": practice.external_id,
        "source_language": practice.source_language,
        "languages": list(reading.languages),
        "url": absolute(practice_address(practice, reader)),
        "api_url": absolute(reverse("api:practice", args=[practice.pk])),
        "title": _localized(reading.title),
        "summary": _localized(reading.summary),
        "city": {"slug": practice.city.slug, "name": reading.city, "country": country} if reading.city else None,
        "country": {"code": country, "label": reading.country} if country else None,
        "networks": [{"slug": network.slug, "name": network.name} for network in reading.networks],
        "themes": [_term(term) for term in reading.themes],
        "evidence": _term(reading.one.get("evidence_level")),
        "published_at": practice.published_at,
        "confirmed_on": practice.confirmed_on,
        "updated_at": practice.updated_at,
    }


def _about(practice, reading: Reading):
    return {
        **{name: _term(reading.one.get(name)) for name in DETAIL_TERMS},
        **{name: [_term(term) for term in reading.many[name]] for name in MANY_TERMS},
        "lead_organisation": practice.lead_organisation.name if practice.lead_organisation else None,
        "partners": [partner.name for partner in reading.partners],
        "starts_on": _month(practice.starts_on),
        "ends_on": _month(practice.ends_on),
        "budget_amount": _decimal(practice.budget_amount),
        "budget_currency": practice.budget_currency if practice.budget_amount is not None else None,
        "staff_fte": _decimal(practice.staff_fte),
    }


def _texts(practice, reading: Reading):
    return {
        "texts": {name: _in_every_language(practice, name) for name in TEXT_FIELDS},
        "attachments": {
            "images": [
                {
                    "url": _file_address(image.file),
                    "width": image.width,
                    "height": image.height,
                    "alt_text": _in_every_language(image, "alt_text"),
                    "caption": _in_every_language(image, "caption"),
                    "credit": image.credit,
                    "licence": image.licence,
                }
                for image in reading.images
            ],
            "documents": [
                {
                    "url": _file_address(document.file),
                    "language": document.language,
                    "title": _in_every_language(document, "title"),
                }
                for document in reading.documents
            ],
            "links": [{"url": link.url, "title": _in_every_language(link, "title")} for link in reading.links],
        },
    }


def _lineage(reading: Reading, reader):
    """Confirmed adaptations in both directions. Of a practice whose place is hidden the city is not told here either."""
    origins, adaptations = reading.lineage.origins, reading.lineage.adaptations
    return {
        "adapted_from": [
            _adaptation(one, None if _is_hidden(one.shown_practice) else one.shown_practice.city, reader)
            for one in origins
        ],
        "adapted_by": [_adaptation(one, one.city, reader) for one in adaptations],
    }


def _is_hidden(practice):
    return practice.location_precision == Practice.Precision.HIDDEN


def _adaptation(adaptation, city, reader):
    """`city` and `practice` are those at the other end."""
    texts = {part.name: _localized(part.text) for part in adaptation_texts(adaptation, reader)}
    return {
        "city": {"slug": city.slug, "name": city.name, "country": city.country.code} if city else None,
        "practice": _other(adaptation.shown_practice, reader) if adaptation.shown_practice else None,
        **{name: texts.get(name) for name, _heading in ADAPTED},
        "confirmed_at": adaptation.decided_at,
    }


def _other(practice, reader):
    return {
        "id": practice.pk,
        "url": absolute(practice_address(practice, reader)),
        "api_url": absolute(reverse("api:practice", args=[practice.pk])),
        "title": _localized(localized(practice, "title", reader, practice.source_language)),
    }


def _term(term):
    return {"code": term.code, "label": str(term)} if term else None


def _decimal(value):
    """As text, so that no reader rounds it."""
    return None if value is None else f"{value:.2f}"


def _month(day):
    """Days of such dates are arbitrary: the month counts."""
    return f"{day:%Y-%m}" if day else None


def _in_every_language(record, field):
    texts = ((code, getattr(record, f"{field}_{code}")) for code in site_languages())
    return {code: text for code, text in texts if text}
