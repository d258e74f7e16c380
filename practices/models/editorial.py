"""The editorial life of practices: what is being written, who judged it, every step and every version.

A practice row holds what is live. What people write is a revision: for a new practice its first one, for a published
practice a pending one while the live version stays. A revision's content has the shape of `practices.content`.
"""

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.fields import PlainTextField
from networks.rules import roles_of
from practices.models.practice import Practice


class RevisionQuerySet(models.QuerySet):
    def open(self):
        """Revisions that are still on their way; a practice has one at most."""
        return self.filter(stage__in=Revision.OPEN)

    def waiting_for_review(self):
        return self.filter(stage__in=Revision.WITH_REVIEWERS)

    def undecided(self):
        """What waits for a coordinator: a judgement, or the release of a risk."""
        return self.filter(stage__in=(*Revision.WITH_REVIEWERS, Revision.Stage.APPROVED))

    def to_be_reviewed_by(self, user):
        return self.waiting_for_review().filter(
            pk__in=Review.objects.filter(reviewer=user, finished_at__isnull=True).values("revision")
        )

    def visible_to(self, user):
        """Those of practices a person writes or decides on, and open ones that the person was asked to review."""
        asked = Q(stage__in=Revision.OPEN, pk__in=Review.objects.filter(reviewer=user.pk).values("revision"))
        written = Q(practice__in=Practice.objects.editable_by(user))
        return self.filter(written | asked & ~Q(practice__city__in=roles_of(user).cities))


class Revision(models.Model):
    """What someone wants a practice to say, on its way to publication."""

    class Stage(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Submitted")
        CHANGES_REQUESTED = "changes-requested", _("Changes requested")
        RESUBMITTED = "resubmitted", _("Submitted again")
        IN_REVIEW = "in-review", _("In review")
        APPROVED = "approved", _("Approved")
        PUBLISHED = "published", _("Published")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    WITH_AUTHORS = (Stage.DRAFT, Stage.CHANGES_REQUESTED)
    WITH_REVIEWERS = (Stage.SUBMITTED, Stage.RESUBMITTED, Stage.IN_REVIEW)
    OPEN = (*WITH_AUTHORS, *WITH_REVIEWERS, Stage.APPROVED)

    class Weight(models.TextChoices):
        MINOR = "minor", _("Minor: the translations still hold")
        MEDIUM = "medium", _("Medium: the translations need an update")
        MAJOR = "major", _("Major: the translations are outdated")

    practice = models.ForeignKey(
        Practice, verbose_name=_("practice"), on_delete=models.CASCADE, related_name="revisions"
    )
    stage = models.CharField(_("stage"), max_length=20, choices=Stage.choices, default=Stage.DRAFT)
    content = models.JSONField(_("content"), default=dict)
    base = models.JSONField(_("what it was written on"), default=dict)
    counter = models.PositiveIntegerField(_("saves"), default=0)
    """Grows with every save; `changed_at_save` says per field at which it last changed, and by whom."""
    changed_at_save = models.JSONField(default=dict)
    weight = models.CharField(_("weight of the change"), max_length=10, choices=Weight.choices, default=Weight.MEDIUM)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("begun by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="revisions",
    )
    stage_since = models.DateTimeField(_("in this stage since"))
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    created_at = models.DateTimeField(_("begun"), auto_now_add=True)
    updated_at = models.DateTimeField(_("saved"), auto_now=True)

    objects = RevisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["practice"],
                condition=Q(
                    stage__in=["draft", "submitted", "changes-requested", "resubmitted", "in-review", "approved"]
                ),
                name="revision_one_open_per_practice",
            ),
        ]
        indexes = [models.Index(fields=["stage", "stage_since"], name="revision_by_stage")]

    def __str__(self):
        return f"{self.practice} ({self.get_stage_display()})"

    @property
    def is_open(self):
        return self.stage in self.OPEN

    @property
    def is_pending(self):
        """Whether a live version stays up meanwhile."""
        return self.practice.status == Practice.Status.PUBLISHED


class RejectionReason(models.TextChoices):
    OUT_OF_SCOPE = "out-of-scope", _("Not a practice of prevention or dialogue")
    DUPLICATE = "duplicate", _("Already in the library")
    NOT_CLEAR = "not-clear", _("Cannot be understood as it is written")
    NO_EVIDENCE = "no-evidence", _("Nothing shows that it happened")
    HARM = "harm", _("Publishing it could do harm")
    PROMOTION = "promotion", _("Advertises a product or a person")
    OTHER = "other", _("Another reason")


