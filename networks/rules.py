"""Who may do what with cities, networks and roles; the roles of a person, read once."""

from dataclasses import dataclass, field

import rules
from django.db.models import Q

from networks.models import City, Membership, Network, RoleAssignment

Role = RoleAssignment.Role


@dataclass(frozen=True)
class Roles:
    """What a person holds, as ids. `reviews` and `translates` keep the scopes: None or "" there means any."""

    is_administrator: bool = False
    networks: frozenset[int] = frozenset()
    focal_cities: frozenset[int] = frozenset()
    contributed_cities: frozenset[int] = frozenset()
    reviews: tuple[tuple[int | None, int | None, str], ...] = ()
    translates: tuple[tuple[int | None, str], ...] = ()
    member_networks: frozenset[int] = field(default=frozenset())

    @property
    def cities(self):
        """Cities the person works for."""
        return self.focal_cities | self.contributed_cities

    @property
    def is_coordinator(self):
        return bool(self.networks)

    @property
    def keeps_networks(self):
        """All of them or some: these people decide there, and work in the administration."""
        return self.is_administrator or self.is_coordinator

    @property
    def has_any(self):
        return bool(self.keeps_networks or self.cities or self.reviews or self.translates)


NOBODY = Roles()


def roles_of(user) -> Roles:
    """The roles of a person, asked for once per user object (which lives for one request)."""
    if not (user and user.is_authenticated and user.is_active):
        return NOBODY
    found = getattr(user, "_hub_roles", None)
    if found is None:
        found = user._hub_roles = _read_roles(user)
    return found


def forget_roles(user) -> None:
    """To be called when the roles of a loaded user have changed."""
    user.__dict__.pop("_hub_roles", None)


def _read_roles(user):
    rows = RoleAssignment.objects.active().filter(person=user)
    held = list(rows.values_list("role", "network_id", "city_id", "theme_id", "language"))
    cities = frozenset(city for role, _, city, *_ in held if city)
    members = frozenset(Membership.objects.active().filter(city__in=cities).values_list("network", flat=True))
    return Roles(
        is_administrator=user.is_superuser or any(role == Role.ADMINISTRATOR for role, *_ in held),
        networks=frozenset(network for role, network, *_ in held if role == Role.COORDINATOR),
        focal_cities=frozenset(city for role, _, city, *_ in held if role == Role.FOCAL_POINT),
        contributed_cities=frozenset(city for role, _, city, *_ in held if role == Role.CONTRIBUTOR),
        reviews=tuple((network, theme, code) for role, network, _, theme, code in held if role == Role.REVIEWER),
        translates=tuple((network, code) for role, network, _, _, code in held if role == Role.TRANSLATOR),
        member_networks=members if cities else frozenset(),
    )


@rules.predicate
def is_administrator(user, record=None):
    return roles_of(user).is_administrator


@rules.predicate
def coordinates_network(user, network):
    return network is not None and network.pk in roles_of(user).networks


@rules.predicate
def coordinates_city(user, city):
    """A coordinator of a network that the city is in, whatever the state of its membership."""
    held = roles_of(user).networks
    return bool(held) and city is not None and city.memberships.filter(network__in=held).exists()


@rules.predicate
def speaks_for_city(user, city):
    return city is not None and city.pk in roles_of(user).focal_cities


can_change_network = is_administrator | coordinates_network
can_change_city = is_administrator | coordinates_city
can_invite_to_city = is_administrator | coordinates_city | speaks_for_city

rules.add_perm("networks.edit_network", can_change_network)
rules.add_perm("networks.edit_city", can_change_city)
rules.add_perm("networks.invite_to_city", can_invite_to_city)


def editable_networks(user):
    """Networks whose records the person keeps."""
    roles = roles_of(user)
    return Network.objects.all() if roles.is_administrator else Network.objects.filter(pk__in=roles.networks)


def editable_cities(user):
    roles = roles_of(user)
    if roles.is_administrator:
        return City.objects.all()
    return City.objects.filter(pk__in=Membership.objects.filter(network__in=roles.networks).values("city"))


def visible_roles(user):
    """Role assignments a person may see: one's own, and those in the scope one keeps."""
    roles = roles_of(user)
    if roles.is_administrator:
        return RoleAssignment.objects.all()
    cities = Membership.objects.filter(network__in=roles.networks).values("city")
    return RoleAssignment.objects.filter(
        Q(person=user.pk) | Q(network__in=roles.networks) | Q(city__in=cities) | Q(city__in=roles.focal_cities)
    )


def may_keep_invitation(user, invitation) -> bool:
    """Send it again or revoke it: whoever may grant all that it offers."""
    offers = list(invitation.offers.all())
    return bool(offers) and all(may_grant(user, one.role, network=one.network, city=one.city) for one in offers)


def may_end_contribution(user, assignment) -> bool:
    """Focal points may end what others contribute to their city, never a role of their own."""
    return (
        assignment.role == Role.CONTRIBUTOR
        and assignment.person_id != user.pk
        and speaks_for_city(user, assignment.city)
    )


def may_grant(user, role, *, network=None, city=None) -> bool:
    """Administrators grant anything, coordinators within their network, focal points their city's contributors."""
    roles = roles_of(user)
    if roles.is_administrator:
        return True
    if role == Role.CONTRIBUTOR:
        return can_invite_to_city(user, city)
    if role == Role.FOCAL_POINT:
        return can_change_city(user, city)
    if role in (Role.REVIEWER, Role.TRANSLATOR):
        return coordinates_network(user, network)
    return False
