from babel import Locale
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_countries import countries

from common.admin import ChoicesWidget, CleanAdmin, TranslatedAdmin, TranslatedStackedInline
from common.exporting import ExportAdmin
from common.languages import current_language, in_all_languages, site_languages
from common.ordering import sort_key
from networks.exports import city_table, membership_table
from networks.geonames import find_places
from networks.models import City, Membership, Network, Organisation, WorkingGroup
from networks.rules import editable_cities, editable_networks, roles_of
from networks.scoped_admin import ScopedAdmin, ScopedInline
from networks.services import add_city

WORKING_LANGUAGES = (
    *("ar", "bg", "bs", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fi", "fr", "ga", "gl", "he", "hr"),
    *("hu", "is", "it", "ka", "lb", "lt", "lv", "mk", "mt", "nb", "nl", "pl", "pt", "ro", "sk", "sl", "sq", "sr"),
    *("sv", "tr", "uk"),
)
"""Languages that networks of cities in Europe and around the Mediterranean work in."""

ROWS_ON_A_PAGE = 80
"""A network of more members has a list of its own: a form of thousands of inputs is slow, and refused when sent."""


def _without_people(request, fields):
    """Focal points are chosen from all people, whom only administrators see; coordinators grant roles instead."""
    return [name for name in fields if name != "focal_point" or roles_of(request.user).is_administrator]


class MembershipInline(ScopedInline, admin.TabularInline):
    model = Membership
    extra = 0
    fields = ["city", "status", "joined_on", "left_on", "focal_point"]
    autocomplete_fields = ["city", "focal_point"]
    show_change_link = False

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("city", "focal_point")

    def get_fields(self, request, obj=None):
        return _without_people(request, super().get_fields(request, obj))


class CityMembershipInline(MembershipInline):
    fields = ["network", "status", "joined_on", "left_on", "focal_point"]
    autocomplete_fields = ["network", "focal_point"]

    def get_queryset(self, request):
        return super().get_queryset(request).filter(network__in=editable_networks(request.user))


class WorkingGroupInline(ScopedInline, TranslatedStackedInline):
    model = WorkingGroup
    fields = ["name", "description", "cities"]
    autocomplete_fields = ["cities"]


class NetworkForm(forms.ModelForm):
    working_languages = forms.MultipleChoiceField(
        label=gettext_lazy("Working languages"), required=False, widget=ChoicesWidget
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if field := self.fields.get("working_languages"):
            known = dict.fromkeys([*site_languages(), *WORKING_LANGUAGES, *(self.instance.working_languages or [])])
            names = Locale.parse(current_language()).languages
            choices = [(code, names.get(code, code)) for code in known]
            field.choices = sorted(choices, key=lambda choice: sort_key(choice[1], current_language()))
            field.widget.group_label = field.label


@admin.register(Network)
class NetworkAdmin(ScopedAdmin, TranslatedAdmin):
    coordinators_may = frozenset({"view", "change"})
    form = NetworkForm
    inlines = [MembershipInline, WorkingGroupInline]
    list_display = ["__str__", "slug", "convenor", "member_count", "website"]
    search_fields = ["slug", *in_all_languages("name")]
    autocomplete_fields = ["convenor"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (None, {"fields": ["name", "slug", "description"]}),
        (
            gettext_lazy("The network"),
            {"fields": ["convenor", "founded_on", "website", "colour", "working_languages", "member_list"]},
        ),
    ]
    readonly_fields = ["member_list"]

    def scope(self, user):
        return editable_networks(user)

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("convenor")

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "colour":
            kwargs["widget"] = forms.TextInput(attrs={"type": "color"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_inlines(self, request, obj):
        is_large = obj is not None and obj.memberships.count() > ROWS_ON_A_PAGE
        return [WorkingGroupInline] if is_large else self.inlines

    @admin.display(description=gettext_lazy("members"))
    def member_list(self, network):
        if network.pk is None:
            return None
        address = f"{reverse('admin:networks_membership_changelist')}?network__id__exact={network.pk}"
        count = network.memberships.count()
        text = ngettext("%(count)s city", "%(count)s cities", count) % {"count": count}
        return format_html('<a href="{}">{}</a>', address, text)

    @admin.display(description=gettext_lazy("members"))
    def member_count(self, network):
        return network.memberships.active().count()


class PlaceSearchForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=120,
        help_text=gettext_lazy("The whole name, in any language, or the number GeoNames has for it."),
    )
    country = forms.ChoiceField(label=gettext_lazy("Country"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        named = sorted(countries, key=lambda country: sort_key(str(country.name), current_language()))
        self.fields["country"].choices = [("", _("Any country")), *((code, name) for code, name in named)]

    def places(self):
        """What GeoNames has under the name, the largest first; in each country the one that is called so first of all."""
        name, country = self.cleaned_data["name"].strip(), self.cleaned_data["country"]
        if name.isdecimal() and len(name) < 12:
            by_id, __ = find_places(ids=[int(name)])
            return list(by_id.values())
        wanted = [country] if country else [code for code, __ in countries]
        __, by_name = find_places(names=[(name, code) for code in wanted])
        return sorted(by_name.values(), key=lambda place: -place.population)


class CountryFilter(admin.SimpleListFilter):
    """The countries that have a city here, of the world's 250."""

    title = gettext_lazy("country")
    parameter_name = "country"

    def lookups(self, request, model_admin):
        used = City.objects.order_by().values_list("country", flat=True).distinct()
        named = [(code, str(countries.name(code)) or code) for code in used]
        return sorted(named, key=lambda country: sort_key(country[1], current_language()))

    def queryset(self, request, queryset):
        return queryset.filter(country=self.value()) if self.value() else queryset


@admin.register(City)
class CityAdmin(ScopedAdmin, ExportAdmin, TranslatedAdmin):
    change_list_template = "admin/networks/city/change_list.html"
    coordinators_may = frozenset({"view", "add", "change"})
    inlines = [CityMembershipInline]
    list_display = ["__str__", "country", "region", "population", "geonames_id"]
    list_filter = ["networks", CountryFilter]
    search_fields = ["slug", "geonames_id", *in_all_languages("name")]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (None, {"fields": ["name", "slug", "country", "region", "description", "website", "mail_domain"]}),
        (gettext_lazy("On the map"), {"fields": [("latitude", "longitude"), "population", "geonames_id"]}),
    ]

    def scope(self, user):
        return editable_cities(user)

    def table(self, ids, actor):
        return city_table(ids, actor=actor)

    def get_queryset(self, request):
        # A member is chosen from the whole register of cities, which is public.
        if request.path == reverse("admin:autocomplete"):
            return City.objects.all()
        return super().get_queryset(request)

    def get_readonly_fields(self, request, obj=None):
        return () if roles_of(request.user).is_administrator else ("mail_domain",)

    def get_urls(self):
        view = self.admin_site.admin_view(self.geonames_view)
        return [path("add-from-geonames/", view, name="networks_city_geonames"), *super().get_urls()]

    def geonames_view(self, request):
        """Look a place up by name and take it into the register with its coordinates and its names."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._add_place(request)
        form = PlaceSearchForm(request.GET if "name" in request.GET else None)
        places = form.places() if form.is_valid() else None
        known = {}
        if places:
            cities = City.objects.filter(geonames_id__in=[place.geonames_id for place in places])
            known = {city.geonames_id: city for city in cities}
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Add a city from GeoNames"),
            "form": form,
            "places": None
            if places is None
            else [(place, countries.name(place.country), known.get(place.geonames_id)) for place in places],
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/networks/city/geonames.html", context)

    def _add_place(self, request):
        number = request.POST.get("geonames_id", "")
        by_id, __ = find_places(ids=[int(number)] if number.isdecimal() and len(number) < 12 else [])
        if not by_id:
            self.message_user(request, _("GeoNames has no such place."), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:networks_city_geonames"))
        [place] = by_id.values()
        city, is_new = add_city(place)
        if is_new:
            self.log_addition(request, city, [{"added": {}}])
            self.message_user(request, _("“%(city)s” is in the register now.") % {"city": city}, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:networks_city_change", args=[city.pk]))


@admin.register(Organisation)
class OrganisationAdmin(ScopedAdmin, TranslatedAdmin):
    coordinators_may = frozenset({"view", "add"})
    list_display = ["__str__", "kind", "city", "website"]
    list_filter = ["kind"]
    list_select_related = ["kind", "city"]
    search_fields = in_all_languages("name")
    autocomplete_fields = ["city"]
    fields = ["name", "kind", "city", "website"]

    def scope(self, user):
        """Organisations are a common register that all networks choose from."""
        return Organisation.objects.all()


@admin.register(Membership)
class MembershipAdmin(ScopedAdmin, ExportAdmin, CleanAdmin):
    coordinators_may = frozenset({"view", "add", "change", "delete"})
    list_display = ["city", "network", "status", "joined_on", "left_on", "focal_point"]
    list_filter = ["network", "status"]
    list_select_related = ["city", "network", "focal_point"]
    search_fields = [f"city__{name}" for name in in_all_languages("name")]
    autocomplete_fields = ["city", "network", "focal_point"]

    def scope(self, user):
        return Membership.objects.filter(network__in=editable_networks(user))

    def table(self, ids, actor):
        return membership_table(ids)

    def get_fields(self, request, obj=None):
        return _without_people(request, super().get_fields(request, obj))


@admin.register(WorkingGroup)
class WorkingGroupAdmin(ScopedAdmin, TranslatedAdmin):
    coordinators_may = frozenset({"view", "add", "change", "delete"})
    list_display = ["__str__", "network"]
    list_filter = ["network"]
    list_select_related = ["network"]
    search_fields = in_all_languages("name")
    autocomplete_fields = ["network", "cities"]
    fields = ["network", "name", "description", "cities"]

    def scope(self, user):
        return WorkingGroup.objects.filter(network__in=editable_networks(user))
