"""What else a row ties a practice to: networks, organisations and links."""

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from common.search.folding import fold
from networks.geonames import Place
from networks.models import Organisation
from practices.columns import FURTHER_NETWORKS
from practices.imports.cells import several
from practices.imports.outcome import shortened
from practices.models import PracticeLink

_check_url = URLValidator(schemes=["http", "https"])


def fill_relations(values, record, checked, references):
    _fill_networks(values, record, checked, references)
    _fill_organisations(values, record, checked)
    _fill_links(values, record, checked)


def _fill_networks(values, record, checked, references):
    stored = [] if record.is_new else [network.pk for network in record.practice.networks.all()]
    if "network" not in values and not record.is_new:
        record.network_ids = stored
        return
    for text in several(values.get("network", "")):
        network = references.network(text)
        if text == FURTHER_NETWORKS and not record.is_new:
            record.network_ids += stored
        elif network is None:
            checked.refuse_unknown("network", text)
        else:
            record.network_ids.append(network.pk)
    record.network_ids = list(dict.fromkeys(record.network_ids))


def _fill_organisations(values, record, checked):
    """Names only: organisations that are new are made when the row is stored."""
    for column, role in (("lead_organisation", "lead"), ("partners", "partners")):
        if column in values:
            names = several(values[column])
            checked.organisations[role] = names[:1] if role == "lead" else names
            for name in names:
                checked.refuse(column, *_faults_of_name(name))
    record.partner_ids = [] if record.is_new else [partner.pk for partner in record.practice.partners.all()]


def _faults_of_name(name):
    try:
        Organisation._meta.get_field("name").clean(name, None)
    except ValidationError as error:
        return error.messages
    return []


def _fill_links(values, record, checked):
    if "links" in values:
        record.links = [url for url in several(values["links"]) if _is_web_address(url, checked)]
    else:
        record.links = [] if record.is_new else [link.url for link in record.practice.links.all()]


def _is_web_address(url, checked):
    try:
        _check_url(url)
        PracticeLink._meta.get_field("url").clean(url, None)
    except ValidationError:
        checked.refuse("links", _("“%(text)s” is not a web address.") % {"text": shortened(url)})
        return False
    return True


def same_relations(record, checked, references) -> bool:
    """Whether an existing practice is tied to what the row says already, and to no place that is new."""
    practice = record.practice

    def known(name, role):
        own = checked.own_organisations[role]
        return own.get(fold(name)) or references.known_organisation(name)

    lead, partners = checked.organisations.get("lead"), checked.organisations.get("partners")
    return (
        {network.pk for network in practice.networks.all()} == set(record.network_ids)
        and [link.url for link in practice.links.all()] == record.links
        and not isinstance(checked.place, Place)
        and (
            lead is None or [practice.lead_organisation_id] == ([known(name, "lead") or 0 for name in lead] or [None])
        )
        and (partners is None or set(record.partner_ids) == {known(name, "partners") for name in partners})
    )
