"""Small records for tests: complete by default, named by what the test cares about, indexed like real ones."""

from datetime import UTC, datetime
from itertools import count

from django.contrib.auth import get_user_model

from networks.models import City, Membership, Network
from practices.models import Practice, PracticeTheme
from practices.models.practice import CORE_TEXTS
from practices.search.indexing import bump_version, reindex
from vocabularies.models import Scheme, Term

_numbers = count(1)


def make_term(scheme, code=None, order=0, **values):
    """A term; `label_xx` and `synonyms_xx` as needed, the code as English label by default."""
    code = code or f"{scheme}-{next(_numbers)}"
    existing = Term.objects.filter(scheme=scheme, code=code).first()
    if existing:
        return existing
    term = Term.objects.create(scheme=scheme, code=code, order=order, **{"label_en": code, **values})
    bump_version("labels")
    return term


def make_city(name="Malmö", country="SE", **values):
    number = next(_numbers)
    return City.objects.create(slug=values.pop("slug", f"city-{number}"), country=country, name_en=name, **values)


def make_network(slug=None, *, cities=(), **values):
    slug = slug or f"network-{next(_numbers)}"
    network = Network.objects.create(slug=slug, **{"name_en": slug, **values})
    for city in cities:
        Membership.objects.create(network=network, city=city)
    bump_version("labels")
    return network


def make_practice(
    *,
    language="en",
    published=True,
    themes=(),
    approaches=(),
    beneficiaries=(),
    networks=(),
    index=True,
    texts=None,
    **values,
):
    """A practice with its core, public unless `published` is false. `texts` are columns such as title_sv.

    Themes, approaches and beneficiaries are terms; one of each is made where none is given.
    """
    number = next(_numbers)
    columns = {f"{name}_{language}": f"{name} {number}" for name in (*CORE_TEXTS, "lessons_learned")}
    practice = Practice(
        source_language=language,
        status=Practice.Status.PUBLISHED if published else Practice.Status.DRAFT,
        contact_email="office@example.org",
        **(columns | (texts or {}) | _core(values, number) | values),
    )
    practice.save()
    for rank, theme in enumerate(themes or [make_term(Scheme.THEME)], start=1):
        PracticeTheme.objects.create(practice=practice, theme=theme, rank=rank)
    practice.approaches.set(approaches or [make_term(Scheme.APPROACH)])
    practice.beneficiaries.set(beneficiaries or [make_term(Scheme.BENEFICIARY)])
    practice.networks.set(networks)
    if index:
        reindex([practice.pk])
    return practice


def _core(values, number):
    defaults = {
        "published_at": datetime(2026, 1, 1, 12, number % 60, tzinfo=UTC),
        "geographic_scope": lambda: make_term(Scheme.SCOPE, "municipality"),
        "lifecycle": lambda: make_term(Scheme.LIFECYCLE, "ongoing"),
        "budget_band": lambda: make_term(Scheme.BUDGET_BAND, "under-5k"),
        "evidence_level": lambda: make_term(Scheme.EVIDENCE_LEVEL, "monitored-outputs", order=2),
        "transferability": lambda: make_term(Scheme.TRANSFERABILITY, "ready-to-reuse"),
        "city": make_city,
    }
    return {name: make() if callable(make) else make for name, make in defaults.items() if name not in values}


def make_person(email=None, **values):
    """A person with the password "correct horse battery"; roles are granted by the test."""
    email = email or f"person-{next(_numbers)}@example.org"
    return get_user_model().objects.create_user(email, "correct horse battery", **values)
