"""The demonstration content: vocabularies, cities, networks and practices, through the same doors as real content."""

import secrets
import tomllib
from pathlib import Path

from django.contrib.auth import get_user_model
from django.db import transaction

from common.languages import site_languages
from networks.geonames import find_places
from networks.models import City, Membership, Network, Organisation, WorkingGroup
from networks.services import add_city, organisation_named
from practices.imports.running import import_file
from practices.models import Practice
from practices.search.indexing import bump_version, rebuild
from vocabularies.models import Scheme, Term
from vocabularies.services import load_vocabularies

DATA = Path(__file__).parent
ADMINISTRATOR = "admin@example.org"


class DemoContentError(Exception):
    """The files of the demonstration content do not fit together; says where."""


def seed(say) -> None:
    """Add what is missing of the demonstration content. `say(text)` tells each step; running it again changes nothing."""
    outcome = load_vocabularies()
    say(f"vocabularies: {sum(outcome.values())} terms")
    seed_networks()
    say(f"networks: {Network.objects.count()} with {City.objects.count()} cities")
    for path in sorted((DATA / "practices").glob("*.json")):
        report = import_file(path)
        if report.problems:
            line, column, reason = report.problems[0]
            raise DemoContentError(f"{path.name}, entry {line}: {column}: {reason}")
        say(f"practices of {path.stem}: {report.rows}")
    bump_version("labels")


@transaction.atomic
def seed_networks():
    entries = tomllib.loads((DATA / "networks.toml").read_text(encoding="utf-8"))["network"]
    places, _ = find_places(ids={number for entry in entries for number in entry["cities"]})
    for entry in entries:
        network, is_new = Network.objects.get_or_create(slug=entry["slug"])
        if is_new:
            _describe(network, entry)
        for number in entry["cities"]:
            city, _ = add_city(places[number])
            Membership.objects.get_or_create(city=city, network=network)
        for number, group in enumerate(entry.get("working_groups", ())):
            if network.working_groups.count() <= number:
                WorkingGroup.objects.create(network=network, **_translated(group, "name", "description"))


def _describe(network, entry):
    for field, value in _translated(entry, "name", "description").items():
        setattr(network, field, value)
    convenor = organisation_named(entry["convenor"])
    convenor.kind = Term.objects.get(scheme=Scheme.ORGANISATION_TYPE, code=entry["convenor_kind"])
    for code, name in entry.get("convenor_names", {}).items():
        setattr(convenor, f"name_{code}", name)
    convenor.save()
    network.convenor = convenor
    network.founded_on = entry.get("founded_on")
    network.working_languages = entry["working_languages"]
    network.website = entry.get("website", "")
    network.colour = entry["colour"]
    network.full_clean()
    network.save()


def _translated(entry, *fields):
    return {f"{field}_{code}": entry[field].get(code, "") for field in fields for code in site_languages()}


def ensure_administrator() -> str | None:
    """Make the demonstration's administrator with a random password, which is returned; None where there is one."""
    users = get_user_model().objects
    if users.filter(email=ADMINISTRATOR).exists():
        return None
    password = secrets.token_urlsafe(12)
    users.create_superuser(ADMINISTRATOR, password, name="Demo administrator")
    return password


@transaction.atomic
def remove() -> None:
    """Take out all practices, networks, cities and organisations, the demonstration's and any others."""
    Practice.objects.all().delete()
    Network.objects.all().delete()
    Organisation.objects.all().delete()
    City.objects.all().delete()
    rebuild()
    bump_version("labels")
