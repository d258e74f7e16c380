from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NetworksConfig(AppConfig):
    name = "networks"
    verbose_name = _("Cities and networks")

    def ready(self):
        from accounts import domains, personal_data
        from accounts.signals import account_requested, invitation_accepted
        from common import waiting
        from networks.emails import tell_of_request
        from networks.personal_data import collect, erase
        from networks.services import city_of_address, grant_offers
        from networks.waiting import kept_by_coordinators

        waiting.register(kept_by_coordinators)
        domains.register(city_of_address)
        account_requested.connect(tell_of_request, dispatch_uid="networks.tell_of_request")
        personal_data.register("networks", collect=collect, erase=erase)
        invitation_accepted.connect(
            lambda sender, invitation, user, **kwargs: grant_offers(invitation, user),
            dispatch_uid="networks.grant_offers",
            weak=False,
        )
