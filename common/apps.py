from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommonConfig(AppConfig):
    name = "common"
    verbose_name = _("Site")

    def ready(self):
        # The admin finds by itself only modules that stand directly in an app.
        import_module("common.outbox.admin")
