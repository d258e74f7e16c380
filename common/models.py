from django.db import models
from django.utils import timezone


class Heartbeat(models.Model):
    """When a background process was last seen; /readyz reads it."""

    name = models.CharField(max_length=50, primary_key=True)
    seen_at = models.DateTimeField()

    def __str__(self):
        return f"{self.name} {self.seen_at:%Y-%m-%d %H:%M:%S}"

    @classmethod
    def record(cls, name):
        cls.objects.update_or_create(name=name, defaults={"seen_at": timezone.now()})
