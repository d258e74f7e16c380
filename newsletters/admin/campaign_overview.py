"""All that is known of a newsletter, gathered for its overview and its report."""

from collections import Counter
from urllib.parse import unquote

from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef
from django.utils.translation import gettext as _

from common.languages import current_language, name_in
from events.showing import moment_in_words
from newsletters.admin.campaign_doing import RETRY, TEST, buttons_of
from newsletters.models import Campaign, Channel, Delivery, Subscription
from newsletters.services.campaigning import failed_for_now
from newsletters.services.checking import in_words, problems_of
from newsletters.services.completing import account_of, states_of
from newsletters.services.pausing import REASONS
from newsletters.services.recipients import dry_run, sample

STEPS = 50
ON_A_PAGE = 50
LISTED = (Delivery.State.REJECTED, Delivery.State.UNCERTAIN)


def overview(campaign: Campaign, bound=None) -> dict:
    """The page's context. `bound` is (button, refused form)."""
    found = {
        "due": campaign.due_at and moment_in_words(campaign.due_at, campaign.time_zone),
        "buttons": [(button, _form(button, campaign, bound)) for button in buttons_of(campaign)],
        "test": (TEST, _form(TEST, campaign, bound)),
        "steps": [(step, _told(step)) for step in campaign.steps.select_related("actor")[:STEPS]],
        "stopped": REASONS.get(campaign.pause_reason, _("It was stopped.")),
        "is_refused": bool(bound),
    }
    if campaign.state not in Campaign.OPEN:
        return found | {"account": account_of(campaign) if campaign.begun_at else None}
    problems = problems_of(campaign)
    run = dry_run(campaign)
    reasons = dict(Delivery.Skip.choices)
    return found | {
        "problems": [problem for problem in problems if not problem.is_hint],
        "hints": [problem for problem in problems if problem.is_hint],
        "run": run,
        "by_language": _by_language(run.languages),
        "skipped": [(reasons[reason], count) for reason, count in run.skipped.most_common()],
        "sample": [
            (address, name_in(language, current_language()), reasons.get(reason, ""))
            for address, language, reason in sample(campaign)
        ],
    }


def _told(step):
    """Its note in the reader's language: what happened by itself is kept as a code."""
    return REASONS.get(step.note) or in_words(step.note) or step.note


def report(campaign: Campaign, query, bound=None) -> dict:
    """What became of it. `query` has `page`, of the list of those that failed."""
    deliveries = campaign.deliveries.order_by()
    counts = states_of(campaign.pk)
    reasons, links = dict(Delivery.Skip.choices), list(campaign.links.all())
    skipped = deliveries.filter(state=Delivery.State.SKIPPED).values_list("skip_reason").annotate(count=Count("pk"))
    languages = deliveries.exclude(state=Delivery.State.SKIPPED).values_list("edition__language")
    failed = deliveries.filter(state__in=LISTED).select_related("subscriber").order_by("state", "pk")
    failed = failed.annotate(is_subscribed=Exists(_live_subscriptions(campaign)))
    codes = deliveries.filter(state__in=LISTED).values_list("state", "smtp_code").annotate(count=Count("pk"))
    return {
        "account": account_of(campaign),
        "states": [(label, counts[state]) for state, label in Delivery.State.choices if counts[state]],
        "skipped": sorted(((reasons[reason], count) for reason, count in skipped), key=_most),
        "by_language": _by_language(Counter(dict(languages.annotate(count=Count("pk"))))),
        "codes": sorted(((Delivery.State(state).label, code, count) for state, code, count in codes), key=_most),
        "page": Paginator(failed, ON_A_PAGE).get_page(query.get("page")),
        "links": [(unquote(link.url), link.languages, link.clicks) for link in links],
        "clicks": sum(link.clicks for link in links),
        "passing": failed_for_now(campaign).count(),
        "uncertain": counts[Delivery.State.UNCERTAIN],
        "retry": (RETRY, _form(RETRY, campaign, bound)) if RETRY.is_possible(campaign) else None,
        "is_refused": bool(bound),
    }


def _live_subscriptions(campaign):
    """Of the newsletter's network, for each delivery: who left is not shown with an address any more."""
    newsletter = {"network": campaign.network_id} if campaign.network_id else {"network__isnull": True}
    return Subscription.objects.filter(
        subscriber=OuterRef("subscriber"), channel=Channel.NEWSLETTER, state__in=Subscription.LIVE, **newsletter
    )


def _most(row):
    """The greatest count first; equal ones by name, so that they keep their places."""
    return -row[-1], *map(str, row[:-1])


def _by_language(counts):
    return [(name_in(code, current_language()), count) for code, count in counts.most_common()]


def _form(button, campaign, bound):
    if bound and bound[0] is button:
        return bound[1]
    return button.form(campaign)
