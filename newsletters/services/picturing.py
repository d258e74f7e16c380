"""Files of pictures that no newsletter shows any more."""

from functools import partial

from django.db import transaction

from newsletters.models import Block, Edition


def pictures_of(campaign) -> list[str]:
    """The stored names."""
    return list(Block.objects.filter(campaign=campaign.pk).exclude(picture="").values_list("picture", flat=True))


def drop_unused(names) -> None:
    """Delete those of these files that nothing refers to, once the transaction has ended well."""
    transaction.on_commit(partial(_drop, list(names)))


def _drop(names):
    for name in names:
        is_shown = Block.objects.filter(picture=name).exists()
        if not is_shown and not Edition.objects.filter(campaign__isnull=False, html__contains=name).exists():
            Block._meta.get_field("picture").storage.delete(name)
