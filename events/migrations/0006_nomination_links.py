import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0005_note_links")]

    operations = [
        migrations.AddField(
            model_name="nomination",
            name="uid",
            field=models.UUIDField(null=True, editable=False),
        ),
        migrations.RunSQL(
            "UPDATE events_nomination SET uid = gen_random_uuid() WHERE uid IS NULL", migrations.RunSQL.noop
        ),
        migrations.AlterField(
            model_name="nomination",
            name="uid",
            field=models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
        ),
        migrations.AddField(
            model_name="nomination",
            name="token_version",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="nomination",
            name="told_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="mail sent"),
        ),
    ]
