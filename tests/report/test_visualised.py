"""What networks answer to most, as the book's reference edition keeps it."""

import json

import numpy as np
from conftest import ROOT

from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.explain.maps import tile
from artpose_lib.report import visualised


def test_pictures_come_back_beside_what_they_are(tmp_path):
    shades = np.repeat(np.linspace(20, 230, 13).astype(np.uint8), 16 * 16 * 3).reshape(13, 16, 16, 3)
    tile(shades, visualised.COLUMNS).save(tmp_path / visualised.SPRITE, lossless=True)
    (tmp_path / visualised.TABLE).write_text(json.dumps([{"filter": number} for number in range(13)]))
    found = visualised.read_edition(tmp_path)
    assert found["filter"].tolist() == [*range(13)] and (np.stack(found["picture"]) == shades).all()
    assert visualised.read_edition(tmp_path / "none").empty


def test_the_books_pictures_are_few_and_small():
    folder, = (path.parent for path in (ROOT / "book" / "reference").glob(f"*/{visualised.TABLE}"))
    found = visualised.read_edition(folder)
    assert len(found) == 65 and sum((folder / name).stat().st_size for name in visualised.KEPT) < 600_000
    poses = found.dropna(subset="class")
    assert len(poses.groupby(["network", "layers", "learned_from"])) == 4
    assert {*poses["class"]} == {*POSE_NAMES} and (poses["accuracy"] > 0.5).all()
    drawn = {title: own["filter"].tolist() for title, own in found.dropna(subset="filter").groupby("learned_from")}
    control = drawn.pop(visualised.SHUFFLED)
    before, after = drawn.values()
    assert before == after and {*control} < {*before}
    assert min(picture.std() for picture in found["picture"]) > 10
