"""What participants are asked to agree to. A change of the words is a new version; what was agreed to keeps its words."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Consent:
    kind: str
    version: str
    text: object
    is_needed: bool


CONSENTS = (
    Consent(
        "data",
        "2026-11",
        _(
            "The hosts of this event may use what I write here to run it. Access and food needs are deleted after the "
            "event, and I can withdraw at any time."
        ),
        True,
    ),
    Consent("photos", "2026-11", _("I may be recognised in photographs and recordings of the event."), False),
    Consent("list", "2026-11", _("Other participants may see my name and city."), False),
)
