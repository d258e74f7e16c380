"""Newsletters that were sent, as anyone reads them: the frozen text, without what has been taken off the site since."""

from dataclasses import dataclass

from common.languages import current_language, fallback_chain
from common.localized import LocalizedText, proper_name
from events.models import Event
from networks.models import Network
from newsletters.models import Campaign, Edition
from practices.models import Practice


@dataclass(frozen=True, slots=True)
class Entry:
    """An issue in a list: its subject and preview line in the reader's language, or the first that there is."""

    campaign: Campaign
    title: LocalizedText
    preheader: str
    network: str


def issues(network: Network | None = None):
    """The archive, newest first; of one network where it is named."""
    found = Campaign.objects.archived()
    if network is not None:
        found = found.filter(network=network)
    return found.select_related("network").order_by("-begun_at", "-pk")


def networks_with_issues():
    return Network.objects.filter(pk__in=Campaign.objects.archived().values("network"))


def entries(campaigns) -> list[Entry]:
    """One page of a list; the languages are read from the editions that were sent."""
    reader = current_language()
    campaigns = list(campaigns)
    sent = {}
    for campaign_id, language, subject in Edition.objects.filter(campaign__in=campaigns).values_list(
        "campaign", "language", "subject"
    ):
        sent.setdefault(campaign_id, {})[language] = subject
    return [_entry(campaign, sent.get(campaign.pk, {}), reader) for campaign in campaigns]


def _entry(campaign, subjects, reader):
    language = first_of(subjects, campaign, reader)
    network = proper_name(campaign.network, reader) if campaign.network else ""
    title = LocalizedText(subjects.get(language, ""), language, language != reader)
    return Entry(campaign, title, getattr(campaign, f"preheader_{language}", ""), network)


def first_of(languages, campaign, reader) -> str:
    """The language in which a reader is shown an issue that exists in these."""
    return next((code for code in fallback_chain(reader, campaign.source_language) if code in languages), "")


def edition_for(campaign, reader) -> Edition | None:
    """The edition that a reader is shown: the own language's, else the first that there is."""
    editions = {edition.language: edition for edition in campaign.editions.all()}
    return editions.get(first_of(editions, campaign, reader))


def parts_still_public(edition: Edition) -> list[str]:
    """The HTML of the parts; a practice or event that is no longer public takes its part with it."""
    practices = _public(Practice, [part["practice"] for part in edition.parts])
    events = _public(Event, [part["event"] for part in edition.parts])
    return [
        part["html"]
        for part in edition.parts
        if (not part["practice"] or part["practice"] in practices) and (not part["event"] or part["event"] in events)
    ]


def _public(model, ids):
    ids = [pk for pk in ids if pk]
    return set(model.objects.public().filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
