"""A practice made ready to be read: texts in the reader's language or labelled fallback, facts, scales, citation."""

from collections import defaultdict
from dataclasses import dataclass
from math import ceil

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from common.localized import LocalizedText, localized
from common.templatetags.hub import number
from networks.models import Network, Organisation
from practices.models import Adaptation, Practice
from practices.models.practice import MANY_TERMS, ONE_TERM
from practices.search.vectors import country_name
from vocabularies.models import Term

SECTIONS = (
    ("challenge", gettext_lazy("Why it was needed")),
    ("description", gettext_lazy("What was done")),
    ("results", gettext_lazy("Results")),
    ("lessons_learned", gettext_lazy("Lessons learned")),
    ("what_did_not_work", gettext_lazy("What did not work")),
)
ADVICE = (
    ("advice_keep", gettext_lazy("Keep this")),
    ("advice_change", gettext_lazy("Change this to fit your city")),
)
CARE = (
    ("gender_and_inclusion", gettext_lazy("Gender and inclusion")),
    ("harm_statement", gettext_lazy("How harm is avoided")),
)
ADAPTED = (
    ("kept", gettext_lazy("What was kept")),
    ("changed", gettext_lazy("What was changed")),
    ("result", gettext_lazy("Result")),
)
LICENCES = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC-BY-NC-4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
}


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    heading: str
    text: LocalizedText


@dataclass(frozen=True, slots=True)
class Lineage:
    """Confirmed adaptations: `origins` that made this practice from public ones, `adaptations` that cities made of it.

    `shown_practice` of each is the practice at the other end (of `adaptations` None where there is no public one).
    """

    origins: list[Adaptation]
    adaptations: list[Adaptation]


@dataclass(frozen=True)
class Reading:
    """What a practice page shows one reader. Terms carry their label in the reader's language."""

    practice: Practice
    title: LocalizedText
    summary: LocalizedText
    sections: list[Section]
    advice: list[Section]
    care: list[Section]
    one: dict[str, Term]
    many: dict[str, list[Term]]
    themes: list[Term]
    networks: list[Network]
    partners: list[Organisation]
    images: list
    documents: list
    links: list
    lineage: Lineage
    languages: tuple[str, ...]
    country: str
    city: str

    @property
    def fallback_language(self):
        """The language of the title where it is not the reader's, else ""."""
        return self.title.language if self.title.is_fallback else ""

    @property
    def mixed_languages(self):
        """Languages, other than the title's, in which single sections are shown because they lack the title's."""
        own = self.title.language
        parts = (*self.sections, *self.advice, *self.care)
        return list(dict.fromkeys(part.text.language for part in parts if part.text and part.text.language != own))

    @property
    def evidence_rank(self):
        return self.one["evidence_level"].order if "evidence_level" in self.one else 0

    @property
    def licence_url(self):
        return LICENCES[self.practice.licence]

    @property
    def posts(self):
        return full_time_posts(self.practice)

    @property
    def place(self):
        """City and country, or the country alone where the place is hidden."""
        if not (self.city and self.country):
            return self.city or self.country
        return _("%(city)s, %(country)s") % {"city": self.city, "country": self.country}


def read_practice(practice: Practice, reader: str) -> Reading:
    """Load all that the page shows, in at most eight statements, whatever the practice holds."""
    related = _related_ids(practice)
    term_ids = {getattr(practice, f"{name}_id") for name in ONE_TERM} - {None}
    term_ids.update(pk for name in (*MANY_TERMS, "themes") for pk in related[name])
    terms = Term.objects.in_bulk(term_ids)
    networks = Network.objects.in_bulk(related["networks"])
    partners = Organisation.objects.in_bulk(related["partners"]) if related["partners"] else {}
    hidden = practice.location_precision == Practice.Precision.HIDDEN
    source = practice.source_language

    def sections(named):
        found = (Section(name, str(heading), localized(practice, name, reader, source)) for name, heading in named)
        return [section for section in found if section.text]

    return Reading(
        practice=practice,
        title=localized(practice, "title", reader, source),
        summary=localized(practice, "summary", reader, source),
        sections=sections(SECTIONS),
        advice=sections(ADVICE),
        care=sections(CARE),
        one={name: terms[pk] for name in ONE_TERM if (pk := getattr(practice, f"{name}_id"))},
        many={name: sorted((terms[pk] for pk in related[name]), key=lambda term: term.order) for name in MANY_TERMS},
        themes=[terms[pk] for pk in related["themes"]],
        networks=[networks[pk] for pk in related["networks"]],
        partners=[partners[pk] for pk in related["partners"]],
        images=list(practice.images.filter(is_live=True)) if related["images"] else [],
        documents=list(practice.documents.filter(is_live=True)) if related["documents"] else [],
        links=list(practice.links.all()) if related["links"] else [],
        lineage=_lineage(practice, related["adaptations"]),
        languages=practice.languages,
        country=country_name(practice.city.country.code, reader) if practice.city else "",
        city="" if hidden or not practice.city else practice.city.name,
    )


