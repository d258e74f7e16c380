"""A city has both coordinates or none. Half a position, which the former constraint let pass, is nowhere: it goes."""

from django.db import migrations, models

WHOLE_AND_IN_RANGE = models.Q(latitude__isnull=True, longitude__isnull=True) | models.Q(
    latitude__isnull=False,
    longitude__isnull=False,
    latitude__range=(-90, 90),
    longitude__range=(-180, 180),
)


def drop_halves(apps, schema_editor):
    halves = models.Q(latitude__isnull=True) ^ models.Q(longitude__isnull=True)
    apps.get_model("networks", "City").objects.filter(halves).update(latitude=None, longitude=None)


class Migration(migrations.Migration):
    dependencies = [("networks", "0001_initial")]

    operations = [
        migrations.RunPython(drop_halves, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name="city", name="city_coordinates_in_range"),
        migrations.AddConstraint(
            model_name="city",
            constraint=models.CheckConstraint(condition=WHOLE_AND_IN_RANGE, name="city_coordinates_in_range"),
        ),
    ]
