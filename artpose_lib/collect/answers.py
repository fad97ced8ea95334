"""Read a museum's answer without trusting it: any field may be missing, or be a list where a text was.

`dig`, `entries` and `text` accept anything and never raise, so that a museum's module is little more than the names of
its fields.
"""

import re
import unicodedata
from collections.abc import Iterable
from html import unescape

LONGEST_TEXT = 1000  # characters of one field; descriptions go on for pages, and a title never does


class Fault(Exception):
    """What went wrong with one request, one picture or one record; the message is a sentence that says why.

    kind: a short name to count by, such as "blocked" or "not JSON". lasting: asking again would not help.
    """

    def __init__(self, kind: str, sentence: str, lasting: bool = False):
        super().__init__(sentence)
        self.kind, self.lasting = kind, lasting


def dig(answer: object, *path: str | int) -> object:
    """Return the value at a path of keys and positions; None where a step is missing or of another type."""
    for step in path:
        if isinstance(step, int) and isinstance(answer, list) and -len(answer) <= step < len(answer):
            answer = answer[step]
        elif isinstance(step, str) and isinstance(answer, dict):
            answer = answer.get(step)
        else:
            return None
    return answer


def entries(answer: object, *path: str | int) -> list:
    """Return the list at a path; a single value as a list of one, nothing as an empty list."""
    found = dig(answer, *path)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def page_of(answer: object, name: str) -> list:
    """Return the hits in a search's answer, where null stands for none. Raises Fault for what is no page of hits."""
    if not isinstance(answer, dict) or name not in answer:
        raise Fault("not a record", f'The search gave an answer without "{name}", which is no page of hits.')
    return entries(answer, name)


def text(*values: object) -> str:
    """Return the first value that has text, as one line; of a list all parts, each once, with ", " between them."""
    for value in values:
        parts = map(_one_line, value if isinstance(value, list) else [value])
        if line := ", ".join(dict.fromkeys(filter(None, parts))):
            return line[:LONGEST_TEXT]
    return ""


def plain(html: str) -> str:
    """Return the text of a piece of HTML, for the museums that answer with markup."""
    return _one_line(unescape(re.sub(r"<[^<>]*>", " ", html)))


def addresses(values: Iterable[object]) -> tuple[str, ...]:
    """Return those of the values that are web addresses, each once."""
    return tuple(dict.fromkeys(value for value in map(text, values) if re.match(r"https?://[^\s/]", value)))


def _one_line(value: object) -> str:
    """Return a text or a number as one line of bounded length; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    # Category C: control characters, direction overrides and lone surrogates, which no file can hold.
    kept = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter
                   for letter in str(value)[:2 * LONGEST_TEXT])
    return " ".join(kept.split())[:LONGEST_TEXT].rstrip()