class EditorialStep(models.Model):
    """Something that happened to a revision: who, when, from which stage to which, and why."""

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="steps")
    from_stage = models.CharField(_("from"), max_length=20, blank=True, default="", choices=Revision.Stage.choices)
    to_stage = models.CharField(_("to"), max_length=20, choices=Revision.Stage.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    reason = models.CharField(_("reason"), max_length=20, choices=RejectionReason, blank=True, default="")
    note = PlainTextField(_("explanation"), limit=2000, blank=True, default="")
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("editorial step")
        verbose_name_plural = _("editorial steps")
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(to_stage="rejected") | ~Q(reason="") & ~Q(note=""),
                name="rejection_has_reason_and_text",
                violation_error_message=_("A rejection needs a reason and an explanation."),
            )
        ]

    def __str__(self):
        return f"{self.get_to_stage_display()} {self.at:%Y-%m-%d}"


class PracticeVersion(models.Model):
    """What a practice said at one moment; never changed afterwards. Any two can be compared, any one restored."""

    class Cause(models.TextChoices):
        SUBMITTED = "submitted", _("Submitted")
        PUBLISHED = "published", _("Published")
        EDITED = "edited", _("Edited in the administration")
        IMPORTED = "imported", _("Imported")
        TRANSLATED = "translated", _("Translated")

    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="versions")
    revision = models.ForeignKey(Revision, on_delete=models.SET_NULL, null=True, blank=True, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    cause = models.CharField(_("cause"), max_length=12, choices=Cause.choices)
    content = models.JSONField(_("content"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    made_at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["practice", "number"], name="practice_version_number_once")]

    def __str__(self):
        return f"{self.practice_id} v{self.number}"


class Review(models.Model):
    """One reviewer's judgement of a revision; without `finished_at` it is an assignment still open."""

    class Verdict(models.TextChoices):
        PUBLISH = "publish", _("Publish as it is")
        CHANGE = "change", _("Ask for changes")
        REJECT = "reject", _("Reject")

    SCORED = ("relevance", "clarity", "evidence", "transferability", "ethics")

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("reviewer"), on_delete=models.CASCADE, related_name="reviews"
    )
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    assigned_at = models.DateTimeField(_("assigned"), auto_now_add=True)
    relevance = models.PositiveSmallIntegerField(_("relevance"), null=True, validators=[MaxValueValidator(3)])
    clarity = models.PositiveSmallIntegerField(_("clarity"), null=True, validators=[MaxValueValidator(3)])
    evidence = models.PositiveSmallIntegerField(_("evidence"), null=True, validators=[MaxValueValidator(3)])
    transferability = models.PositiveSmallIntegerField(
        _("transferability"), null=True, validators=[MaxValueValidator(3)]
    )
    ethics = models.PositiveSmallIntegerField(_("ethics"), null=True, validators=[MaxValueValidator(3)])
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict.choices, blank=True, default="")
    summary = PlainTextField(_("to the author"), limit=2000, blank=True, default="")
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ["assigned_at"]
        constraints = [
            models.UniqueConstraint(fields=["revision", "reviewer"], name="review_once_per_reviewer"),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True)
                | Q(
                    relevance__range=(0, 3),
                    clarity__range=(0, 3),
                    evidence__range=(0, 3),
                    transferability__range=(0, 3),
                    ethics__range=(0, 3),
                )
                & ~Q(verdict=""),
                name="review_finished_is_complete",
                violation_error_message=_("A review needs all five scores and a verdict."),
            ),
        ]

    def __str__(self):
        return f"{self.reviewer}: {self.revision}"

    @property
    def marks(self):
        """(what was scored, score) in the order of the form."""
        return [(self._meta.get_field(name).verbose_name, getattr(self, name)) for name in self.SCORED]


class ReviewComment(models.Model):
    """A remark next to one field of a revision ("" means the whole)."""

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="comments")
    field = models.CharField(_("field"), max_length=60, blank=True, default="")
    text = PlainTextField(_("comment"), limit=2000)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="review_comments"
    )
    created_at = models.DateTimeField(_("when"), auto_now_add=True)
    resolved_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        ordering = ["created_at"]

    def __str__(self):
        return self.text[:60]


class HarmRelease(models.Model):
    """A second coordinator's consent to publish a revision whose checklist names a risk."""

    revision = models.OneToOneField(Revision, on_delete=models.CASCADE, related_name="harm_release")
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = PlainTextField(_("explanation"), limit=1000, blank=True, default="")
    released_at = models.DateTimeField(_("when"), auto_now_add=True)
    checklist = models.JSONField(_("what was released"))

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")

    def __str__(self):
        return f"{self.revision_id}"
