"""Remarks on a revision, as pages show them next to the fields."""

from collections import defaultdict

from practices.models import ReviewComment, Revision


def comments_by_field(revision: Revision) -> dict[str, list[ReviewComment]]:
    """{field: its remarks, oldest first}; "" holds those on the whole. One statement."""
    found = defaultdict(list)
    for remark in revision.comments.select_related("author"):
        found[remark.field].append(remark)
    return dict(found)
