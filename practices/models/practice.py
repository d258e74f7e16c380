from functools import reduce
from operator import and_, or_

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import OuterRef, Q
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.fields import LineField, PlainTextField, RichTextField
from common.languages import current_language, fallback_chain, site_languages
from common.localized import first_language, localized
from networks.models import City, Membership, Network, Organisation
from networks.rules import roles_of
from vocabularies.models import Scheme, Term

CORE_TEXTS = ("title", "summary", "challenge", "description", "results")
"""Texts that a published practice has in its source language, beside one of HONEST_TEXTS."""

HONEST_TEXTS = ("lessons_learned", "what_did_not_work")

ONE_TERM = (
    "geographic_scope",
    "prevention_level",
    "lifecycle",
    "budget_band",
    "eu_programme",
    "evidence_level",
    "evaluation_outcome",
    "evaluator",
    "transferability",
)
"""Fields that hold one term of a vocabulary."""

MANY_TERMS = ("approaches", "beneficiaries", "delivered_by", "funding_sources", "prerequisites")
"""Fields that hold several terms in no order; themes, which are ranked, stand apart."""


def term_field(label, scheme, related_name, **options):
    """A choice of one term of a scheme; in use, a term cannot be deleted."""
    return models.ForeignKey(
        Term,
        verbose_name=label,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name=related_name,
        limit_choices_to={"scheme": scheme},
        **options,
    )


def terms_field(label, scheme, related_name, **options):
    """A choice of several terms of a scheme."""
    return models.ManyToManyField(
        Term,
        verbose_name=label,
        blank=True,
        related_name=related_name,
        limit_choices_to={"scheme": scheme},
        **options,
    )


class PracticeQuerySet(models.QuerySet):
    def published(self):
        return self.filter(status=Practice.Status.PUBLISHED)

    def public(self):
        """What anyone may read: published and open to the public."""
        return self.published().filter(visibility=Practice.Visibility.PUBLIC)

    def visible_to(self, user):
        """What a person may read: public ones, and by role those of a city, a network, or a review in progress."""
        roles = roles_of(user)
        if roles.is_administrator:
            return self.all()
        public = Q(status=Practice.Status.PUBLISHED, visibility=Practice.Visibility.PUBLIC)
        if not (user.is_authenticated and user.is_active):
            return self.filter(public)
        shared = Q(status=Practice.Status.PUBLISHED, visibility=Practice.Visibility.NETWORK) & _in_networks(
            roles.member_networks
        )
        in_review = Q(
            pk__in=Practice.revisions.rel.related_model.objects.open()
            .filter(reviews__reviewer=user)
            .values("practice")
        ) & ~Q(city__in=roles.cities)
        return self.filter(public | _written_by(roles) | shared | in_review)

    def editable_by(self, user):
        """What a person may draft and revise."""
        roles = roles_of(user)
        return self.all() if roles.is_administrator else self.filter(_written_by(roles))

    def decided_by(self, user):
        """What a person may bring to publication, or take off."""
        roles = roles_of(user)
        return self.all() if roles.is_administrator else self.filter(in_care_of(roles.networks))

    def with_outdated_languages(self):
        """Adds `outdated_languages`: those in which readers see a text whose original has changed much since."""
        outdated = Practice.translations.rel.related_model.objects.filter(practice=OuterRef("pk"), is_outdated=True)
        return self.annotate(outdated_languages=ArraySubquery(outdated.values("language")))

    def translatable_by(self, user, language=""):
        """Published ones that a person may translate, into a language or (by default) into any."""
        return self.published().filter(
            Q(pk__in=Practice.objects.editable_by(user).values("pk")) | _offered(user, language)
        )


def _offered(user, language):
    """Public practices to translators: all, or those in the care of the networks they translate for."""
    scopes = [network for network, code in roles_of(user).translates if language in ("", code)]
    if not scopes:
        return Q(pk__in=[])
    public = Q(status=Practice.Status.PUBLISHED, visibility=Practice.Visibility.PUBLIC)
    return public if None in scopes else public & in_care_of(scopes)


def _in_networks(network_ids):
    through = Practice.networks.through.objects
    return Q(pk__in=through.filter(network__in=network_ids).values("practice"))


def in_care_of(network_ids):
    """Condition: these networks bring it to publication, being named or, where none is, those of its city."""
    if not network_ids:
        return Q(pk__in=[])
    through = Practice.networks.through.objects
    members = Membership.objects.active().filter(network__in=network_ids).values("city")
    unnamed = Q(city__in=members) & ~Q(pk__in=through.values("practice"))
    return _in_networks(network_ids) | unnamed


def _written_by(roles):
    return Q(city__in=roles.cities) | in_care_of(roles.networks)


