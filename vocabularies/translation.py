from modeltranslation.translator import TranslationOptions, register

from common.languages import site_languages
from vocabularies.models import Term


@register(Term)
class TermTranslation(TranslationOptions):
    fields = ["label", "definition", "synonyms"]
    required_languages = {"en": ["label"], "default": []}
    fallback_languages = {"default": ("en", *(code for code in site_languages() if code != "en"))}
