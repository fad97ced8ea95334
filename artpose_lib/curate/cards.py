"""What the curation board shows of a collection: a card a picture, as the decisions on disk make it.

A page of cards begins after a picture and not at a number: as one decides, cards leave the undecided ones, and what was
page 2 would begin a page too late.
"""

import io
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path

import pandas as pd
from PIL import ExifTags, Image

from artpose_lib.collect.answers import addresses
from artpose_lib.data.boxes import parse_boxes
from artpose_lib.data.decisions import Decision, active_decisions, apply_decisions, read_decisions
from artpose_lib.data.metadata import list_pictures
from artpose_lib.data.pictures import FORMATS, decode
from artpose_lib.data.poses import POSE_NAMES

PAGE = 24  # cards on a page; up to twice as many where it would tear a group of duplicates apart
FILTERS = ("decision", "finding", "pose", "source")  # what a person filters by
PLACE = itemgetter("place")


class Cards:
    """The pictures of a folder in the order that they are worked through: a group of duplicates stands together.

    Parameters: `folder` holds metadata.csv; `found` comes from `findings.inspect_pictures`.
    Raises DataError where the folder cannot be read.
    """

    def __init__(self, folder: Path, found: pd.DataFrame):
        self.folder = folder
        # A table may list a picture under two labels; a decision is about the picture.
        self.metadata = list_pictures(folder).drop_duplicates("file_name").sort_values("file_name", ignore_index=True)
        flags = {name: rows[["kind", "group", "note"]].to_dict("records") for name, rows in found.groupby("file_name")}
        fixed = [_make_card(row, flags.get(row["file_name"], [])) for row in self.metadata.to_dict("records")]
        first: dict[int | str, int] = {}  # where a group, or a picture alone, comes first
        for place, card in enumerate(fixed):
            first.setdefault(card["group"] or card["file_name"], place)
        fixed.sort(key=lambda card: first[card["group"] or card["file_name"]])
        self._fixed = [card | {"place": place} for place, card in enumerate(fixed)]
        self.places = {card["file_name"]: card["place"] for card in self._fixed}

    def list_cards(self, begun: Iterable[str] = ()) -> list[dict]:
        """All cards, in their order, after what decisions.csv says now; `begun` names pictures with something begun.

        A card has `file_name`, `title` (or the file name), `by` (author and date), `label` (before any decision),
        `source`, `page` (an address, or ""), `licence`, `flags` (its findings: `kind`, `group`, `note`), `group` (of
        duplicates, from 1; 0 for none), `place` (its position), `pose`, `boxes` ("x0 y0 x1 y1;…"), `decided` (a
        sentence for each decision that stands) and `filters` (for each of FILTERS, the values that it is found under;
        the first of `decision` is "undecided", "kept", "dropped" or "pose changed"). All are text but for `group` and
        `place`. Raises DecisionError.
        """
        decisions = active_decisions(read_decisions(self.folder))
        of_picture: dict[str, list[Decision]] = {}
        for decision in decisions:
            of_picture.setdefault(decision.file_name, []).append(decision)
        left = set(apply_decisions(self.metadata, decisions)[0]["file_name"])
        # A dropped picture shows the pose and the boxes that it would come back with.
        shaped, _ = apply_decisions(self.metadata, [decision for decision in decisions if decision.action != "drop"])
        boxes = shaped.get("boxes", [""] * len(shaped))
        shapes = dict(zip(shaped["file_name"], zip(shaped["label"], boxes, strict=True), strict=True))
        begun = set(begun)
        return [_add_decisions(card, shapes[name], name in left, of_picture.get(name, []), name in begun)
                for name, card in zip(self.places, self._fixed, strict=True)]

    def find_page(self, filters: Mapping[str, str], begun: Iterable[str] = (), names: Sequence[str] = (),
                  after: str = "", before: str = "") -> dict:
        """Some cards and what stands around them.

        Parameters: `filters` is the value of each of FILTERS, "" or nothing for all; `begun` as in `list_cards`.
        `names` asks for these cards, whatever the filters; without them it is the page of cards that pass them `after`
        a picture, the one `before` it, or the first.
        Returns `cards`; how many that pass are `earlier` and `later` than these; and of the whole collection `total`,
        `counts` and `poses`, in the order of their number keys.
        """
        now = self.list_cards(begun)
        found = [card for card in now
                 if all(not value or value in card["filters"][name] for name, value in filters.items())]
        if names:
            shown = [now[self.places[name]] for name in names]
        elif before:
            shown = _page_before(found, self.places[before])
        else:
            shown = _cut_page(found, bisect_right(found, self.places.get(after, -1), key=PLACE))
        first, last = (shown[0]["place"], shown[-1]["place"]) if shown else (len(now), len(now))
        return {"cards": shown, "earlier": bisect_left(found, first, key=PLACE), "total": len(now),
                "later": len(found) - bisect_right(found, last, key=PLACE), "counts": count_cards(now),
                "poses": _order_poses(now)}


