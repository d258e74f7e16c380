"""Choices of themes, networks and languages, each stored once for all who share it."""

import hashlib
import json

from django.db import connection, transaction

from newsletters.models import Interest


@transaction.atomic
def interest_for(themes=(), networks=(), languages=()) -> Interest:
    """The one record of a choice; order and repetitions do not matter, and an empty list means any.

    Nobody deletes it before the transaction in which it was asked for is over.
    """
    choice = {"themes": sorted(set(themes)), "networks": sorted(set(networks)), "languages": sorted(set(languages))}
    digest = hashlib.sha256(json.dumps(choice, sort_keys=True).encode()).hexdigest()
    while True:
        interest = Interest.objects.get_or_create(digest=digest, defaults=choice)[0]
        if _is_kept(interest):
            return interest


def _is_kept(interest):
    """Keep it from being deleted, as a foreign key would; others may choose it too. False where that came too late."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM newsletters_interest WHERE id = %s FOR KEY SHARE", [interest.pk])
        return cursor.fetchone() is not None
