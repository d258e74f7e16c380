from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """While mails are written down and sent: neither table is locked."""

    atomic = False

    dependencies = [("newsletters", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(
                    ("campaign__isnull", True), ("edition__isnull", False), ("state__in", ["skipped", "rejected"])
                ),
                fields=["id"],
                name="delivery_to_untell",
            ),
        ),
        AddIndexConcurrently(
            model_name="subscriber",
            index=models.Index(
                condition=models.Q(("email__isnull", False)), fields=["time_zone", "id"], name="subscriber_by_zone"
            ),
        ),
    ]
