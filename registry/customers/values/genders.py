"""Genders as forms write them, salutations included, in the languages of most of Europe.

Two tables of one town may write M and F, man and kvinna, K and M: a word that nobody knew would
say that all its women are somebody else.
"""

from collections.abc import Mapping

_WRITTEN = {
    "m": "m male man mann mannelijk maennlich mannlich masculin masculino homme hombre h herr heer"
    " dhr mr sir mister monsieur senor boy jongen 1 uomo maschio mand"
    " mezczyzna muz muski erkek mies",
    "f": "f female woman v vrouw vrouwelijk w weiblich feminin femenino femme mujer frau mevr mw"
    " mevrouw mrs ms miss mme mlle madame mademoiselle senora girl meisje 2 donna femmina"
    " k kvinna kvinne kvinde kobieta kadin nainen z zena zenski",
    "x": "x d o divers other anders autre otro nonbinary nb diverse",
}
# What says that nobody knows is no gender.
_UNKNOWN = "u unknown unk onbekend unbekannt inconnu 0 9"

GENDER_WORDS: Mapping[str, str | None] = {
    **{word: letter for letter, words in _WRITTEN.items() for word in words.split()},
    **dict.fromkeys(_UNKNOWN.split()),
}


def gender_of(folded: str) -> str | None:
    """Return m, f or x for a folded word; its own first letter where nobody knows it."""
    words = folded.split()
    for word in (folded, *words):
        if word in GENDER_WORDS:
            return GENDER_WORDS[word]
    return folded[:1] or None
