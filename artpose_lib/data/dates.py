"""Museums' dates as years and their techniques as media, read from words in seven languages and some Spanish.

Where no word is known, nothing is told. No text raises an error, and only the first LONGEST characters are read.
"""

import re
from itertools import pairwise

from artpose_lib.data.text import LONGEST, fold, read_words

EARLIEST, LATEST = -10_000, 2100  # years; a number beyond them is no year
OPEN_END = 25  # years that "before" and "after" reach: the medians are 30 and 25 in the Carnegie Museum's catalogue


# The words of dates in English, Dutch, German, Danish, French, Italian and Greek. All others are ignored.
_MEANING = {word: meaning for meaning, words in read_words("date_words.csv") for word in words.split()}

_CLAUSE = r"[^,;:()|]*"  # to the next comma or bracket
_COPY = r"\b(?:cop(?:y|i\w+)|kopie?|repli\w+|reprod\w+|facsim\w+|casts?|impressions?|restrikes?|abguss|moulage|calco)\b"
_AFTER = r"(?:after|nach|naar|efter|d'apres|da)\b"
_OPEN = "|".join(word for word, meaning in _MEANING.items() if meaning in ("before", "after"))
_ARTICLE = r"(?:an?|ein\w*|een|une?|uno|en|et)\b"

# What takes more than one word to tell, brought into words of _MEANING; in this order.
_SPELLINGS = tuple((re.compile(pattern), words) for pattern, words in (
    (r"\(\?\)", "?"),
    (r"\[(1[0-9]{2}|20[0-9])\.(?=\??\])", r"\1-"),  # [184.]
    (r"[\[\]]", ""),
    (r"(?<!\w)\|(?=[0-9]{3}(?![0-9]))", "l"),  # |860
    (r"(?<=\w)-(?=centur|millenn|eeuw)", " "),  # 17th-century
    (r"(?<![0-9])([0-9]{1,2}),([0-9]{3})(?![0-9])", r"\1\2"),  # 10,000
    (r"\b([0-9]{4})-[0-9]{2}-[0-9]{2}", r"\1"),  # 1909-12-31
    (r"\ba\.? ?h\b\.? ?[0-9]+(?: ?- ?[0-9]+)?|\b[0-9]+(?: ?- ?[0-9]+)? ?(?:a\.? ?h|h|hijri)\b", " "),  # of the Hijra
    (r"(?<![^\W\d])(?:b\.? ?c|before (?:the )?(?:common era|chr)|(?:v|voor|vor)\.? ?(?:chr|c\b|u\.? ?z)|f\.? ?kr|a\. ?c"
     r"|av(?:ant)?\.? ?j(?:esus)?\.? ?-? ?c(?:hr)?|π\.? ?χ)(?:\.? ?e|ist(?:us)?)?\b", " bce "),
    (r"(?<![^\W\d])(?:a\.? ?d|c\.? ?e|(?:n|na|nach)\.? ?(?:chr|u\.? ?z)|e\.? ?kr|ap(?:r|res)?\.? ?j(?:esus)?\.? ?-? ?"
     r"c(?:hr)?|d\. ?c|μ\.? ?χ)(?:ist(?:us)?)?\b", " ce "),
    (r"((?:^|[,;:(|](?= ?-[0-9]{1,3}\b))[^\w-]*"  # -330, Athens, -330; but not (-1868), which is until 1868
     r"(?:(?:ca?|circa|um|vers|rond|about|around|between|from|before|after|by)\b[. ]+)?)-([0-9]+)\b", r"\1\2 bce "),
    (r"(?<=bce)( *(?:-|/|[a-z]+) *)-([0-9]+)\b", r"\1\2 bce "),  # -330/-320
    # What a copy is of has no say: "17th century copy of the 15th century fresco", "copy of a work of 1503", "15th
    # century original, 17th century copy". But "cast of 1920" and "Roman copy of the 2nd century" tell their own dates.
    (rf"\b{_AFTER}(?: {_ARTICLE}|{_CLAUSE}\borigin){_CLAUSE}", " "),
    (rf"([0-9]{_CLAUSE}{_COPY}) (?:{_AFTER}|of|from|von|van|d[eiu]?|des|del|af)\b{_CLAUSE}", r"\1 "),
    (rf"({_COPY}) (?:{_AFTER}(?! [0-9]{{4}})|[a-z]+ {_ARTICLE}|of\b(?={_CLAUSE}\borigin)){_CLAUSE}", r"\1 "),
    (rf"^.*\borigin{_CLAUSE}[,;:()|]+(?={_CLAUSE}{_COPY})", ""),
    (r"\b(?:(?:or|and|oder|of) (?:later|after|spater)|not before|no earlier than)\b", " after "),
    (r"\b(?:(?:or|oder|of) (?:earlier|before|fruher|eerder)|not after|no later than|prima d(?:el|i))\b", " before "),
    (rf"(\b(?:{_OPEN})\b[^,;:()|]*[0-9][ bce]*),(?= *(?:but |and )?(?:{_OPEN})\b)", r"\1 "),  # after 1790, before 1805
    (r"(?<![0-9])['’]([2-9]00)\b", r"1\1 decade "),  # '500
    (r"(?<=[0-9]{2})\?? ?-?['’]?(?:s|er|erne|tal(?:l?et)?)\b", " decade "),  # 1490s, 1490er, 1490'erne, 1700-tallet
    (r"\bsec(?:c|oli|olo)?\b\.? ([ivx]+) ?[-/] ?(?=[ivx]+\b)", r"secolo \1 - secolo "),  # sec. XVI-XVII
    (r"\b([ivx]{2,})e(?:me)?\b(?! ?s\b| ?siecle|[^,;:()|]*dynast)", r"\1 century"),  # fin XIXe
    (r"(?<=[0-9](?:st|nd|rd|th)) ?c\b|(?<=[0-9ivx]e) ?s\b", " century "),  # 19th c., XVIe s.
    (r"\b([ivx]+|[0-9]{1,2})(?:st|nd|rd|th)? ?c(?=\.? *(?:b?ce\b|[-/]|$))", r"\1 century "),  # IV c. BC
    (r"(?<=[0-9])(?:st|nd|rd|th|de|ste|e|er|eme|οσ)\b", " "),
))
_POINT = re.compile(  # one point in time
    r"(?P<link>[-/] )?(?P<parts>(?:(?:[0-9]+|last) (?:half|third|quarter) (?:[-/] )*)*)"
    r"(?P<unit_before>(?:century|millennium) )?(?P<era_before>b?ce )?"
    r"(?P<digits>[0-9]+) (?P<unit>(?:decade|century|millennium) )?(?P<era>b?ce )?")
