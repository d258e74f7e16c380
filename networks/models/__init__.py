from networks.models.memberships import Membership, WorkingGroup
from networks.models.networks import Network
from networks.models.organisations import Organisation
from networks.models.places import City
from networks.models.roles import RoleAssignment, RoleOffer

__all__ = ["City", "Membership", "Network", "Organisation", "RoleAssignment", "RoleOffer", "WorkingGroup"]
