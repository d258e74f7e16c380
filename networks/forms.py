"""Forms of the register that are not the admin's."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from networks.rules import Role, may_grant


class ColleagueForm(forms.Form):
    """Somebody who is to work for a city; only roles that the actor may grant are offered."""

    email = forms.EmailField(label=_("E-mail address"), widget=forms.EmailInput({"autocomplete": "off"}))
    name = forms.CharField(
        label=_("Name"), max_length=150, required=False, widget=forms.TextInput({"autocomplete": "off"})
    )
    language = forms.ChoiceField(label=_("Language of the invitation"), choices=settings.LANGUAGES)
    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args, actor, city, **kwargs):
        super().__init__(*args, **kwargs)
        local = (Role.CONTRIBUTOR, Role.FOCAL_POINT)
        self.fields["role"].choices = [(role.value, role.label) for role in local if may_grant(actor, role, city=city)]
