"""Text as it is compared, whatever its case, accents, dashes and spaces."""

import re
import unicodedata

LONGEST = 500  # characters that are read of a museum's text; its dates and techniques seldom reach 200


def fold(text: str) -> str:
    """The text in lower case, without accents, with one kind of dash and of space: "Pietà" as "pieta"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(re.sub("[‐-―−]", "-", letters).split())