class Practice(models.Model):
    """Something a city did and is willing to tell others about, in as many languages as there are."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", pgettext_lazy("status", "Published")
        ARCHIVED = "archived", _("Archived")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Visibility(models.TextChoices):
        PUBLIC = "public", _("Public")
        NETWORK = "network", _("Members of its networks")
        COORDINATORS = "coordinators", _("Coordinators of its networks")

    class Precision(models.TextChoices):
        EXACT = "exact", _("Exact place")
        CITY = "city", _("City")
        HIDDEN = "hidden", _("Hidden")

    class Assurance(models.TextChoices):
        SELF_REPORTED = "self-reported", _("Self-reported")
        SCREENED = "screened", _("Screened by the network")
        PEER_REVIEWED = "peer-reviewed", _("Peer reviewed")
        AWARDED = "awarded", _("Awarded")

    class Licence(models.TextChoices):
        CC_BY = "CC-BY-4.0", "CC BY 4.0"
        CC_BY_SA = "CC-BY-SA-4.0", "CC BY-SA 4.0"
        CC_BY_NC = "CC-BY-NC-4.0", "CC BY-NC 4.0"
        CC0 = "CC0-1.0", "CC0 1.0"

    # What is told
    source_language = models.CharField(_("written in"), max_length=10, choices=settings.LANGUAGES)
    title = LineField(_("title"), limit=120, blank=True, default="")
    summary = PlainTextField(_("summary"), limit=300, blank=True, default="")
    challenge = RichTextField(_("why it was needed"), limit=1500, blank=True, default="")
    description = RichTextField(_("what was done"), limit=4000, blank=True, default="")
    results = RichTextField(_("results"), limit=2000, blank=True, default="")
    lessons_learned = RichTextField(_("lessons learned"), limit=1500, blank=True, default="")
    what_did_not_work = RichTextField(_("what did not work"), limit=1500, blank=True, default="")
    advice_keep = PlainTextField(_("what others should keep"), limit=800, blank=True, default="")
    advice_change = PlainTextField(_("what others should change"), limit=800, blank=True, default="")
    gender_and_inclusion = PlainTextField(_("gender and inclusion"), limit=500, blank=True, default="")
    harm_statement = PlainTextField(_("how harm is avoided"), limit=800, blank=True, default="")
    harm_checklist = models.JSONField(_("do-no-harm checklist"), default=dict, blank=True, editable=False)
    """Internal: {question: {"answer": "yes" | "no" | "n.a.", "mitigation": text}}, see `practices.harm`."""

    # Who and where
    city = models.ForeignKey(
        City, verbose_name=_("city"), on_delete=models.PROTECT, null=True, blank=True, related_name="practices"
    )
    networks = models.ManyToManyField(Network, verbose_name=_("networks"), blank=True, related_name="practices")
    lead_organisation = models.ForeignKey(
        Organisation,
        verbose_name=_("lead organisation"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="led_practices",
    )
    partners = models.ManyToManyField(
        Organisation, verbose_name=_("partners"), blank=True, related_name="supported_practices"
    )
    geographic_scope = term_field(_("geographic scope"), Scheme.SCOPE, "+")
    location_precision = models.CharField(
        _("place shown"), max_length=10, choices=Precision.choices, default=Precision.CITY
    )

    # What it is about
    themes = models.ManyToManyField(
        Term,
        verbose_name=_("themes"),
        through="practices.PracticeTheme",
        related_name="themed_practices",
        limit_choices_to={"scheme": Scheme.THEME},
    )
    approaches = terms_field(_("approaches"), Scheme.APPROACH, "approach_practices")
    prevention_level = term_field(_("prevention level"), Scheme.PREVENTION_LEVEL, "+")
    beneficiaries = terms_field(_("beneficiaries"), Scheme.BENEFICIARY, "beneficiary_practices")
    delivered_by = terms_field(_("delivered by"), Scheme.DELIVERED_BY, "deliverer_practices")

    # Time and means
    lifecycle = term_field(_("stage"), Scheme.LIFECYCLE, "+")
    starts_on = models.DateField(_("began"), null=True, blank=True, help_text=_("The month counts; any day will do."))
    ends_on = models.DateField(_("ended"), null=True, blank=True, help_text=_("The month counts; any day will do."))
    budget_band = term_field(_("budget"), Scheme.BUDGET_BAND, "+")
    budget_amount = models.DecimalField(
        _("amount"), max_digits=12, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    budget_currency = models.CharField(_("currency"), max_length=3, blank=True, default="EUR")
    staff_fte = models.DecimalField(
        _("staff (full-time posts)"),
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(1000)],
    )
    funding_sources = terms_field(_("funding"), Scheme.FUNDING, "funded_practices")
    eu_programme = term_field(_("EU programme"), Scheme.EU_PROGRAMME, "+")

    # How well it works, and for whom else
    evidence_level = term_field(_("evidence"), Scheme.EVIDENCE_LEVEL, "+")
    evaluation_outcome = term_field(_("outcome of the evaluation"), Scheme.EVALUATION_OUTCOME, "+")
    evaluator = term_field(_("evaluated by"), Scheme.EVALUATOR, "+")
    assurance = models.CharField(
        pgettext_lazy("assurance", "label"),
        max_length=20,
        choices=Assurance.choices,
        default=Assurance.SELF_REPORTED,
    )
    transferability = term_field(_("transferability"), Scheme.TRANSFERABILITY, "+")
    prerequisites = terms_field(_("prerequisites"), Scheme.PREREQUISITE, "requiring_practices")

    # The record itself
    external_source = models.CharField(
        _("imported from"), max_length=80, blank=True, default="", help_text=_("The list the external id belongs to.")
    )
    external_id = models.CharField(_("external id"), max_length=120, blank=True, default="")
    contact_email = models.EmailField(
        _("contact mailbox"),
        blank=True,
        default="",
        help_text=_("A role's mailbox, not a person's. It is never printed on a page."),
    )
    licence = models.CharField(_("licence"), max_length=20, choices=Licence.choices, default=Licence.CC_BY)
    visibility = models.CharField(
        _("visibility"), max_length=12, choices=Visibility.choices, default=Visibility.PUBLIC
    )
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.DRAFT)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    published_at = models.DateTimeField(pgettext_lazy("date", "published"), null=True, blank=True)
    confirmed_on = models.DateField(_("last confirmed"), null=True, blank=True)
    review_due_on = models.DateField(_("review due"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("written by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="written_practices",
    )
    created_at = models.DateTimeField(pgettext_lazy("date", "created"), auto_now_add=True)
    updated_at = models.DateTimeField(pgettext_lazy("date", "changed"), auto_now=True)

    objects = PracticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("practice")
        verbose_name_plural = _("practices")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["status", "-published_at"], name="practice_by_publication")]
        # Those on the translated columns are added in `practices.translation`, once the columns exist.
        constraints = [
            models.UniqueConstraint(
                fields=["external_source", "external_id"],
                condition=~Q(external_id=""),
                name="practice_external_id_once",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(starts_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="practice_ends_after_it_begins",
                violation_error_message=_("A practice cannot end before it begins."),
            ),
            models.CheckConstraint(
                condition=~Q(status="published")
                | Q(
                    published_at__isnull=False,
                    city__isnull=False,
                    geographic_scope__isnull=False,
                    lifecycle__isnull=False,
                    budget_band__isnull=False,
                    evidence_level__isnull=False,
                    transferability__isnull=False,
                )
                & ~Q(contact_email=""),
                name="practice_published_with_required_core",
                violation_error_message=_("A published practice needs every required field."),
            ),
            models.CheckConstraint(
                condition=Q(budget_amount__isnull=True) | Q(budget_amount__gte=0) & ~Q(budget_currency=""),
                name="practice_amount_has_currency",
                violation_error_message=_("An amount needs a currency and cannot be negative."),
            ),
        ]

    def __str__(self):
        return localized(self, "title", current_language(), self.source_language).text or f"#{self.pk}"

    def get_absolute_url(self):
        return reverse("practices:detail", args=[self.pk, self.slug])

    @property
    def slug(self):
        """The title as shown to the present reader, fit for an address."""
        return practice_slug(str(self))

    @property
    def is_public(self):
        return self.status == self.Status.PUBLISHED and self.visibility == self.Visibility.PUBLIC

    @property
    def languages(self):
        """Languages the practice exists in: title and summary are there. Source language first."""
        return tuple(
            code
            for code in dict.fromkeys((self.source_language, *site_languages()))
            if self.text("title", code) and self.text("summary", code)
        )

    def text(self, field, language):
        """The field's text in exactly this language, "" where there is none."""
        return getattr(self, f"{field}_{language}") or ""

    def shown_language(self, reader):
        """The language in which this reader is shown the title."""
        return first_language(self, "title", fallback_chain(reader, self.source_language))


