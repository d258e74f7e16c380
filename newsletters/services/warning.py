"""Telling those who keep a newsletter what happened to it while nobody looked."""

from django.urls import reverse
from django.utils import translation

from common.addresses import absolute
from common.outbox.queueing import queue_mail_to, unlinked
from networks.emails import coordinators_of
from newsletters.models import Campaign
from newsletters.services.checking import problems_of


def tell_not_begun(campaign: Campaign) -> None:
    """That its time came and it could not be sent, with the reasons; to be called in the transaction that found them."""
    for person in coordinators_of([campaign.network_id] if campaign.network_id else []):
        with translation.override(person.language):
            problems = [str(problem) for problem in problems_of(campaign) if not problem.is_hint]
            title = unlinked(campaign)
        queue_mail_to(
            person,
            "newsletter-not-sent",
            context={
                "title": title,
                "problems": [unlinked(problem) for problem in problems],
                "link": absolute(reverse("admin:newsletters_campaign_overview", args=[campaign.pk])),
            },
            key=f"newsletter-not-sent:{campaign.pk}:{campaign.version}",
            essential=True,
            about=f"newsletter:{campaign.pk}",
        )
