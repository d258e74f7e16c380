"""Uploads that nothing shows any more: no page, no revision on its way, and no version of the history."""

from practices.content import ATTACHED
from practices.models import Practice


def drop_unneeded(practice: Practice) -> None:
    """Delete what was uploaded and taken out again; the file goes once the transaction is through.

    What a version in the history names stays, because the history shows it to those who write the practice.
    """
    for name, (model, _translated, _plain) in ATTACHED.items():
        hidden = model.objects.filter(practice=practice, is_live=False)
        if hidden.exists():
            hidden.exclude(pk__in=_named(practice, name)).delete()


def _named(practice, name):
    contents = [
        *practice.versions.values_list(f"content__{name}", flat=True),
        *practice.revisions.open().values_list(f"content__{name}", flat=True),
    ]
    return {row["id"] for rows in contents for row in rows or ()}
