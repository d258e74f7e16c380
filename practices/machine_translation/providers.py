"""LibreTranslate (can be run in the own house) and DeepL."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from practices.machine_translation.base import MachineTranslationError, Problem, Provider, post, strings


class LibreTranslate:
    """https://docs.libretranslate.com: several texts at once under `q`, HTML by `format`."""

    def __init__(self, url: str, key: str = ""):
        self.address, self.key = f"{url.rstrip('/')}/translate", key

    def translate(self, texts, *, source, target, is_html):
        data = {"q": texts, "source": source, "target": target, "format": "html" if is_html else "text"}
        answer = post(self.address, data | ({"api_key": self.key} if self.key else {}))
        if not isinstance(answer, dict):
            raise MachineTranslationError(Problem.BROKEN, "no object")
        return strings(answer.get("translatedText"), len(texts))


class DeepL:
    """https://developers.deepl.com: key in a header, texts under `text`, HTML by `tag_handling`."""

    URL = "https://api.deepl.com"
    TARGETS = {"en": "EN-GB"}
    """Where DeepL wants to know which English."""

    def __init__(self, url: str, key: str):
        self.address, self.key = f"{(url or self.URL).rstrip('/')}/v2/translate", key

    def translate(self, texts, *, source, target, is_html):
        data = {
            "text": texts,
            "source_lang": source.upper(),
            "target_lang": self.TARGETS.get(target, target.upper()),
        } | ({"tag_handling": "html"} if is_html else {})
        answer = post(self.address, data, {"Authorization": f"DeepL-Auth-Key {self.key}"})
        found = answer.get("translations") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise MachineTranslationError(Problem.BROKEN, "no translations")
        return strings([entry.get("text") if isinstance(entry, dict) else None for entry in found], len(texts))


PROVIDERS = {"libretranslate": LibreTranslate, "deepl": DeepL}


def provider() -> Provider | None:
    """The service the settings name, None where it is off."""
    options = settings.MACHINE_TRANSLATION
    if not options["PROVIDER"]:
        return None
    try:
        return PROVIDERS[options["PROVIDER"]](options["URL"], options["KEY"])
    except KeyError:
        raise ImproperlyConfigured(
            f"MACHINE_TRANSLATION_PROVIDER is one of {', '.join(PROVIDERS)}, or empty."
        ) from None
