from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PracticesConfig(AppConfig):
    name = "practices"
    verbose_name = _("Practices")

    def ready(self):
        from common import waiting
        from practices import desk, observers

        observers.connect()
        waiting.register(desk.kept_by_coordinators)
