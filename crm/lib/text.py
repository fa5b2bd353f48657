"""Folding of text for sorting and prefix search: case and accents removed, so that plain PostgreSQL can index it."""

import unicodedata


def fold(value: str) -> str:
    """`value` in lower case without accents, white space collapsed: "Ærø  Ångström" -> "aero angstrom"."""
    decomposed = unicodedata.normalize("NFKD", value.casefold().translate(_LETTERS))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


_LETTERS = str.maketrans({"æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
