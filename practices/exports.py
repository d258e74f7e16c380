"""Practices as a table that the import reads again: the same column names, codes instead of labels.

All that a coordinator sees and changes in the form of the admin is in it, the contact mailbox too: it is a column of the
import, and without it a published practice would not come back complete. What the form does not show stays inside: the
answers to the do-no-harm checklist, who wrote, reviewed or decided, remarks, files, adaptations.
"""

from collections.abc import Iterable, Iterator

from django.db.models import Prefetch

from common.languages import in_all_languages
from common.spreadsheets import Table, in_batches
from networks.models import City, Network, Organisation
from networks.rules import editable_networks
from practices.columns import (
    CHOICE_COLUMNS,
    FURTHER_NETWORKS,
    HUB_ID,
    MONTH_COLUMNS,
    NUMBER_COLUMNS,
    TERM_COLUMNS,
    TERMS_COLUMNS,
    known_columns,
    text_columns,
)
from practices.models import Practice, PracticeTheme
from vocabularies.models import Term

BATCH = 200


def practice_table(practice_ids: Iterable[int], *, actor) -> Table:
    """The practices of these ids, in this order, with every language in columns of its own; a batch at a time in memory.

    The ids must be of practices the actor may see. Of a practice's networks only those are named that the actor keeps;
    a mark stands for the others, and tells the import to leave them as they are.
    """
    columns = (HUB_ID, *known_columns())
    return Table(columns, _rows(columns, practice_ids, actor))


def _rows(columns, practice_ids, actor) -> Iterator[list]:
    codes = dict(Term.objects.values_list("pk", "code"))
    own_networks = set(editable_networks(actor).values_list("pk", flat=True))
    for practice in in_batches(_practices(), practice_ids, BATCH):
        cells = _cells(practice, codes, own_networks)
        yield [cells[column] for column in columns]


def _practices():
    codes = Term.objects.only("scheme", "order", "code")
    organisations = Organisation.objects.only(*in_all_languages("name"))
    themes = PracticeTheme.objects.select_related(None).only("practice", "theme", "rank")
    lists = [Prefetch(name, codes) for name in TERMS_COLUMNS if name != "themes"]
    return (
        Practice.objects.rewrite(False)
        .defer("harm_checklist")
        .prefetch_related(
            *lists,
            Prefetch("ranked_themes", themes),
            Prefetch("networks", Network.objects.only("slug")),
            Prefetch("city", City.objects.only("slug", "country", "geonames_id", *in_all_languages("name"))),
            Prefetch("lead_organisation", organisations),
            Prefetch("partners", organisations),
            "links",
        )
    )


def _cells(practice, codes, own_networks):
    """All cells of a practice under the names of their columns."""
    city, lead = practice.city, practice.lead_organisation
    return {
        HUB_ID: practice.pk,
        "external_id": practice.external_id,
        "network": _network_slugs(practice, own_networks),
        "city": _name(city) if city else "",
        "country": city.country.code if city else "",
        "geonames_id": city.geonames_id if city else None,
        **{column: getattr(practice, column) or "" for column in text_columns()},
        "themes": [codes[ranked.theme_id] for ranked in practice.ranked_themes.all()],
        **{
            column: [term.code for term in getattr(practice, column).all()]
            for column in TERMS_COLUMNS
            if column != "themes"
        },
        **{column: codes.get(getattr(practice, f"{column}_id"), "") for column in TERM_COLUMNS},
        **{column: _month(getattr(practice, column)) for column in MONTH_COLUMNS},
        **{column: getattr(practice, column) for column in NUMBER_COLUMNS},
        "budget_currency": practice.budget_currency,
        "lead_organisation": [_name(lead)] if lead else [],
        "partners": [_name(partner) for partner in practice.partners.all()],
        "contact_email": practice.contact_email,
        "links": [link.url for link in practice.links.all()],
        **{column: getattr(practice, column) for column in CHOICE_COLUMNS},
        "published_on": practice.published_at.date().isoformat() if practice.published_at else "",
        "confirmed_on": practice.confirmed_on.isoformat() if practice.confirmed_on else "",
    }


def _network_slugs(practice, own_networks):
    networks = practice.networks.all()
    slugs = [network.slug for network in networks if network.pk in own_networks]
    return slugs if len(slugs) == len(networks) else [*slugs, FURTHER_NETWORKS]


def _name(record):
    """A name in the first language that has one; the import knows records by any of them."""
    return next((text for column in in_all_languages("name") if (text := getattr(record, column))), "")


def _month(day):
    return f"{day:%Y-%m}" if day else ""
