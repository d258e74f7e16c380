from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from networks.models import City
from tests.factories import make_city

pytestmark = pytest.mark.django_db

HALVES = [({"latitude": 55.6}, "longitude"), ({"longitude": 13.0}, "latitude")]


@pytest.mark.parametrize(("half", "lacking"), HALVES)
def test_city_half_a_position_is_refused_by_the_database(half, lacking):
    with pytest.raises(IntegrityError, match="city_coordinates_in_range"), transaction.atomic():
        make_city(**half)

    assert not City.objects.exists()


@pytest.mark.parametrize(("half", "lacking"), HALVES)
def test_city_half_a_position_is_told_next_to_what_lacks(half, lacking):
    city = City(slug="malmo", name_en="Malmö", country="SE", **half)

    with pytest.raises(ValidationError) as error:
        city.full_clean()

    assert error.value.message_dict == {lacking: ["A position needs both."]}


@pytest.mark.parametrize("position", [{}, {"latitude": 0.0, "longitude": 0.0}])
def test_city_both_coordinates_or_none_are_taken(position):
    city = City(slug="malmo", name_en="Malmö", country="SE", **position)

    city.full_clean()
    city.save()

    assert City.objects.count() == 1


def test_city_halves_of_former_days_are_dropped_by_the_migration():
    migration = import_module("networks.migrations.0002_position_is_whole")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE networks_city DROP CONSTRAINT city_coordinates_in_range")
    make_city(slug="half", latitude=55.6)
    make_city(slug="whole", latitude=55.6, longitude=13.0)

    migration.drop_halves(apps, None)

    positions = City.objects.order_by("slug").values_list("slug", "latitude", "longitude")
    assert list(positions) == [("half", None, None), ("whole", 55.6, 13.0)]
