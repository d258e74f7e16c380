from modeltranslation.translator import TranslationOptions, register

from newsletters.models import Block, Campaign


@register(Campaign)
class CampaignTranslation(TranslationOptions):
    """No silent fallback: an edition in a language holds that language's words, or the block is left out of it."""

    fields = ["subject", "preheader"]


@register(Block)
class BlockTranslation(TranslationOptions):
    fields = ["heading", "text", "alt"]
