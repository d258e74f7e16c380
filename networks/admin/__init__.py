from networks.admin.records import CityAdmin, MembershipAdmin, NetworkAdmin, OrganisationAdmin, WorkingGroupAdmin
from networks.admin.roles import RoleAssignmentAdmin

__all__ = [
    "CityAdmin",
    "MembershipAdmin",
    "NetworkAdmin",
    "OrganisationAdmin",
    "RoleAssignmentAdmin",
    "WorkingGroupAdmin",
]
