"""Choices of themes, networks and languages, each stored once for all who share it."""

import hashlib
import json

from newsletters.models import Interest


def interest_for(themes=(), networks=(), languages=()) -> Interest:
    """The one record of a choice; order and repetitions do not matter, and an empty list means any."""
    choice = {"themes": sorted(set(themes)), "networks": sorted(set(networks)), "languages": sorted(set(languages))}
    digest = hashlib.sha256(json.dumps(choice, sort_keys=True).encode()).hexdigest()
    return Interest.objects.get_or_create(digest=digest, defaults=choice)[0]
