"""What is typed at the review desk; what may happen is the services' business."""

from django import forms
from django.utils.translation import gettext_lazy as _

from practices.models import Practice, RejectionReason, Review


def long_text(label, *, required=True, limit=2000, help_text="", rows=4):
    widget = forms.Textarea(attrs={"rows": rows, "dir": "auto"})
    return forms.CharField(label=label, required=required, max_length=limit, help_text=help_text, widget=widget)


class AssignForm(forms.Form):
    reviewer = forms.ChoiceField(label=_("Reviewer"))

    def __init__(self, *args, people=(), **kwargs):
        """`people` are (person, open assignments), as `possible_reviewers` gives them."""
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person, _load in people}
        self.fields["reviewer"].choices = [
            (person.pk, _("%(name)s (open reviews: %(count)s)") % {"name": person, "count": load})
            for person, load in people
        ]

    def clean_reviewer(self):
        return self.people[self.cleaned_data["reviewer"]]


class NoteForm(forms.Form):
    """A decision with words that must be there."""

    note = long_text(_("What should be changed"))


class OptionalNoteForm(forms.Form):
    note = long_text(_("Remark (optional)"), required=False, limit=1000, rows=2)


class RejectForm(forms.Form):
    reason = forms.ChoiceField(label=_("Reason"), choices=[("", "---------"), *RejectionReason.choices])
    note = long_text(_("Explanation for the author"))


class CommentForm(forms.Form):
    field = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    text = long_text(_("Comment"), rows=3)


class ReviewForm(forms.Form):
    """Five scores, a verdict and words to the author."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in Review.SCORED:
            self.fields[name] = forms.TypedChoiceField(
                label=str(Review._meta.get_field(name).verbose_name),
                choices=[(score, str(score)) for score in range(4)],
                coerce=int,
                widget=forms.RadioSelect,
            )
        self.fields["verdict"] = forms.ChoiceField(
            label=_("verdict"), choices=Review.Verdict.choices, widget=forms.RadioSelect
        )
        self.fields["summary"] = long_text(_("To the author"), required=False)

    @property
    def scores(self):
        return {name: self.cleaned_data[name] for name in Review.SCORED}


class WithdrawForm(forms.Form):
    note = long_text(
        _("Why it is taken down"), help_text=_("Authors and coordinators read this; the public does not.")
    )


class AdaptationForm(forms.Form):
    city = forms.ModelChoiceField(label=_("Your city"), queryset=None)
    source_language = forms.ChoiceField(label=_("You write in"))
    kept = long_text(_("What was kept"), limit=800)
    changed = long_text(_("What was changed"), limit=800)
    result = long_text(_("Result"), required=False, limit=800)
    practice = forms.ModelChoiceField(
        label=_("Your own practice about it"),
        queryset=None,
        required=False,
        help_text=_("If you have described it here."),
    )

    def __init__(self, *args, cities, languages, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["city"].queryset = cities
        self.fields["source_language"].choices = languages
        self.fields["practice"].queryset = Practice.objects.published().filter(city__in=cities).select_related("city")


class AnswerForm(forms.Form):
    note = forms.CharField(label=_("Answer to the other city"), required=False, max_length=500)
