"""Licences of pictures, as museums give them: what may be published, and what they are called."""

import re

from artpose_lib.data.text import LONGEST

_OPEN_ADDRESS = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(?:publicdomain/(?:zero|mark)|licenses/by(?:-sa)?)/[0-9]\.[0-9]"
    r"(?:/(?!nc|nd)[a-z]{2,4})?(?:/(?:deed|legalcode)(?:\.[a-z_-]+)?)?/?")
_OPEN_WORDS = re.compile(
    r"(?:cc ?0|cc zero|creative commons zero)(?: 1\.0)?(?: universal)?(?: public domain dedication)?"
    r"|public domain(?: mark)?(?: 1\.0)?"
    r"|(?:cc|creative commons) (?:by|attribution)(?: sa| share ?alike)?"
    r"(?:(?: [0-9]\.[0-9])+(?: international| unported| generic)?(?: (?!nc|nd)[a-z]{2})?)?")


def is_open(licence: str) -> bool:
    """Whether anyone may publish the work, changed or not: CC0, the Public Domain Mark, CC BY and CC BY-SA.

    Any version and country counts, as an address or in words that say this and nothing else. "No known copyright" does
    not: it grants nothing, and where it names a country it holds there alone.
    """
    line = " ".join(licence[:LONGEST].casefold().split())
    words = " ".join(re.sub("[-,()]", " ", line).split())
    return len(licence) <= LONGEST and bool(_OPEN_ADDRESS.fullmatch(line) or _OPEN_WORDS.fullmatch(words))


def name_licence(licence: str) -> str:
    """A Creative Commons address as people say it, such as "CC BY-SA 4.0"; anything else unchanged."""
    address = re.search(r"creativecommons\.org/(?:licenses|publicdomain)/([a-z-]+)/([\d.]+)", licence)
    if not address:
        return licence
    name, version = address.groups()
    return {"zero": "CC0", "mark": "Public Domain Mark"}.get(name, f"CC {name.upper()}") + f" {version}"
