"""Reminders of practices whose review is due."""

from django.utils import timezone

from practices.emails import REMINDED_BEFORE, remind_of_review
from practices.models import Practice


def due_for_review(on=None):
    """Published practices whose review is due soon or overdue."""
    last_day = (on or timezone.localdate()) + REMINDED_BEFORE
    return Practice.objects.published().filter(review_due_on__lte=last_day).order_by("review_due_on", "pk")


def remind_of_reviews() -> int:
    """Ask about all that are due; safe to repeat, for a mail of the same due date goes out once. Returns how many."""
    count = 0
    for practice in due_for_review().select_related("city").iterator(chunk_size=200):
        remind_of_review(practice)
        count += 1
    return count
