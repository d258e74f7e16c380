"""What the library holds about those who work on it, for `accounts.personal_data`."""

from django.db.models import Q

from practices.models import Adaptation, EditorialStep, Practice, Review, ReviewComment, Revision, Translation


def collect(user) -> dict:
    """What the person began, wrote, judged and decided. The texts of practices are the city's, and not repeated here."""
    begun = Practice.objects.filter(created_by=user).order_by("pk")
    return {
        "practices_begun": [{"id": practice.pk, "title": str(practice)} for practice in begun],
        "revisions_written": [
            {"practice": revision.practice_id, "stage": revision.stage, "fields": sorted(_fields_of(revision, user))}
            for revision in _written(Revision, Q(author=user), user)
        ],
        "translations_written": [
            {"practice": row.practice_id, "language": row.language, "fields": sorted(_fields_of(row, user))}
            for row in _written(Translation, Q(translator=user), user)
        ],
        "steps": [
            {
                "practice": step.revision.practice_id,
                "stage": step.to_stage,
                "at": step.at.isoformat(),
                "note": step.note,
            }
            for step in EditorialStep.objects.filter(actor=user).select_related("revision").order_by("pk")
        ],
        "remarks": [
            {"practice": remark.revision.practice_id, "at": remark.created_at.isoformat(), "text": remark.text}
            for remark in ReviewComment.objects.filter(author=user).select_related("revision").order_by("pk")
        ],
        "reviews": [
            {
                "practice": review.revision.practice_id,
                "asked": review.assigned_at.isoformat(),
                "finished": review.finished_at and review.finished_at.isoformat(),
                "verdict": review.verdict,
                "summary": review.summary,
                "scores": {name: getattr(review, name) for name in Review.SCORED},
            }
            for review in Review.objects.filter(reviewer=user).select_related("revision").order_by("pk")
        ],
        "adaptations_claimed": [
            {"practice": one.origin_id, "kept": one.kept, "changed": one.changed, "result": one.result}
            for one in Adaptation.objects.filter(claimed_by=user).order_by("pk")
        ],
    }


def erase(user) -> None:
    """Saves keep the writer's name beside the number, for whoever wrote at the same time: the name goes."""
    for model in (Revision, Translation):
        for record in _written(model, Q(pk__in=[]), user):
            for name in _fields_of(record, user):
                record.changed_at_save[name]["name"] = ""
            record.save(update_fields=["changed_at_save"])


def _written(model, own, user):
    """Records the person saved a field of, or is named by."""
    saved = Q(pk__in=[pk for pk, marks in _marks(model) if any(mark["by"] == user.pk for mark in marks.values())])
    return model.objects.filter(own | saved).order_by("pk")


def _marks(model):
    return model.objects.exclude(changed_at_save={}).values_list("pk", "changed_at_save").iterator()


def _fields_of(record, user):
    return [name for name, mark in record.changed_at_save.items() if mark["by"] == user.pk]
