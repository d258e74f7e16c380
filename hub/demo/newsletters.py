"""A newsletter of the demonstration and its readers, who ask, confirm and are written to through the services for all."""

import tomllib
from datetime import timedelta
from pathlib import Path
from unittest import mock

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from events.models import Event
from networks.models import Network
from newsletters.models import Block, Campaign, Subscriber
from newsletters.services.campaigning import begin
from newsletters.services.subscribing import ask, confirm
from newsletters.wishes import HUB, Wishes
from practices.models import Practice
from vocabularies.models import Scheme, Term

DATA = Path(__file__).parent / "newsletters.toml"
ASKED_BEFORE = timedelta(days=21)
"""Readers of some weeks' standing: what was published since is news to them."""


@transaction.atomic
def seed_newsletters() -> int:
    """Add readers and a newsletter that goes out to them, once the events are there; returns how many readers there are."""
    told = tomllib.loads(DATA.read_text(encoding="utf-8"))
    if not Subscriber.objects.exists():
        for entry in told["reader"]:
            _reader(entry)
    if not Campaign.objects.exists():
        _newsletter(told["newsletter"])
    return Subscriber.objects.count()


def _reader(entry):
    language = entry["language"]
    networks = Network.objects.filter(slug__in=entry["networks"]).values_list("pk", flat=True)
    wishes = Wishes(
        languages=(language, *entry["others"]),
        time_zone=entry["time_zone"],
        practices=entry["practices"],
        events=entry["events"],
        newsletters=(HUB, *networks),
        themes=tuple(Term.objects.filter(scheme=Scheme.THEME, code__in=entry["themes"]).values_list("pk", flat=True)),
    )
    with mock.patch.object(timezone, "now", return_value=timezone.now() - ASKED_BEFORE):
        confirm(ask(f"reader.{language}@example.org", wishes, language=language), language=language)


def _newsletter(entry):
    administrator = get_user_model().objects.filter(is_superuser=True).order_by("pk").first()
    campaign = Campaign.objects.create(
        source_language=entry["source_language"],
        languages=list(entry["subject"]),
        created_by=administrator,
        **_texts(subject=entry["subject"], preheader=entry["preheader"]),
    )
    kinds = Block.Kind
    event = Event.objects.public().upcoming().order_by("starts_at", "pk").first()
    blocks = [
        Block(kind=kinds.TEXT, **_texts(text=entry["opening"])),
        Block(kind=kinds.PRACTICE, practice=Practice.objects.get(external_id=entry["practice"])),
        *([Block(kind=kinds.EVENT, event=event)] if event else []),
        Block(kind=kinds.TEXT, **_texts(heading=entry["closing_heading"], text=entry["closing"])),
    ]
    for position, block in enumerate(blocks, 1):
        block.campaign, block.position = campaign, position
        block.save()
    begin(campaign, actor=administrator)


def _texts(**told):
    return {f"{name}_{code}": text for name, by_code in told.items() for code, text in by_code.items()}
