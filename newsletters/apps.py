from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NewslettersConfig(AppConfig):
    name = "newsletters"
    verbose_name = _("Newsletters")

    def ready(self):
        from accounts import personal_data as registry
        from accounts.signals import email_changed
        from newsletters import (
            checks,  # noqa: F401  It registers itself.
            personal_data,
            provider,
        )
        from newsletters.observers import follow_account

        registry.register("newsletters", collect=personal_data.collect, erase=personal_data.erase)
        email_changed.connect(follow_account, dispatch_uid="newsletters.follow_account")
        provider.connect()