_DECADE = re.compile(r"\b(1[0-9]{2}|20[0-9])(?:[?*]|[xu_]\b|-(?!\w| ?(?:[0-9]|ca?\b|circa)))")  # 184?, 184-
_CENTURY = re.compile(r"\b(1[0-9]|20)(?:\?\?|__|\*\*|\.\.+|(?:xx|uu)\b|--(?! ?[0-9]))")  # 18--, 18..
_MISREAD = re.compile(  # a letter for a digit: l860s, 19l0, 18O0, 186O, l9th, 2Oth
    r"\b[lio]+[0-9]|[0-9][lioszb]+[0-9]|\b(?:[0-9]{3}[lo]|[0-9]{2}[lio]{2})s?\b|[0-9][lio]+(?:th|st)\b")
_PIECES = {"half": 2, "third": 3, "quarter": 4}
_SIZES = {"century": 100, "millennium": 1000}


def parse_years(date: str) -> tuple[int, int] | None:
    """The first and the last year, from EARLIEST to LATEST, that a date tells; None where it tells none.

    BCE years are negative and there is no year 0. The conventions are the commonest in two public catalogues that give
    years beside their words (github.com/tategallery/collection, github.com/cmoa/collection):

    - "15th century" is 1400 to 1499, like "1400s"; "2nd century BCE" is -199 to -100. A millennium likewise.
    - Early, mid and late are thirds: 1400 to 1432, 1433 to 1466 and 1467 to 1499. "c. 1500" is 1500.
    - "Before" and "after" reach OPEN_END years and include the year itself.
    - The first date counts: "1763, published 1800-07" is 1763. But the years of a period or a reign give way to a date
      of the work's own: "Edo period (1615-1868), c. 1830" is 1830.
    - A copy has its own date: "17th century copy of a 15th century original" is 1600 to 1699. What follows "original"
      is ignored, to the next comma or bracket.
    - Digits that are left open are all that they can be: "184?" and "[184-]" are 1840 to 1849, "18--" is 1800 to 1899.
      But "AD 184?" is 184, and what has a letter for a digit, as "l860s", tells no year.
    - "-330" is 330 BCE. After a slash, BCE years are shortened too: "375/50 BCE" is -375 to -350, "332-30 BCE" is not.
    """
    text = fold(date[:LONGEST].replace("—", "--"))
    for pattern, words in _SPELLINGS:
        text = pattern.sub(words, text)
    of_period, period = None, False
    for clause in re.split("[,;:()|]", text):
        if _MISREAD.search(clause):
            break
        if not re.search(r"\bb?ce\b", clause):
            clause = _DECADE.sub(r"\g<1>0 - \g<1>9 ", _CENTURY.sub(r"\g<1>00 - \g<1>99 ", clause))
        words = re.findall(r"[0-9]+|[^\W\d_]+|[-/]", clause)
        told = [_MEANING.get(word, word) for word in words if word in _MEANING or word.isdecimal()]
        period = period or "period" in told
        if span := _span(told):
            if not period:
                return span
            within = of_period and of_period[0] <= span[0] <= span[1] <= of_period[1]  # a reign of a dynasty
            of_period, period = span if within else of_period or span, False
    return of_period


def name_century(year: int) -> str:
    """The century of a year other than 0: "15th century" for 1400 to 1499, "2nd century BCE" for -199 to -100."""
    number = abs(year) // 100 + 1
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending} century" + (" BCE" if year < 0 else "")


