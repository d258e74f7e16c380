from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self):
        from allauth.core.internal import ratelimit
        from django.core.cache import caches
        from django.utils.connection import ConnectionProxy

        from accounts.limits import note_waits

        # allauth counts in the default cache, which here belongs to a single process.
        ratelimit.cache = ConnectionProxy(caches, "limits")
        note_waits()
