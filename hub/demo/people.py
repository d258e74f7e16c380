"""A person per role, so that the demonstration can be seen with everybody's eyes. None of them exists."""

import secrets
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db import transaction

from networks.models import City, Network, RoleAssignment
from networks.services import grant_role

Role = RoleAssignment.Role
ADMINISTRATOR = "admin@example.org"


@dataclass(frozen=True)
class DemoPerson:
    """`label` is what the list of logins says; `city` is a slug, `network` another."""

    label: str
    email: str
    language: str
    role: str
    network: str = ""
    city: str = ""
    translates: str = ""


PEOPLE = [
    DemoPerson("officer of Malmö (sv)", "officer.malmo@example.org", "sv", Role.CONTRIBUTOR, city="malmo"),
    DemoPerson("focal point of Malmö (sv)", "focal.malmo@example.org", "sv", Role.FOCAL_POINT, city="malmo"),
    DemoPerson("officer of Turin (it)", "officer.turin@example.org", "it", Role.CONTRIBUTOR, city="turin"),
    DemoPerson("reviewer (en)", "reviewer@example.org", "en", Role.REVIEWER),
    DemoPerson("translator into Italian (it)", "translator@example.org", "it", Role.TRANSLATOR, translates="it"),
    DemoPerson(
        "coordinator of Nordic Safe Cities (sv)",
        "coordinator.nordic@example.org",
        "sv",
        Role.COORDINATOR,
        network="nordic-safe-cities",
    ),
    DemoPerson(
        "coordinator of Cities of Dialogue (it)",
        "coordinator.dialogue@example.org",
        "it",
        Role.COORDINATOR,
        network="cities-of-dialogue",
    ),
    DemoPerson(
        "coordinator of the Local Dialogue Platforms (ar)",
        "coordinator.platforms@example.org",
        "ar",
        Role.COORDINATOR,
        network="alf-local-dialogue-platforms",
    ),
    DemoPerson(
        "second coordinator of Nordic Safe Cities (en)",
        "second.nordic@example.org",
        "en",
        Role.COORDINATOR,
        network="nordic-safe-cities",
    ),
]


def ensure_administrator() -> str | None:
    """Make the demonstration's administrator with a random password, which is returned; None where there is one."""
    users = get_user_model().objects
    if users.filter(email=ADMINISTRATOR).exists():
        return None
    password = secrets.token_urlsafe(12)
    users.create_superuser(ADMINISTRATOR, password, name="Demo administrator")
    return password


@transaction.atomic
def ensure_people() -> list[tuple[str, str, str]]:
    """Make the people who are not there yet; returns (label, address, random password) of the new ones."""
    administrator = get_user_model().objects.get(email=ADMINISTRATOR)
    new = []
    for one in PEOPLE:
        if get_user_model().objects.filter(email=one.email).exists():
            continue
        password = secrets.token_urlsafe(12)
        person = get_user_model().objects.create_user(
            one.email, password, name=f"Demo {one.label.split(' (')[0]}", language=one.language
        )
        grant_role(
            person,
            one.role,
            actor=administrator,
            network=Network.objects.get(slug=one.network) if one.network else None,
            city=City.objects.get(slug=one.city) if one.city else None,
            language=one.translates,
        )
        new.append((one.label, one.email, password))
    return new
