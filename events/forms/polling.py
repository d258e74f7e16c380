"""The answer of a participant to a poll for a new date."""

from django import forms
from django.utils.translation import gettext_lazy as _

from events.models import PollChoice, PollResponse
from events.showing import option_in_words


class PollForm(forms.Form):
    """Interest, one choice for each date, a remark. Dates may be left out by who is not interested any more."""

    interest = forms.ChoiceField(
        label=_("Do you still want to take part?"), choices=PollResponse.Interest, widget=forms.RadioSelect
    )
    comment = forms.CharField(
        label=_("Remark for the hosts"), required=False, widget=forms.Textarea({"rows": 3, "dir": "auto"})
    )

    def __init__(self, poll, registration, *args, **kwargs):
        self.options = list(poll.options.all())
        response = poll.responses.filter(registration=registration).prefetch_related("choices").first()
        super().__init__(*args, initial=_initial(response), label_suffix="", **kwargs)
        for option in self.options:
            self.fields[self.name_of(option)] = forms.ChoiceField(
                label=option_in_words(option, poll.event, registration),
                choices=PollChoice.Fit,
                widget=forms.RadioSelect,
                required=False,
            )
        self.order_fields(["interest", *(self.name_of(option) for option in self.options), "comment"])

    @staticmethod
    def name_of(option):
        return f"date-{option.pk}"

    def clean_comment(self):
        text = self.cleaned_data["comment"]
        return PollResponse._meta.get_field("comment").clean(text, None) if text else ""

    def clean(self):
        values = super().clean()
        if values.get("interest") != PollResponse.Interest.NO:
            for name in map(self.name_of, self.options):
                if not values.get(name) and name not in self.errors:
                    self.add_error(name, _("Say for each date whether it suits you."))
        return values

    @property
    def choices(self):
        """{id of a date: fit} of the dates that were answered."""
        chosen = {option.pk: self.cleaned_data.get(self.name_of(option)) for option in self.options}
        return {pk: fit for pk, fit in chosen.items() if fit}


def _initial(response):
    if response is None:
        return {}
    choices = {f"date-{choice.option_id}": choice.fit for choice in response.choices.all()}
    return {"interest": response.interest, "comment": response.comment} | choices