def practice_slug(title):
    """Address part of a title, letters of any script kept; never empty."""
    return slugify(title, allow_unicode=True)[:80].strip("-") or "practice"


class PracticeTheme(models.Model):
    """A theme of a practice; rank 1 is what it is mostly about."""

    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="ranked_themes")
    theme = models.ForeignKey(
        Term, verbose_name=_("theme"), on_delete=models.PROTECT, limit_choices_to={"scheme": Scheme.THEME}
    )
    rank = models.PositiveSmallIntegerField(_("rank"), default=1)

    class Meta:
        verbose_name = _("theme")
        verbose_name_plural = _("themes")
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["practice", "theme"], name="practice_theme_once"),
            models.UniqueConstraint(fields=["practice", "rank"], name="practice_theme_rank_once"),
            models.CheckConstraint(condition=Q(rank__range=(1, 3)), name="practice_theme_rank_1_to_3"),
        ]

    def __str__(self):
        return str(self.theme)


def published_in_source_language():
    """Condition: a published practice has its core texts in the language it was written in."""

    def present(name, language):
        # A column of a language without text is NULL, and a check passes on what is unknown: so both are named.
        return Q(**{f"{name}_{language}__isnull": False}) & ~Q(**{f"{name}_{language}": ""})

    def complete(language):
        core = reduce(and_, (present(name, language) for name in CORE_TEXTS))
        honest = reduce(or_, (present(name, language) for name in HONEST_TEXTS))
        return Q(source_language=language) & core & honest

    return ~Q(status="published") | reduce(or_, (complete(code) for code in site_languages()))
