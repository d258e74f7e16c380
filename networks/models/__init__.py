from networks.models.memberships import Membership, WorkingGroup
from networks.models.networks import Network
from networks.models.organisations import Organisation
from networks.models.places import City

__all__ = ["City", "Membership", "Network", "Organisation", "WorkingGroup"]
