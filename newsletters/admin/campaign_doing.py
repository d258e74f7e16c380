"""What the buttons of a newsletter's pages call."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy, pgettext_lazy

from newsletters.admin.campaign_forms import NothingTyped, RetryForm, ScheduleForm, TestForm
from newsletters.models import Campaign
from newsletters.services import campaigning
from newsletters.services.testing import send_test

State = Campaign.State


@dataclass(frozen=True)
class Button:
    """A verb, from which states it is possible, what is typed for it, and what its confirmation says."""

    name: str
    label: object
    possible_from: tuple[str, ...]
    form: type = NothingTyped
    explained: object = ""
    is_grave: bool = False

    def is_possible(self, campaign):
        return campaign.state in self.possible_from

    def run(self, campaign, values, *, actor):
        if self.name == "schedule":
            when = (values[name] for name in ("scheduled_date", "scheduled_time", "time_zone"))
            return campaigning.schedule(campaign, *when, actor=actor)
        if self.name == "retry":
            return campaigning.retry_failed(campaign, actor=actor, with_uncertain=values["with_uncertain"])
        return getattr(campaigning, self.name)(campaign, actor=actor)


BUTTONS = (
    Button(
        "schedule",
        pgettext_lazy("newsletter verb", "Send at a time"),
        Campaign.OPEN,
        ScheduleForm,
        gettext_lazy("It is checked once more when the time has come. Until then you can change it."),
    ),
    Button(
        "begin",
        pgettext_lazy("newsletter verb", "Send now"),
        Campaign.OPEN,
        explained=gettext_lazy(
            "From that moment nothing in it can be changed, and mails that have left cannot be called back."
        ),
    ),
    Button(
        "unschedule",
        pgettext_lazy("newsletter verb", "Do not send at that time"),
        (State.SCHEDULED,),
        explained=gettext_lazy("It becomes a draft again."),
    ),
    Button(
        "pause",
        pgettext_lazy("newsletter verb", "Pause"),
        (State.SENDING,),
        explained=gettext_lazy("No more mails leave until you go on. The text stays as it is."),
    ),
    Button(
        "resume",
        pgettext_lazy("newsletter verb", "Go on sending"),
        (State.PAUSED,),
        explained=gettext_lazy("Those who have not got it yet get the same text."),
    ),
    Button(
        "cancel",
        pgettext_lazy("newsletter verb", "Cancel for good"),
        (State.SCHEDULED, *Campaign.UNDER_WAY),
        explained=gettext_lazy(
            "Who has not got it yet never gets it, and it leaves the archive. This cannot be undone."
        ),
        is_grave=True,
    ),
)

RETRY = Button(
    "retry",
    pgettext_lazy("newsletter verb", "Try the failed ones again"),
    (State.SENDING, State.PAUSED, State.COMPLETED, State.WITH_FAILURES),
    RetryForm,
    gettext_lazy("Those that were refused for a passing reason. Addresses that do not exist are not tried again."),
)


@dataclass(frozen=True)
class TestButton(Button):
    def run(self, campaign, values, *, actor):
        return send_test(campaign, values["language"], actor=actor)


TEST = TestButton(
    "test",
    pgettext_lazy("newsletter verb", "Send a test to me"),
    tuple(State),
    TestForm,
    gettext_lazy("A mail to your own address, as readers of the language get it."),
)


def buttons_of(campaign) -> list[Button]:
    """What can be done with the newsletter now."""
    return [button for button in BUTTONS if button.is_possible(campaign)]


def button_named(name) -> Button | None:
    return next((button for button in (*BUTTONS, RETRY, TEST) if button.name == name), None)