class _Point:
    """A point in time, from what _POINT found."""

    def __init__(self, found: re.Match):
        told = {name: (value or "").strip() for name, value in found.groupdict().items()}
        parts = re.findall("([0-9]+|last) (half|third|quarter)", told["parts"])
        shares = [_share(*part) for part in parts] or [(0.0, 1.0)]
        self.number, self.digits = int(told["digits"]), len(told["digits"])
        self.link = told["link"]  # to the point before: "-", "/" or ""
        self.start, self.end = min(start for start, _ in shares), max(end for _, end in shares)
        self.unit = told["unit"] or told["unit_before"]  # what is counted, "" for years
        self.era = told["era"] or told["era_before"]  # "bce", "ce" or ""

    @property
    def is_whole(self) -> bool:
        """Whether it tells enough: "1490", "79 CE" and "15th century" do, the 22 of "22 May" does not."""
        return self.number > 0 and (self.digits > 2 or self.unit in _SIZES or bool(self.era))

    def span(self) -> tuple[int, int]:
        first, size = self.number, 1
        if self.unit == "decade":
            size = 10 if self.number % 100 else 100  # "1700s" is the century
        elif self.unit and self.digits < 3:
            size = _SIZES[self.unit]
            first = (self.number - 1) * size
        start, end = (self.start, self.end) if size > 1 else (0, 1)
        if self.era == "bce":
            start, end = 1 - end, 1 - start
        low, high = max(first + round(size * start), 1), first + round(size * end) - 1
        return (-high, -low) if self.era == "bce" else (low, high)


def _span(told: list[str]) -> tuple[int, int] | None:
    """The years of one clause, from the first to the last point that its numbers and meanings name."""
    line = " ".join(word for word in told if word not in ("before", "after", "period"))
    line = re.sub(r"(?<![0-9] )(?<!last )\bhalf ", "2 third ", line)  # "metà del XVI secolo" is its middle
    spans = [point.span() for point in _points(line.partition("original")[0] + " ") if point.is_whole]
    spans = [(first, last) for first, last in spans if first >= EARLIEST and last <= LATEST]
    if not spans:
        return None
    first, last = min(first for first, _ in spans), max(last for _, last in spans)
    if len(spans) == 1 and "before" in told:
        first = max(first - OPEN_END, EARLIEST) or -1
    if len(spans) == 1 and "after" in told:
        last = min(last + OPEN_END, LATEST) or 1
    return first, last


def _points(line: str) -> list[_Point]:
    """The points in time of a line of meanings; in a range, each takes from its neighbour what only that one says."""
    points = [_Point(found) for found in _POINT.finditer(line)]
    for earlier, later in reversed([*pairwise(points)]):  # "3rd-2nd century BCE"
        if later.link:
            earlier.unit = earlier.unit or (later.unit if earlier.digits < 3 else "")
            earlier.era = earlier.era or later.era or "ce" * ((earlier.digits, later.digits) == (2, 3))  # 98-117
    for earlier, later in pairwise(points):  # "AD 14-68" and "1574-88"
        if later.link and earlier.era == "ce":
            later.era = later.era or "ce"
        power = 10 ** later.digits
        whole = earlier.number // power * power + later.number
        shortened = later.link and later.digits < earlier.digits and later.unit not in _SIZES
        if earlier.era == "bce":  # "332-30 BCE" is not
            shortened = shortened and later.era != "ce" and whole < earlier.number
            shortened = shortened and (later.link == "/" or earlier.digits > 3)
        elif later.era == "bce" or whole < earlier.number:
            shortened = False
        if shortened:
            later.number, later.digits, later.era = whole, earlier.digits, earlier.era
        elif later.link and earlier.era == "bce":  # "-50 - 50"
            later.era = later.era or "ce"
    return points


def _share(which: str, part: str) -> tuple[float, float]:
    """Where a part starts and ends, from 0 to 1: a half for "2" and "half"."""
    pieces = _PIECES[part]
    piece = pieces if which == "last" else min(max(int(which), 1), pieces)
    return (piece - 1) / pieces, piece / pieces


# Words of media, "*" for any letters and "_" for a space or a hyphen. The first row with a word of the text decides:
# objects before techniques and techniques before materials, since a woodblock print is of ink too.
_MEDIA = [(kind, re.compile(r"\b(?:" + "|".join(words.split()).replace("*", r"\w*").replace("_", "[ -]") + r")\b"))
          for kind, words in read_words("media.csv")]
MEDIA = (*dict.fromkeys(kind for kind, _ in _MEDIA), "")


def find_medium(technique: str, type: str) -> str:
    """The kind of work, one of MEDIA: "other" where no word is known, "" where nothing is told; types count first."""
    texts = fold(type[:LONGEST]), fold(technique[:LONGEST])
    known = (kind for text in texts for kind, pattern in _MEDIA if pattern.search(text))
    return next(known, "other" if (type + technique).strip() else "")
