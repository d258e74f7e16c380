"""The do-no-harm checklist: nine questions, what counts as a risk, what must be said about it.

Answers and mitigations are internal; what readers are told is the translated text `harm_statement`.
"""

from django.utils.translation import gettext_lazy as _

QUESTIONS = {
    "stigma": _("Could it stigmatise a community?"),
    "identity": _("Could it reveal an individual, a victim or an informant?"),
    "safety": _("Does it put staff or participants at risk if it is public?"),
    "special-data": _("Does it contain special-category personal data (such as religion, opinion, health)?"),
    "minors": _("Does it show minors?"),
    "operations": _("Does it publish operational detail useful to extremist actors?"),
    "police": _("Does it depend on police information?"),
    "consulted": _("Were the affected groups consulted?"),
    "complaints": _("Is there a way to complain?"),
}
REASSURING = frozenset({"consulted", "complaints"})
"""Questions whose "no" is the risk."""

ANSWERS = {"yes": _("Yes"), "no": _("No"), "n.a.": _("Does not apply")}
MAX_MITIGATION = 800


def is_risk(question: str, answer: str) -> bool:
    return answer == ("no" if question in REASSURING else "yes")


def risks(checklist: dict) -> list[str]:
    """The questions whose answer names a risk, in the order of the checklist."""
    return [name for name in QUESTIONS if is_risk(name, checklist.get(name, {}).get("answer", ""))]


def unanswered(checklist: dict) -> list[str]:
    return [name for name in QUESTIONS if checklist.get(name, {}).get("answer") not in ANSWERS]


def unmitigated(checklist: dict) -> list[str]:
    """Risks of which nobody says what is done about them: such a practice cannot be submitted."""
    return [name for name in risks(checklist) if not checklist[name].get("mitigation", "").strip()]
