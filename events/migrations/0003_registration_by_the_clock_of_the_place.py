import zoneinfo

from django.db import migrations, models


def write_clocks(apps, schema_editor):
    """What the clock of the event's place shows at the instants that were stored so far; the instants stay as they are."""
    events = apps.get_model("events", "Event").objects.filter(registration_opens_at__isnull=False)
    for event in events.only("time_zone", "registration_opens_at").iterator():
        local = event.registration_opens_at.astimezone(zoneinfo.ZoneInfo(event.time_zone))
        event.opens_date, event.opens_time = local.date(), local.time()
        event.save(update_fields=["opens_date", "opens_time"])
    reserves = apps.get_model("events", "SeatReserve").objects.select_related("pool__event")
    for reserve in reserves.only("releases_at", "pool__event__time_zone").iterator():
        local = reserve.releases_at.astimezone(zoneinfo.ZoneInfo(reserve.pool.event.time_zone))
        reserve.releases_date, reserve.releases_time = local.date(), local.time()
        reserve.save(update_fields=["releases_date", "releases_time"])


class Migration(migrations.Migration):
    dependencies = [("events", "0002_keep_marks_and_notes")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="opens_date",
            field=models.DateField(blank=True, null=True, verbose_name="registration opens on"),
        ),
        migrations.AddField(
            model_name="event",
            name="opens_time",
            field=models.TimeField(blank=True, null=True, verbose_name="at"),
        ),
        migrations.AddField(
            model_name="seatreserve",
            name="releases_date",
            field=models.DateField(null=True, verbose_name="released on"),
        ),
        migrations.AddField(
            model_name="seatreserve",
            name="releases_time",
            field=models.TimeField(null=True, verbose_name="at"),
        ),
        migrations.RunPython(write_clocks, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            model_name="seatreserve",
            name="releases_date",
            field=models.DateField(verbose_name="released on"),
        ),
        migrations.AlterField(
            model_name="seatreserve",
            name="releases_time",
            field=models.TimeField(verbose_name="at"),
        ),
        migrations.AlterField(
            model_name="event",
            name="registration_opens_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="seatreserve",
            name="releases_at",
            field=models.DateTimeField(editable=False),
        ),
    ]
