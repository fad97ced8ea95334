"""Licences of pictures, as museums give them: what may be published, and what they are called."""

import re
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import pandas as pd

from artpose_lib.data.text import LONGEST, fold, read_words

# A part of the name of columns that tell of rights, in the languages of `dates` and in Spanish.
_RIGHTS = re.compile(
    r"li[cs]?[cz]en[cstz]|lisens|rights|copy.?right|recht(?!s\b)|nutzung|droits|diritti|derechos|direitos|rett?ighe[dt]"
    r"|rattighet|ophavsret|upphovsratt|δικαιωματ|αδεια|praw[ao]\b|прав[ао]\b|лиценз|権利|版权|©|public.?domain"
    r"|domaine.?public|gemeinfrei|creative.?commons|^cc(?:0|by|-by)?\b|open.?access|restrict|permission|usage|re-?us[ea]"
    r"|terms.?of.?use|^terms$|conditions d.utilisation|embargo")
_OPEN_ADDRESS = re.compile(
    r"(?:(?:https?:)?//)?(?:www\.)?creativecommons\.org/(?:"
    r"(?:publicdomain/(?:zero|mark)|licenses/(?:by(?:-sa)?|cc0|zero))(?:/[0-9]\.[0-9](?:/(?:(?!nc|nd)[a-z]{2}|igo|scotland))?)?"
    r"|licenses/publicdomain|share-your-work/public-domain/(?:cc0|pdm))(?:/(?:deed|legalcode)(?:\.[a-z_-]+)?)?/?#?"
    r"(?:\?(?:&?(?:ref|atype|lang|language|utm_[a-z]+)=[\w.-]*)+)?")
_OPEN_WORDS = re.compile(
    r"\bcc ?[0ø]|\bccby\b|\b(?:cc|creative commons) (?:zero|by|attribution)\b|\bpublic domain\b|\bpdm\b"
    r"|\battribution(?: sharealike| share alike)? [1-4]\.[0-9] (?:international|unported|generic)\b")
_SAME = [(re.compile(words), meaning) for meaning, words in read_words("licence_words.csv")]  # in other words
# What may stand beside them. Any other word, such as "nc", "no" or "see", may take back what they say.
_AROUND = re.compile("this|work|image|file|is|in(to)?|made|released|available|under|the|a|licen[cs]ed?|legal|code|deed")
# Behind a version.
_COUNTRIES = ("(?!nc|nd|no)[a-z]{2}|australia|austria|brazil|canada|denmark|france|germany|greece|italy|japan|norway"
              "|netherlands|new zealand|poland|scotland|spain|sweden|switzerland|united kingdom|united states")
_OF_LICENCES = re.compile(
    r"v?[1-4](?:\.[0-9])?|cc|cc0|ccø|ccby|creative|commons|0|zero|public|domain|mark|pdm|dedication|by|attribution|sa|sharealike"
    r"|share|alike|universal|international|unported|generic|igo")


@lru_cache(1000)
def is_open(licence: str) -> bool:
    """Whether anyone may publish the work, changed or not: CC0, the Public Domain Mark, CC BY and CC BY-SA.

    Any version and country counts, as an address, in words, or as both, that say this and nothing else. "No known
    copyright" does not: it grants nothing, and where it names a country it holds there alone.
    """
    words = [word.strip("<>()[],;.'\"“”„‘’«»") for word in fold(licence[:LONGEST + 1]).split()]
    addresses = [word for word in words if _OPEN_ADDRESS.fullmatch(word)]
    rest = " ".join(word for word in words if word not in addresses)
    for pattern, same in _SAME:
        rest = pattern.sub(same, rest)
    rest = re.sub(r"[-_,;:()/]|\.(?![0-9])", " ", rest)
    rest = re.sub(rf"(?<=[0-9]\.[0-9]) (?:{_COUNTRIES})$", "", " ".join(rest.split()))
    told = [word for word in rest.split() if not _AROUND.fullmatch(word)]
    known = all(map(_OF_LICENCES.fullmatch, told))
    return len(licence) <= LONGEST and known and bool(addresses or _OPEN_WORDS.search(" ".join(told)))


def find_rights(columns: Iterable[str]) -> list[str]:
    """The columns that tell of rights, by their names: "licence", "License URL", "rights", "Nutzungsrechte" or such."""
    return [column for column in columns if _RIGHTS.search(fold(column))]


def are_publishable(metadata: pd.DataFrame) -> np.ndarray:
    """bool (n,): the rows that have an open licence in a column that tells of rights, and nothing else in another; all
    rows where there is no such column."""
    told = metadata[find_rights(metadata)]
    opened, silent = told.map(is_open), told.map(lambda text: not text.strip())
    return ((opened | silent).all(axis=1) & (opened.any(axis=1) | told.empty)).to_numpy(bool)


def name_licence(licence: str) -> str:
    """A Creative Commons address as people say it, such as "CC BY-SA 4.0"; anything else unchanged."""
    address = re.search(r"creativecommons\.org/(?:share-your-work/)?(?:licenses|public-?domain)/([a-z0-9-]+)/?([\d.]*)",
                        licence)
    if not address:
        return licence
    name, version = address.groups()
    names = {"zero": "CC0", "cc0": "CC0", "mark": "Public Domain Mark", "pdm": "Public Domain Mark",
             "publicdomain": "Public Domain"}
    return f"{names.get(name, f'CC {name.upper()}')} {version}".strip()
