"""Arabic forms: light stemming and the consonant skeleton that joins broken plurals to their singular.

The affixes are those of light stemming as Larkey, Ballesteros and Connell describe it (light10, 2007). The skeleton is
coarse on purpose: it is indexed with the lowest weight and found last.
"""

from common.search.folding import fold

_ARTICLES = ("وبال", "وكال", "ولل", "فبال", "وال", "فال", "بال", "كال", "لل", "ال")
_PARTICLES = ("و", "ف", "ب", "ك", "ل", "س")
_SUFFIXES = (
    "تهم",
    "تها",
    "اته",
    "ات",
    "ان",
    "ون",
    "ين",
    "يه",
    "ها",
    "هم",
    "هن",
    "كم",
    "نا",
    "وا",
    "ته",
    "ه",
    "ي",
    "ت",
)
_LONG_VOWELS = str.maketrans("", "", "اوي")

# Plurals that share no skeleton with their singular; both sides folded at import.
_IRREGULAR = {
    "شاب": ["شباب", "شبان", "شابات", "شابه"],
    "امراه": ["نساء", "نسوه", "نسائيه", "نسائي", "مراه"],
    "حي": ["احياء"],
    "اب": ["اباء"],
    "ام": ["امهات"],
    "اخ": ["اخوه", "اخوان"],
    "اخت": ["اخوات"],
    "ابن": ["ابناء", "بنون"],
    "بنت": ["بنات"],
    "فتاه": ["فتيات"],
    "فتي": ["فتيان", "فتيه"],
    "ماء": ["مياه"],
    "يد": ["ايدي", "ايادي"],
    "راي": ["اراء"],
    "هيئه": ["هيئات"],
    "مسؤول": ["مسؤولون", "مسؤولين"],
    "شيء": ["اشياء"],
    "عضو": ["اعضاء"],
    "زي": ["ازياء"],
    "اداه": ["ادوات"],
    "لغه": ["لغات"],
    "سنه": ["سنوات", "سنين"],
    "قريه": ["قري"],
    "قضيه": ["قضايا"],
    "ضحيه": ["ضحايا"],
    "زاويه": ["زوايا"],
    "دوله": ["دول"],
    "فئه": ["فئات"],
    "ثقه": ["ثقات"],
    "شائعه": ["شائعات", "اشاعه", "اشاعات"],
    "دين": ["اديان"],
    "كنيسه": ["كنائس"],
    "استاذ": ["اساتذه"],
    "مدير": ["مدراء", "مديرون"],
    "طبيب": ["اطباء"],
    "غريب": ["غرباء"],
    "فقير": ["فقراء"],
    "رئيس": ["رؤساء"],
    "خبير": ["خبراء"],
    "شريك": ["شركاء"],
    "صديق": ["اصدقاء"],
    "زميل": ["زملاء"],
    "لقاء": ["لقاءات"],
    "فضاء": ["فضاءات"],
    "نادي": ["انديه", "نواد", "نوادي"],
    "بناء": ["ابنيه"],
    "دواء": ["ادويه"],
    "واد": ["اوديه"],
    "بيت": ["بيوت"],
    "راس": ["رؤوس"],
    "ذو": ["ذوي", "ذوو", "ذات"],
}
_SINGULAR = {fold(plural): fold(singular) for singular, plurals in _IRREGULAR.items() for plural in plurals}


def light_stem(folded: str) -> str:
    """The folded word without article, conjunction and one common suffix; at least two letters stay."""
    return _without_suffix(without_prefix(folded))


def without_prefix(word: str) -> str:
    """The word without its article and what is written together with it."""
    for article in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= 2:
            return word[len(article) :]
    return word


def _without_suffix(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word[: -len(suffix)]
    return word


def skeleton(stem: str) -> str:
    """The consonants of a stem, marked with "~", or "" where fewer than three are left.

    A leading alif goes as well: it is the mark of plural patterns such as afʿāl.
    """
    bare = stem[1:] if stem.startswith("ا") and len(stem) > 3 else stem
    consonants = bare[:1] + bare[1:].translate(_LONG_VOWELS)
    return f"~{consonants}" if len(consonants) >= 3 else ""


def arabic_forms(word: str) -> set[str]:
    """All forms under which an Arabic word is indexed and looked up."""
    folded = fold(word)
    bare = without_prefix(folded)
    candidates = {folded, bare}
    # A one-letter particle may as well be the first letter of the root, so both readings are kept.
    candidates |= {without_prefix(form[1:]) for form in (folded, bare) if form[:1] in _PARTICLES and len(form) >= 5}
    stems = {_without_suffix(form) for form in candidates}
    forms = candidates | stems
    forms |= {_SINGULAR[form] for form in forms if form in _SINGULAR}
    forms |= {skeleton(form) for form in candidates | stems}
    return {form for form in forms if len(form) >= 2}
