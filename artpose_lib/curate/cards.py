"""What the curation board shows of a collection: a card a picture, as the decisions on disk make it.

A page begins after a picture and not at a number, because cards leave the undecided ones as one decides.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from artpose_lib.data.decisions import Decision, active_decisions, read_decisions
from artpose_lib.data.licences import are_publishable, find_rights
from artpose_lib.data.metadata import list_pictures, parse_boxes
from artpose_lib.data.poses import POSE_NAMES

PAGE = 24  # cards on a page; up to twice as many where it would tear a group of duplicates apart
FILTERS = ("decision", "finding", "pose", "source")  # what a person filters by


class Cards:
    """The pictures of a folder in working order, groups of duplicates together; `found` by `inspect_pictures`."""

    def __init__(self, folder: Path, found: pd.DataFrame):
        self.folder = folder
        # A table may list a picture under two labels; a decision is about the picture.
        listed, _, _ = list_pictures(folder)
        self.metadata = listed.drop_duplicates("file_name").sort_values("file_name", ignore_index=True)
        self.publishable = set(self.metadata["file_name"][are_publishable(self.metadata)])
        flags = {name: rows[["kind", "group", "note"]].to_dict("records") for name, rows in found.groupby("file_name")}
        cards = [_make_card(row, flags.get(row["file_name"], [])) for row in self.metadata.to_dict("records")]
        first: dict[int, str] = {}  # of each group
        for card in cards:
            first.setdefault(card["group"], card["file_name"])
        self._fixed = sorted(cards, key=lambda card: first[card["group"]] if card["group"] else card["file_name"])
        self.places = {card["file_name"]: place for place, card in enumerate(self._fixed)}
        labels = set(self.metadata["label"])
        self._labels = [*(POSE_NAMES if labels & set(POSE_NAMES) else ()), *sorted(labels)]

    def read_decisions(self) -> list[Decision]:
        """The decisions that stand now, the oldest first. Raises DataError."""
        return active_decisions(read_decisions(self.folder))

    def list_cards(self, begun: Collection[str] = ()) -> list[dict]:
        """All cards, in their order, after what decisions.csv says now; `begun` names pictures with something begun.

        A card has, as text: `file_name`, `title` (or the file name), `by` (author and date), `label` (before any
        decision), `source`, `page`, `licence`, `pose`, `boxes` ("x0 y0 x1 y1;…"). Its lists: `flags` (its findings:
        `kind`, `group`, `note`), `decided` (a sentence for each decision that stands) and `filters` (for each of
        FILTERS, the values that it is found under; the first of `decision` is "undecided", "kept", "dropped" or "pose
        changed"). And `group`: of duplicates, from 1; 0 for none. Raises DataError.
        """
        of_picture: dict[str, list[Decision]] = defaultdict(list)
        for decision in self.read_decisions():
            of_picture[decision.file_name].append(decision)
        return [_add_decisions(card, of_picture[name], name in begun)
                for name, card in zip(self.places, self._fixed, strict=True)]

    def find_page(self, filters: Mapping[str, str], begun: Collection[str] = (), names: Sequence[str] = (),
                  after: str = "", before: str = "") -> dict:
        """Some cards and what stands around them.

        Parameters: `filters` is the value of each of FILTERS, "" or nothing for all; `begun` as in `list_cards`.
        `names` asks for these cards, whatever the filters; without them it is the page of cards that pass them `after`
        a picture, the one `before` it, or the first.
        Returns `cards`; how many that pass are `earlier` and `later` than these; and of the whole collection `total`,
        `counts` and `poses`, in the order of their number keys: the thesis' six where there is one of them, then all
        other labels, and last those that a person gave.
        """
        now = self.list_cards(begun)
        found = [place for place, card in enumerate(now)
                 if all(not value or value in card["filters"][name] for name, value in filters.items())]
        if names:
            shown = [self.places[name] for name in names]
        elif before:
            shown = self._cut_page(found, max(0, bisect_left(found, self.places[before]) - PAGE), back=True)
        else:
            shown = self._cut_page(found, bisect_right(found, self.places.get(after, -1)))
        first, last = (shown[0], shown[-1]) if shown else (len(now), len(now))
        return {"cards": [now[place] for place in shown], "earlier": bisect_left(found, first), "total": len(now),
                "later": len(found) - bisect_right(found, last), "counts": count_cards(now),
                "poses": list(dict.fromkeys(self._labels + sorted(card["pose"] for card in now)))}

    def _cut_page(self, found: list[int], start: int, back: bool = False) -> list[int]:
        """A page of the places from `start` on, or from a little before it, that tears no group apart."""
        def tears(place: int) -> bool:
            groups = [self._fixed[found[other]]["group"] for other in (place - 1, place)]
            return groups[0] == groups[1] != 0

        while back and start and tears(start):
            start -= 1
        end = start + PAGE
        while end < min(len(found), start + 2 * PAGE) and tears(end):
            end += 1
        return found[start:end]


def count_cards(cards: list[dict]) -> dict[str, Counter]:
    """For each of FILTERS, how many cards are found under each value."""
    return {name: Counter(value for card in cards for value in card["filters"][name]) for name in FILTERS}


def _make_card(row: dict[str, str], flags: list[dict]) -> dict:
    """What no decision changes, and the boxes before any."""
    known = {column: row.get(column, "") for column in ("source", "page", "boxes")}
    return known | {"file_name": row["file_name"], "label": row["label"], "title": row.get("TITLE") or row["file_name"],
                    "by": ", ".join(filter(None, [row.get("AUTHOR"), row.get("DATE")])), "flags": flags,
                    "licence": ", ".join(filter(None, map(row.get, find_rights(row)))),
                    "group": min((flag["group"] for flag in flags if flag["group"]), default=0)}


def _add_decisions(card: dict, decisions: list[Decision], begun: bool) -> dict:
    """A card after its decisions; a dropped picture has the pose and the boxes that it would come back with."""
    latest = {decision.action: decision.value for decision in decisions}
    pose, boxes = latest.get("pose", card["label"]), latest.get("box", card["boxes"])
    if [decision.action for decision in decisions if decision.action in ("keep", "drop")][-1:] == ["drop"]:
        stage = "dropped"
    elif latest.keys() <= {"box"}:
        stage = "undecided"
    else:
        stage = "kept" if pose == card["label"] else "pose changed"
    kinds = list(dict.fromkeys(flag["kind"] for flag in card["flags"]))
    filters = {"decision": [stage] + ["boxes drawn"] * ("box" in latest) + ["begun"] * begun,
              "finding": ["any", *kinds] if kinds else ["none"], "pose": [pose], "source": [card["source"]]}
    return card | {"pose": pose, "boxes": boxes, "decided": list(map(describe_decision, decisions)), "filters": filters}


def describe_decision(decision: Decision) -> str:
    """A decision as a line: what, by whom, when and why."""
    number = len(parse_boxes(decision.value))
    done = {"keep": "kept", "drop": "dropped", "pose": f"pose {decision.value}",
            "box": f"{number} box{'es' * (number != 1)}"}[decision.action]
    return f"{done}, {decision.who}, {decision.when[:10]}" + (f": {decision.why}" if decision.why else "")
