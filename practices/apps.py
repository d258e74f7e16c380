from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PracticesConfig(AppConfig):
    name = "practices"
    verbose_name = _("Practices")

    def ready(self):
        from accounts import personal_data as registry
        from common import waiting
        from practices import desk, observers, personal_data

        observers.connect()
        registry.register("practices", collect=personal_data.collect, erase=personal_data.erase)
        waiting.register(desk.kept_by_coordinators)
