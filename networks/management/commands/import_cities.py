from django.core.management.base import BaseCommand, CommandError

from networks.geonames import find_places, places_of_country
from networks.services import add_city


class Command(BaseCommand):
    help = "Add cities from GeoNames, with coordinates, population and the translated names that are known."

    def add_arguments(self, parser):
        parser.add_argument("cities", nargs="*", metavar="CITY", help='A GeoNames id or "Name, SE".')
        parser.add_argument("--country", action="append", default=[], help="ISO code: add all its larger cities.")
        parser.add_argument("--minimum-population", type=int, default=100_000)

    def handle(self, *args, cities, country, minimum_population, **options):
        if not cities and not country:
            raise CommandError('Name cities ("Malmö, SE" or 2692969) or a --country.')
        ids = {int(entry) for entry in cities if entry.isdigit()}
        names = {}
        for entry in cities:
            if not entry.isdigit():
                name, _, code = entry.rpartition(",") if "," in entry else (entry, "", "")
                names[(name.strip(), code.strip().upper())] = entry
        by_id, by_name = find_places(ids=ids, names=names)
        for number in sorted(ids - set(by_id)):
            self.stderr.write(f"{number}: no such city in GeoNames (or fewer than 5,000 people)")
        for key, entry in names.items():
            if key not in by_name:
                self.stderr.write(f"{entry}: not found in GeoNames (or fewer than 5,000 people)")
        places = [*by_id.values(), *by_name.values()]
        for code in country:
            places += places_of_country(code.upper(), minimum_population)
        added = sum(add_city(place)[1] for place in places)
        self.stdout.write(f"{added} added, {len(places) - added} already there")
