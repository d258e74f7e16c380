from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class HubConfig(AppConfig):
    name = "hub"
    default = True


class HubAdminConfig(SimpleAdminConfig):
    default = False
    default_site = "hub.administration.HubAdminSite"

    def ready(self):
        super().ready()
        self.module.autodiscover()
