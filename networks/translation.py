from modeltranslation.translator import TranslationOptions, register

from common.languages import site_languages
from networks.models import City, Network, Organisation, WorkingGroup

ENGLISH_THEN_ANY = {"default": ("en", *(code for code in site_languages() if code != "en"))}


@register(City)
class CityTranslation(TranslationOptions):
    fields = ["name", "description"]
    required_languages = {"en": ["name"], "default": []}
    fallback_languages = ENGLISH_THEN_ANY


@register(Organisation)
class OrganisationTranslation(TranslationOptions):
    fields = ["name"]
    required_languages = {"en": ["name"], "default": []}
    fallback_languages = ENGLISH_THEN_ANY


@register(Network)
class NetworkTranslation(TranslationOptions):
    fields = ["name", "description"]
    required_languages = {"en": ["name"], "default": []}
    fallback_languages = ENGLISH_THEN_ANY


@register(WorkingGroup)
class WorkingGroupTranslation(TranslationOptions):
    fields = ["name", "description"]
    required_languages = {"en": ["name"], "default": []}
    fallback_languages = ENGLISH_THEN_ANY
