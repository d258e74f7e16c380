from networks.admin.people import CityRequestAdmin, RoleOfferAdmin
from networks.admin.records import CityAdmin, MembershipAdmin, NetworkAdmin, OrganisationAdmin, WorkingGroupAdmin
from networks.admin.roles import RoleAssignmentAdmin

__all__ = [
    "CityAdmin",
    "CityRequestAdmin",
    "MembershipAdmin",
    "NetworkAdmin",
    "OrganisationAdmin",
    "RoleAssignmentAdmin",
    "RoleOfferAdmin",
    "WorkingGroupAdmin",
]
