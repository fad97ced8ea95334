import numpy as np
import pandas as pd

from artpose_lib.readings import group_mistakes

CLASSES = ("Antinous", "Graces", "Pieta", "Tanagra")


def answers(*pairs, part="test"):
    """Predictions of pictures by (label, the class that is named)."""
    rows = [{"label": label, "part": part} | {f"p_{name}": float(name == called) for name in CLASSES}
            for label, called in pairs]
    return pd.DataFrame(rows)


def test_only_mistakes_on_single_figures_count():
    found = answers(("Antinous", "Graces"), ("Antinous", "Tanagra"), ("Antinous", "Antinous"), ("Tanagra", "Pieta"),
                    ("Graces", "Pieta"), ("Pieta", "Tanagra"))
    group, wrong, luck = group_mistakes(found, CLASSES)
    assert (group, wrong) == (2, 3)
    assert np.isclose(luck, 2 / 3)


def test_pictures_that_were_not_tested_do_not_count():
    assert group_mistakes(answers(("Antinous", "Graces"), part="validation"), CLASSES)[:2] == (0, 0)