def _lineage(practice, adaptation_ids):
    """In two statements, or none where there are no adaptations."""
    if not adaptation_ids:
        return Lineage([], [])
    found = list(Adaptation.objects.filter(pk__in=adaptation_ids).select_related("city"))
    others = {one.origin_id for one in found} | {one.practice_id for one in found}
    public = Practice.objects.public().select_related("city").in_bulk(others - {None, practice.pk})
    for one in found:
        one.shown_practice = public.get(one.practice_id if one.origin_id == practice.pk else one.origin_id)
    return Lineage(
        origins=[one for one in found if one.origin_id != practice.pk and one.shown_practice],
        adaptations=[one for one in found if one.origin_id == practice.pk],
    )


def adaptation_texts(adaptation: Adaptation, reader: str) -> list[Section]:
    """What a city kept, changed and reached, in the language it was told in: nobody translates it."""
    language = adaptation.source_language
    parts = [
        Section(name, str(heading), LocalizedText(getattr(adaptation, name), language, language != reader))
        for name, heading in ADAPTED
    ]
    return [part for part in parts if part.text]


def full_time_posts(practice: Practice) -> str:
    """How many people work for it, in full-time posts; "" where it is not told."""
    posts = practice.staff_fte
    if not posts:
        return ""
    # Languages count whole things: of one post there is exactly one, and half a post is spoken of as several are.
    count = int(posts) if posts == int(posts) else max(2, ceil(posts))
    text = ngettext("%(posts)s full-time post", "%(posts)s full-time posts", count)
    return text % {"posts": number(posts.normalize())}


def _related_ids(practice):
    """{relation: ids in order}, from one statement over all relation tables."""
    parts = [
        "SELECT 'themes' AS relation, theme_id AS id, rank FROM practices_practicetheme WHERE practice_id = %(pk)s"
    ]
    for name in (*MANY_TERMS, "networks", "partners"):
        field = Practice._meta.get_field(name)
        table, column = field.m2m_db_table(), field.m2m_reverse_name()
        parts.append(f"SELECT '{name}', {column}, 0 FROM {table} WHERE practice_id = %(pk)s")
    for name in ("images", "documents", "links"):
        table = Practice._meta.get_field(name).related_model._meta.db_table
        shown = "" if name == "links" else " AND is_live"
        parts.append(f"SELECT '{name}', id, \"order\" FROM {table} WHERE practice_id = %(pk)s{shown}")
    parts.append(
        "SELECT 'adaptations', id, 0 FROM practices_adaptation"
        " WHERE state = 'confirmed' AND (origin_id = %(pk)s OR practice_id = %(pk)s)"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"{' UNION ALL '.join(parts)} ORDER BY 1, 3, 2", {"pk": practice.pk})
        found = defaultdict(list)
        for relation, pk, _rank in cursor.fetchall():
            found[relation].append(pk)
    return found


def citation(reading: Reading, address: str) -> str:
    """A suggested citation: who, when, what, where, version and lasting address."""
    practice = reading.practice
    author = reading.practice.lead_organisation or reading.place
    return _("%(author)s (%(year)s). %(title)s. %(site)s, practice %(number)s, version %(version)s. %(address)s") % {
        "author": author,
        "year": practice.published_at.year if practice.published_at else "",
        "title": reading.title.text,
        "site": settings.SITE_NAME,
        "number": practice.pk,
        "version": practice.version,
        "address": address,
    }


def structured_data(reading: Reading, address: str) -> dict:
    """The practice as a schema.org CreativeWork (JSON-LD)."""
    practice = reading.practice
    data = {
        "@context": "https://schema.org",
        "@type": "Article",
        "@id": address,
        "url": address,
        "headline": reading.title.text,
        "abstract": reading.summary.text,
        "inLanguage": reading.title.language,
        "isAccessibleForFree": True,
        "license": reading.licence_url,
        "identifier": str(practice.pk),
        "version": practice.version,
        "datePublished": practice.published_at.isoformat() if practice.published_at else None,
        "dateModified": practice.updated_at.isoformat(),
        "keywords": [theme.label for theme in reading.themes],
        "publisher": {"@type": "Organization", "name": settings.SITE_NAME},
    }
    if practice.lead_organisation:
        data["author"] = {"@type": "Organization", "name": practice.lead_organisation.name}
    if reading.city:
        data["contentLocation"] = {
            "@type": "City",
            "name": reading.city,
            "address": {"@type": "PostalAddress", "addressCountry": practice.city.country.code},
        }
        if practice.city.latitude is not None:
            data["contentLocation"]["geo"] = {
                "@type": "GeoCoordinates",
                "latitude": practice.city.latitude,
                "longitude": practice.city.longitude,
            }
    return {name: value for name, value in data.items() if value is not None}
