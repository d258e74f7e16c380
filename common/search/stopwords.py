"""Function words that are neither indexed nor looked for: articles, prepositions, pronouns, auxiliaries.

Short lists on purpose. A word that also means something in this field ("men", "against") stays out of them.
"""

from common.search.folding import fold

_LISTS = {
    "en": """a an the and or but if of in on at by for from to into with as is are was were be been being am do does did
        has have had having it its this that these those there their they them he she his her him we our us you your i my
        me who whom whose which what when where how why not no nor so than then too very can could will would shall should
        may might must about over under between during also such""",
    "fr": """le la les l un une des du de d au aux et ou mais si a à en dans sur sous par pour avec sans chez vers ce cet
        cette ces c ça cela il elle ils elles on nous vous je tu j m t s n y se sa son ses leur leurs notre nos votre vos
        mon ma mes ton ta tes qui que quoi qu dont où est sont était étaient été être ont avait avoir fait ne pas plus ni
        comme lors entre aussi très comment quel quelle quels quelles""",
    "it": """il lo la i gli le l un uno una di del dello della dei degli delle d da dal dallo dalla dai dagli dalle in nel
        nello nella nei negli nelle a al allo alla ai agli alle ad su sul sullo sulla sui sugli sulle con per tra fra e ed
        o ma se che chi cui come quando dove è sono era erano essere stato stata stati state ha hanno aveva avere si ci vi
        ne non più anche questo questa questi queste quello quella quelli quelle suo sua suoi sue loro nostro nostra mi ti
        lui lei noi voi io tu quale quali dell nell all dall sull""",
    "sv": """och eller att det den de dem en ett i på av för till från med som är var vara varit har hade ha kan ska skall
        skulle vill om inte så när där här vid mot under över efter mellan sin sitt sina han hon hans hennes vi oss vår
        vårt våra ni er jag mig min mitt mina du dig din denna detta dessa man hur vad vilka vilken vilket också än ut upp
        in bli blir blev samt""",
    "ro": """un o unei unui unor al a ai ale cel cea cei cele și sau dar dacă de la în din pe cu prin pentru spre către
        fără sub între că să se ce care cine cum când unde este e sunt era erau fi fost au am are avea nu mai și-a ne le
        li lui ei lor îi îl își ș i s n l m t d acest această acești aceste acel acea acelor ca cât despre prin-o într dintr
        printr într-o dintr-o""",
    "ar": """في من إلى الى على عن مع هذا هذه ذلك تلك التي الذي الذين اللواتي هو هي هم هن نحن أنا أنت كان كانت يكون تكون قد
        لقد ما لا لم لن إن أن ان أو او ثم كل بعض غير بين عند حتى إذا كما أي حيث بعد قبل كيف متى أين ماذا لماذا و ف ب ل ك
        هل نحو منذ خلال ليس ليست بها به لها له فيها فيه""",
}

STOPWORDS = {
    language: frozenset(fold(part) for word in words.split() for part in word.split("-"))
    for language, words in _LISTS.items()
}
