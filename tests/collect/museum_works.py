"""A small catalogue of invented works, what is to become of each, and drawn pictures of them.

The catalogue says by itself under which pose, and by which search of Table 2.1, each work is to be found: a test that
compares a collection with it relies on nothing in the library's code but the drawings.
"""

import io
import random
import threading
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from artpose_lib.draw.artwork import Artwork

CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
PUBLIC_DOMAIN = "https://creativecommons.org/publicdomain/mark/1.0/"
SOURCES = ("rijksmuseum", "met", "wga", "harvard", "searchculture", "artic", "smk", "census", "commons", "cleveland",
           "nga", "europeana")

# A pose's titles, each with the first search of Table 2.1 that it answers.
TITLES = {
    "Antinous": (("Study of a youth in contrapposto", "contrapposto"), ("Antinous as a hunter", "Antinous"),
                 ("Standing man, nude, with a staff", "standing&nude&man"), ("Cast of the Doryphoros", "doryphoros"),
                 ("Standbeeld van de jonge Bacchus", "Standbeeld&van&Bacchus")),
    "Graces": (("Graces in a garden", "Graces"), ("The three graces, after a gem", "Graces")),
    "Pieta": (("Pietà", "Pieta"), ("A Pieta with two angels", "Pieta")),
    "Reclining": (("Reclining nude with a mirror", "reclining&nude"), ("A woman reclining", "reclining&woman"),
                  ("Nude woman, reclining", "reclining&nude")),
    "Sebastian": (("Saint Sebastian", "saint&sebastian"), ("Sebastian tended by a widow", "Sebastian")),
    "Tanagra": (("Tanagra figurine of a lady", "tanagra"), ("Lady with a fan, Tanagra", "tanagra")),
}
# Museums find these too, since their searches match loosely; none of them holds every word of a search.
LOOSE_TITLES = ("Standing woman", "A saint, reading", "Nude study", "The womanly arts")
AUTHORS = ("Anna Verhoeven", "Niccolò di Prova", "Workshop of Jens Ålund", "Unknown")
TECHNIQUES = ("oil on canvas", "marble", "engraving", "terracotta")
TYPES = ("painting", "sculpture", "print", "sculpture")
DATES = ("1512", "1640-1650", "", "1899")


_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Work:
    """One work of a museum.

    number: the museum's own, which its addresses hold; id: the one that a record is known by. finds: pose and search
    of Table 2.1, a pair for each pose under which it is to be kept. form: how its picture is stored. side: pixels
    of the longer side of the picture.
    """

    source: str
    number: int
    id: str
    title: str
    finds: tuple[tuple[str, str], ...] = ()
    author: str = "Kleon"
    date: str = "1650"
    technique: str = "terracotta"
    type: str = "sculpture"
    licence: str = CC0
    words: str = ""
    form: str = "JPEG"
    side: int = 900


def identifier(source: str, number: int) -> str:
    """The form of each museum's identifiers."""
    return {
        "rijksmuseum": f"SK-A-{number}(V)",
        "wga": f"/html/v/verhoev/{number}.html",
        "searchculture": f"https://www.searchculture.gr/aggregator/edm/vases/{number}",
        "smk": f"KMS{number}",
        "census": f"10{number:06d}",
        "europeana": f"/9040/{number}",
    }.get(source, str(number))


