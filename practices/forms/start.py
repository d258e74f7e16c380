"""Beginning a practice: city, networks, and first of all the language."""

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from common.fields import RichTextField
from networks.models import City, Network
from practices.models import Practice
from practices.rules import writable_cities

MOST_IN_A_LIST = 200


class StartForm(forms.Form):
    sample = forms.CharField(
        label=_("Paste a bit of your text"),
        help_text=_("Optional. It tells us the language and becomes the beginning of “what was done”."),
        required=False,
        widget=forms.Textarea({"rows": 4, "dir": "auto"}),
    )
    source_language = forms.ChoiceField(
        label=_("Language you write in"), choices=settings.LANGUAGES, widget=forms.RadioSelect
    )
    city = forms.ModelChoiceField(City.objects.none(), label=_("City"), empty_label=None)
    networks = forms.ModelMultipleChoiceField(
        Network.objects.none(),
        label=_("Networks"),
        help_text=_("Their coordinators bring the practice to publication."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args, actor, **kwargs):
        super().__init__(*args, **kwargs)
        cities = writable_cities(actor)
        few = list(cities[: MOST_IN_A_LIST + 1])
        self.fields["city"].queryset = cities
        self.only_city = few[0] if len(few) == 1 else None
        self.has_city = bool(few)
        if self.only_city:
            # One city is no question.
            del self.fields["city"]
            members = Network.objects.filter(pk__in=self.only_city.memberships.active().values("network"))
            self.fields["networks"].queryset = members
            self.fields["networks"].initial = [network.pk for network in members] if len(members) == 1 else []
            if not members:
                del self.fields["networks"]
        else:
            del self.fields["networks"]

    def clean_sample(self):
        sample = self.cleaned_data["sample"]
        field: RichTextField = Practice._meta.get_field("description_en")
        try:
            return field.clean(sample, None) if sample else ""
        except ValidationError as error:
            raise ValidationError(error.messages) from error
