"""Drafts by a machine: one interface, the services behind it chosen by the settings, off by default."""

from practices.machine_translation.base import MachineTranslationError, Provider
from practices.machine_translation.drafting import draft_by_machine
from practices.machine_translation.providers import DeepL, LibreTranslate, provider

__all__ = ["DeepL", "LibreTranslate", "MachineTranslationError", "Provider", "draft_by_machine", "provider"]