def count_cards(cards: Sequence[dict]) -> dict[str, Counter]:
    """For each of FILTERS, how many cards are found under each value."""
    return {name: Counter(value for card in cards for value in card["filters"][name]) for name in FILTERS}


def _page_before(cards: Sequence[dict], place: int) -> list[dict]:
    start = max(0, bisect_left(cards, place, key=PLACE) - PAGE)
    while 0 < start < len(cards) and _same_group(cards[start - 1], cards[start]):
        start -= 1
    return _cut_page(cards, start)


def _cut_page(cards: Sequence[dict], start: int) -> list[dict]:
    end = start + PAGE
    while end < min(len(cards), start + 2 * PAGE) and _same_group(cards[end - 1], cards[end]):
        end += 1
    return list(cards[start:end])


def _same_group(left: dict, right: dict) -> bool:
    return left["group"] == right["group"] != 0


def _order_poses(cards: Sequence[dict]) -> list[str]:
    """The thesis' six where there is one of them, then all other labels, and last those that a person gave."""
    before, now = ({card[key] for card in cards} for key in ("label", "pose"))
    thesis = POSE_NAMES if before & set(POSE_NAMES) else ()
    return list(dict.fromkeys([*thesis, *sorted(before), *sorted(now)]))


def _make_card(row: dict[str, str], flags: list[dict]) -> dict:
    """What no decision changes."""
    return {"file_name": row["file_name"], "label": row["label"], "title": row.get("TITLE") or row["file_name"],
            "by": ", ".join(filter(None, [row.get("AUTHOR"), row.get("DATE")])), "source": row.get("source", ""),
            "page": next(iter(addresses([row.get("page", "")])), ""), "licence": row.get("licence", ""),
            "flags": flags, "group": min((flag["group"] for flag in flags if flag["group"]), default=0)}


def _add_decisions(card: dict, shape: tuple[str, str], left: bool, decisions: list[Decision], begun: bool) -> dict:
    """A card with its decisions; `shape` are its pose and boxes after them, `left` is whether it stays in the data."""
    pose, boxes = shape
    actions = {decision.action for decision in decisions}
    if not left:
        stage = "dropped"
    elif actions <= {"box"}:
        stage = "undecided"
    else:
        stage = "kept" if pose == card["label"] else "pose changed"
    kinds = list(dict.fromkeys(flag["kind"] for flag in card["flags"]))
    filters = {"decision": [stage] + ["boxes drawn"] * ("box" in actions) + ["begun"] * begun,
              "finding": ["any", *kinds] if kinds else ["none"], "pose": [pose], "source": [card["source"]]}
    return card | {"pose": pose, "boxes": boxes, "decided": list(map(describe_decision, decisions)), "filters": filters}


def describe_decision(decision: Decision) -> str:
    """A decision as a line: what, by whom, when and why."""
    number = len(parse_boxes(decision.value))
    done = {"keep": "kept", "drop": "dropped", "pose": f"pose {decision.value}",
            "box": f"{number} box{'es' * (number != 1)}"}[decision.action]
    return f"{done}, {decision.who}, {decision.when[:10]}" + (f": {decision.why}" if decision.why else "")


def shrink_picture(path: Path, side: int) -> tuple[Image.Image, tuple[int, int]]:
    """A picture's file, upright and in 8-bit RGB, at most `side` pixels either way; and the whole picture's size.

    Raises PictureError or OSError where there is none.
    """
    data = path.read_bytes()
    image, _ = decode(data, side)  # may be smaller than the whole picture, and larger than `side`
    with Image.open(io.BytesIO(data), formats=FORMATS) as whole:
        lies_on_its_side = whole.getexif().get(ExifTags.Base.Orientation, 1) >= 5
        size = whole.size[::-1] if lies_on_its_side else whole.size
    image.thumbnail((side, side))
    return image, size
