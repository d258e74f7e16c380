"""The demonstration content: vocabularies, cities, networks and practices, through the same doors as real content."""

import tomllib
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction

from common.languages import site_languages
from hub.demo.drawings import DRAWINGS
from networks.geonames import find_places
from networks.models import City, Membership, Network, Organisation, WorkingGroup
from networks.services import add_city, organisation_named
from practices.imports.running import import_file
from practices.models import Practice, PracticeImage
from practices.search.indexing import bump_version, rebuild
from vocabularies.models import Scheme, Term
from vocabularies.services import load_vocabularies

DATA = Path(__file__).parent


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
    say(f"pictures: {seed_pictures()}")
    bump_version("labels")


@transaction.atomic
def seed_pictures() -> int:
    """Give practices without pictures the drawing that is meant for them; returns how many there are in all."""
    told = tomllib.loads((DATA / "pictures.toml").read_text(encoding="utf-8"))
    for entry in told["picture"]:
        practice = Practice.objects.get(external_id=entry["practice"])
        if practice.images.exists():
            continue
        picture = PracticeImage(practice=practice, credit=settings.SITE_NAME, licence=Practice.Licence.CC0)
        for code in practice.languages:
            setattr(picture, f"alt_text_{code}", entry[code])
            setattr(picture, f"caption_{code}", told["caption"][code])
        picture.file.save(f"{entry['drawing']}.webp", ContentFile(DRAWINGS[entry["drawing"]]().as_webp()), save=False)
        picture.save()
    return PracticeImage.objects.count()


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


@transaction.atomic
def remove() -> None:
    """Take out all practices, networks, cities and organisations, the demonstration's and any others."""
    for picture in PracticeImage.objects.all():
        transaction.on_commit(partial(picture.file.storage.delete, picture.file.name))
    Practice.objects.all().delete()
    Network.objects.all().delete()
    Organisation.objects.all().delete()
    City.objects.all().delete()
    rebuild()
    bump_version("labels")