def ordinary_works() -> list[Work]:
    """The works with which nothing is wrong."""
    works = [work for place, source in enumerate(SOURCES) for work in _ordinary(source, place)]
    return works + [
        Work("met", 8001, "8001", "A saint named Sebastian beside a Pietà",
             (("Pieta", "Pieta"), ("Sebastian", "saint&sebastian"))),
        # Of the two statuettes only that of the Greek and Roman department answers departmentId=50, which means 13.
        Work("met", 8002, "8002", "Statuette of a woman, terracotta",
             (("Tanagra", "terracotta&statuette&departmentId=50"),)),
        Work("met", 8003, "8003", "Terracotta statuette of a horse", technique="clay"),
        Work("wga", 8004, identifier("wga", 8004), "St Sebastian", (("Sebastian", "saint&sebastian"),)),
        Work("rijksmuseum", 8005, "BK-8005", "Heilige met pijlen", (("Sebastian", "saint&sebastian"),),
             words="Saint Sebastian tied to a tree."),
        Work("searchculture", 8006, identifier("searchculture", 8006), "Πιετά με δύο αγγέλους", (("Pieta", "Pieta"),)),
        Work("europeana", 8007, identifier("europeana", 8007), "Ο Άγιος Σεβαστιανός",
             (("Sebastian", "saint&sebastian"),)),
        # More than a page of loose hits before the one that is meant, and more than Chicago's search gives out.
        *(Work("smk", number, f"KKS{number}", f"Nude study, sheet {number}") for number in range(20_001, 20_231)),
        Work("smk", 20_231, "KMS20231", "Nude, reclining on a sheet", (("Reclining", "reclining&nude"),)),
        *(Work("artic", number, str(number), f"Nude study, sheet {number}") for number in range(20_001, 21_001)),
        Work("artic", 21_001, "21001", "Nude, reclining where no search leads"),
    ]


def _ordinary(source: str, place: int) -> list[Work]:
    """A work for every pose and two that match loosely; titles differ from museum to museum."""
    kept = [(title, ((pose, formula),)) for pose, titles in TITLES.items()
            for title, formula in [titles[place % len(titles)]]]
    loose = [(LOOSE_TITLES[(place + step) % len(LOOSE_TITLES)], ()) for step in (0, 1)]
    works = []
    for number, (title, finds) in enumerate(kept + loose, 100 * place + 101):
        kind = (number + place) % 4
        works.append(Work(source, number, identifier(source, number), title, finds, AUTHORS[kind], DATES[kind],
                          TECHNIQUES[kind], TYPES[kind], side=(640, 760, 880, 1000)[number % 4]))
    return works


def draw(work: Work) -> Image.Image:
    """The picture as a viewer sees it, RGB, its longer side `work.side` pixels; no two works have the same."""
    tint = random.Random(f"{work.source} {work.number}")
    pose = work.finds[0][0] if work.finds else "Graces"
    drawn = _drawing(pose, tint.randrange(2)) * [tint.uniform(0.5, 1) for _ in "RGB"]
    picture = Image.fromarray(drawn.astype(np.uint8))
    scale = work.side / max(picture.size)
    picture = picture.resize([round(side * scale) for side in picture.size], Image.Resampling.BILINEAR)
    if work.form == "16-bit":
        picture = picture.convert("L").convert("RGB")
    if work.form == "transparent":
        picture.paste("white", (0, 0, picture.width // 3, picture.height))
    return picture


@cache
def _drawing(pose: str, seed: int) -> np.ndarray:
    return Artwork(pose, np.random.default_rng(seed)).paint()


@cache
def encoded(work: Work, width: int = 10_000, height: int = 10_000) -> bytes:
    """The file of a work's picture in its own form, made smaller to fit `width` and `height`, never larger."""
    with _one_at_a_time:  # or every thread of a server would draw the first picture
        picture = draw(work)
    picture.thumbnail((width, height))
    buffer = io.BytesIO()
    if work.form == "16-bit":
        grey = np.asarray(picture.convert("L")).astype(np.uint16) * 257
        Image.fromarray(grey).save(buffer, "PNG", compress_level=1)
    elif work.form == "transparent":
        picture = picture.convert("RGBA")
        picture.paste((0, 0, 0, 0), (0, 0, picture.width // 3, picture.height))
        picture.save(buffer, "PNG", compress_level=1)
    elif work.form == "turned":
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned clockwise by a quarter
        picture.rotate(90, expand=True).save(buffer, "JPEG", exif=exif)
    elif work.form == "CMYK":
        picture.convert("CMYK").save(buffer, "JPEG")
    else:
        picture.save(buffer, work.form)
    return buffer.getvalue()
