"""Mails about cities and people. Templates are mail/<kind>.subject.txt and .txt; names are literal text."""

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.urls import reverse

from common.addresses import absolute
from common.outbox.queueing import queue_mail_to, unlinked
from networks.models import City, Membership, RoleAssignment

Role = RoleAssignment.Role


def tell_of_request(sender, account_request, **kwargs):
    """Coordinators of the asker's city decide; administrators where there is none."""
    cities = City.objects.of_address(account_request.email)
    for person in coordinators_of(Membership.objects.active().filter(city__in=cities).values("network")):
        context = {
            "asker": unlinked(account_request.name or account_request.email),
            "city": account_request.domain_label,
            "message": account_request.message,
            "link": absolute(reverse("admin:accounts_accountrequest_changelist")),
        }
        queue_mail_to(
            person,
            "account-asked",
            context=context,
            key=f"account-asked:{account_request.pk}",
        )


def coordinators_of(networks):
    """Those of any of the networks; administrators where there is none."""
    return holders(Q(role=Role.COORDINATOR, network__in=networks)) or holders(Q(role=Role.ADMINISTRATOR))


def holders(condition):
    """Active people with a role that fits a condition on role assignments."""
    held = RoleAssignment.objects.active().filter(condition)
    return list(get_user_model().objects.filter(is_active=True, pk__in=held.values("person")).order_by("pk"))
