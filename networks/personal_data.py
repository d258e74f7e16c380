"""What the register of networks holds about people, for `accounts.personal_data`."""

from django.utils import timezone

from networks.models import Membership, RoleAssignment


def collect(user) -> dict:
    """Roles, those that ended too, and the memberships the person speaks for."""
    roles = RoleAssignment.objects.filter(person=user).select_related("network", "city", "theme").order_by("pk")
    memberships = Membership.objects.filter(focal_point=user).select_related("city", "network").order_by("pk")
    return {
        "roles": [
            {
                "role": role.role,
                "scope": ", ".join(str(part) for part in (role.network, role.city, role.theme, role.language) if part),
                "since": role.granted_at.isoformat(),
                "until": role.ended_at and role.ended_at.isoformat(),
            }
            for role in roles
        ],
        "focal_point_of": [f"{membership.city}, {membership.network}" for membership in memberships],
    }


def erase(user) -> None:
    """Roles end; that there were any stays, with a former member."""
    RoleAssignment.objects.active().filter(person=user).update(ended_at=timezone.now())
    Membership.objects.filter(focal_point=user).update(focal_point=None)
