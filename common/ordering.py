"""Sort keys that follow the reader's alphabet; plain code points compare them (PostgreSQL collation "C").

The database has no ICU, and Swedish puts å ä ö last where Romanian puts ă and â right after a.
"""

import re
import unicodedata

from common.search.folding import comma_letters, fold

_ALPHABETS = {
    "sv": "abcdefghijklmnopqrstuvwxyzåäö",
    "da": "abcdefghijklmnopqrstuvwxyzæøå",
    "nb": "abcdefghijklmnopqrstuvwxyzæøå",
    "fi": "abcdefghijklmnopqrstuvwxyzåäö",
    "ro": "aăâbcdefghiîjklmnopqrsștțuvwxyz",
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
}
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_EQUAL = {"sv": str.maketrans("æø", "äö"), "da": str.maketrans("äö", "æø"), "nb": str.maketrans("äö", "æø")}
_DIGITS = re.compile(r"\d+")
_FIRST = 0x100


def sort_key(text: str, language: str) -> str:
    """A string that sorts by code point as a reader of the language expects the text to sort.

    Letters of the language's alphabet come first and in its order, then other scripts; case and foreign marks only
    decide between otherwise equal texts; numbers sort by value; punctuation does not count.
    """
    order = {letter: chr(_FIRST + place) for place, letter in enumerate(_ALPHABETS.get(language, _LATIN))}
    lower = unicodedata.normalize("NFC", text).lower().translate(_EQUAL.get(language, {}))
    if language == "ro":
        lower = comma_letters(lower)
    if language == "ar":
        lower = re.sub(r"(?<!\w)ال(?=\w{2})", "", fold(lower))
    primary = "".join(_primary(char, order) for char in _DIGITS.sub(lambda found: found[0].zfill(9), lower))
    return f"{' '.join(primary.split())}\x01{lower}"


def _primary(char, order):
    if char in order:
        return order[char]
    if char.isspace() or char in "-\u2010\u2011/":
        return " "
    if not char.isalnum():
        return ""
    folded = fold(char)
    return "".join(
        order.get(letter, letter if letter.isdigit() else chr(0x1000 + min(ord(letter), 0xEFFF - 0x1000)))
        for letter in folded
    )
