"""What waits for coordinators about cities and people."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.templatetags.hub import number
from common.waiting import Waiting
from networks.models import Membership
from networks.rules import editable_networks, roles_of
from networks.services import requests_kept_by


def kept_by_coordinators(user):
    """Registered with `common.waiting`: cities that want to join, people who ask for an account."""
    if not roles_of(user).keeps_networks:
        return
    applicants = Membership.objects.filter(
        network__in=editable_networks(user).order_by(), status=Membership.Status.APPLICANT
    ).count()
    if applicants:
        note = ngettext("%(count)s city wants to join", "%(count)s cities want to join", applicants)
        url = f"{reverse('admin:networks_membership_changelist')}?status__exact={Membership.Status.APPLICANT}"
        yield Waiting(_("Memberships"), url, note % {"count": number(applicants)})
    requests = requests_kept_by(user).waiting().count()
    if requests:
        note = ngettext("%(count)s person asks for an account", "%(count)s people ask for an account", requests)
        url = reverse("admin:accounts_accountrequest_changelist")
        yield Waiting(_("Account requests"), url, note % {"count": number(requests)})
