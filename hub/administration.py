from django.contrib.admin import AdminSite

from common.waiting import waiting_for

ORDER = ("practices", "events", "newsletters", "networks", "vocabularies", "accounts")


class HubAdminSite(AdminSite):
    """Begins with what people come for, in every language; Django's own order is that of the alphabet."""

    def get_app_list(self, request, app_label=None):
        apps = super().get_app_list(request, app_label)
        places = {label: place for place, label in enumerate(ORDER)}
        return sorted(apps, key=lambda app: places.get(app["app_label"], len(ORDER)))

    def index(self, request, extra_context=None):
        return super().index(request, {**(extra_context or {}), "waiting": waiting_for(request.user)})
