"""What newsletters hold about people, for `accounts.personal_data`: of whom, in which columns, and how it goes."""

from django.db.models import Q

from events.mine import own_addresses
from newsletters.addresses import address_hash
from newsletters.models import ConsentEvent, SavedSearch, Subscriber, Suppression
from newsletters.services.forgetting import erase as erase_subscriber

PERSONAL = {
    Subscriber: {"email", "domain", "languages", "time_zone"},
    SavedSearch: {"label", "query"},
    ConsentEvent: {"wishes", "note"},
}
"""Columns with words of or about subscribers."""

IMPERSONAL = {
    # A code that only who has the key can compare: it keeps the address away from later imports.
    "Subscriber": {"email_hash"},
    "Suppression": {"email_hash", "reason", "scope"},
    # Shared by all who chose the same.
    "Interest": {"themes", "networks", "languages", "digest"},
    "Subscription": {"channel", "frequency", "state"},
    # Our own words, and that they were agreed to.
    "ConsentEvent": {"action", "way", "channels", "text", "version", "language"},
    "Throttle": {"name"},
    # Numbers of deliveries, gone within minutes.
    "Claim": {"accepted"},
    # Written by coordinators for the public.
    "Campaign": {
        *("source_language", "languages", "subject", "preheader", "state", "time_zone", "content_hash"),
        "pause_reason",
    },
    "Block": {"kind", "heading", "text", "picture", "alt"},
    "CampaignStep": {"action", "note"},
    "Edition": {"language", "subject", "html", "text", "parts", "news", "content_hash"},
    "Link": {"url", "languages"},
    # How far a mail got; the domain goes with the address (`services.forgetting`).
    "Delivery": {"state", "skip_reason", "smtp_code", "domain"},
    "ProviderEvent": {"provider", "event_id", "kind", "message_id"},
    "News": {"kind", "themes", "networks", "languages"},
    "DigestIssue": {"frequency", "period"},
}
"""All other columns that hold text. A test fails for one that is in neither; translated ones count once."""


def collect(user) -> dict:
    """All that goes or went to the address of the account, as JSON can hold it."""
    subscribers = list(subscribers_of(user))
    mine = Q(subscriber__in=[row.pk for row in subscribers])
    return {
        "subscribers": [
            _columns(row) | {"since": row.created_at.isoformat(), "confirmed": _moment(row.confirmed_at)}
            for row in subscribers
        ],
        "subscriptions": [
            {
                **{"channel": row.channel, "newsletter_of": str(row.network or ""), "frequency": row.frequency},
                **{"state": row.state, "since": _moment(row.state_at), "paused_until": _moment(row.paused_until)},
                **({"themes": row.interest.themes, "networks": row.interest.networks} if row.interest else {}),
                "only_searches": row.only_searches,
            }
            for subscriber in subscribers
            for row in subscriber.subscriptions.select_related("network", "interest")
        ],
        "saved_searches": [_columns(row) for row in SavedSearch.objects.filter(mine).order_by("pk")],
        "consents": [
            _columns(row)
            | {"action": row.action, "way": row.way, "channels": row.channels, "text": row.text}
            | {"version": row.version, "language": row.language, "at": row.at.isoformat()}
            for row in ConsentEvent.objects.filter(mine).order_by("pk")
        ],
        "mails": [
            {
                "newsletter": row.edition.subject if row.edition else "",
                "state": row.state,
                "at": row.queued_at.isoformat(),
            }
            for subscriber in subscribers
            for row in subscriber.deliveries.select_related("edition").order_by("pk")
        ],
        "kept_away": [
            {"reason": row.reason, "since": row.at.isoformat()}
            for row in Suppression.objects.filter(email_hash__in=_hashes(user)).order_by("pk")
        ],
    }


def subscribers_of(user):
    """By the account, or by an address that is shown to be the person's."""
    return Subscriber.objects.filter(Q(person=user) | Q(email_hash__in=_hashes(user))).order_by("pk")


def _hashes(user):
    return [address_hash(address) for address in {user.email.lower(), *own_addresses(user)}]


def _columns(record):
    return {name: getattr(record, name) for name in sorted(PERSONAL[type(record)])}


def _moment(value):
    return value.isoformat() if value else ""


def erase(user) -> None:
    for subscriber in subscribers_of(user):
        erase_subscriber(subscriber, way=ConsentEvent.Way.ACCOUNT)
