"""Folding: what is left of a word when case, marks and letter variants are set aside."""

import unicodedata

_LETTERS = str.maketrans(
    {
        "ø": "o",
        "æ": "ae",
        "œ": "oe",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ı": "i",
        "ħ": "h",
        # Arabic: one alif, one ya, one kaf; ta marbuta as ha; hamza carriers as their letter
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ى": "ي",
        "ی": "ي",
        "ئ": "ي",
        "ؤ": "و",
        "ة": "ه",
        "ک": "ك",
        "ء": None,
        "ـ": None,
    }
)
_CEDILLA_TO_COMMA = str.maketrans("şţŞŢ", "șțȘȚ")


def fold(text: str) -> str:
    """NFKC, caseless, without diacritics; Arabic letters unified and unvocalised; any script's digits as 0-9.

    >>> fold("Örebro"), fold("ŞCOALĂ"), fold("مَدْرَسَة")
    ('orebro', 'scoala', 'مدرسه')
    """
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(
        str(unicodedata.digit(char)) if char.isdigit() and not char.isascii() else char
        for char in decomposed
        if not unicodedata.combining(char)
    ).translate(_LETTERS)


def comma_letters(text: str) -> str:
    """Romanian s and t with cedilla, as old documents have them, written with comma."""
    return text.translate(_CEDILLA_TO_COMMA)
