"""Hints at what a person should look at in a collection: broken files, copies, labels that seem wrong."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components

from artpose_lib.curate.flags import FLAGS, SIDE, flag_picture
from artpose_lib.data.dataset import verify_pictures
from artpose_lib.data.duplicates import HASH_SIDE, likeness
from artpose_lib.data.metadata import list_pictures
from artpose_lib.data.pictures import decode_square, read_ahead, read_file, shrink_picture

FOLDS = 5  # of the cross-validation, and so the fewest different pictures of a class whose labels can be judged
REGULARISATION = 0.01  # C of the logistic regression: strong, as there are more features (1,280) than pictures
LITE = "EfficientNet-Lite0"
NAMES = 4  # how many other pictures a note names
COLUMNS = ["file_name", "kind", "group", "score", "note"]  # of `inspect_pictures`


def inspect_pictures(folder: str | Path, extract: Callable[[Path, Sequence[str]], np.ndarray] | None = None
                     ) -> pd.DataFrame:
    """Find what is odd about the pictures of a folder, as they are before any decision.

    Parameters: `folder` as for `load_dataset`; `extract`, such as `extract_lite_features`, gives features of the
    pictures of these names (None: fewer near-duplicates are found, and no suspicious labels).
    Returns a frame sorted by its columns `file_name` and `kind`; `group`, from 1, is the same in all findings about one
    picture or work, and 0 for none; `score` is larger for the more certain of one kind; `note` is a sentence. Kinds:

    - "unreadable": no picture that can be decoded;
    - "exact duplicate": the same bytes as another file; "near duplicate": see `duplicates.likeness`;
    - "two poses": the picture, or the work (`source` and `ID`), stands under more than one label;
    - "colour chart", "frame", "text page": see `flags`;
    - "suspicious label": see `find_suspicious_labels`; labels of fewer than `FOLDS` different pictures are not judged.

    Raises DataError where the folder cannot be read.
    """
    folder = Path(folder)
    rows, problems = verify_pictures(folder, list_pictures(folder)[0])
    found = [(one.file_name, "unreadable", 0, 1.0, one.problem) for one in problems if one.action == "left out"]
    if len(rows):
        features = extract(folder, rows["file_name"]) if extract else None
        small = np.empty((len(rows), HASH_SIDE, HASH_SIDE, 3), np.uint8)
        for row, name in rows["file_name"].items():
            small[row] = decode_square(read_file(folder / name), HASH_SIDE)
            flags = flag_picture(np.asarray(shrink_picture(folder / name, SIDE)[0]))
            found += [(name, kind, 0, value, FLAGS[kind].sentence) for kind, value in flags.items()]
        alike = likeness(small, features)
        source, number = rows.reindex(columns=["source", "ID"], fill_value="").to_numpy(object).T
        same = (source[:, None] == source) & (number[:, None] == number) & (source != "") & (number != "")
        joined = np.maximum(alike, same)  # copies, and pictures of one work by its museum's own number
        group = connected_components(joined > 0, directed=False)[1]
        numbers: dict[int, int] = {}  # of the groups that anything is found in, in the order of file names
        for row, kind, score, note in sorted([*_copies(rows, alike), *_two_poses(rows, joined, group)]):
            number = numbers.setdefault(group[row], len(numbers) + 1)
            found.append((rows["file_name"][row], kind, number, float(score), note))
        if features is not None:
            found += _suspects(rows, features, group)
    return pd.DataFrame(found, columns=COLUMNS).drop_duplicates().sort_values(["file_name", "kind"], ignore_index=True)


def extract_lite_features(folder: Path, names: Sequence[str]) -> np.ndarray:
    """EfficientNet-Lite0's features of the pictures of these names, float32 (n, 1280)."""
    from artpose_lib.model.backbones import BACKBONES  # seconds to import, which only this costs
    from artpose_lib.model.classifier import build_classifier, pooled_model
    from artpose_lib.model.features import extract_features

    size, network = BACKBONES[LITE].input_size, pooled_model(build_classifier(LITE, n_classes=2, weights="imagenet"))
    return extract_features(network, read_ahead(lambda name: decode_square(read_file(folder / name), size), names))


def find_suspicious_labels(features: np.ndarray, labels: Sequence[str], groups: np.ndarray, seed: int) -> pd.DataFrame:
    """Find labels that the pictures' features speak against, by confident learning (Northcutt et al. 2021; cleanlab).

    Parameters: `features` float (n, d); `labels` (n,), two at least and each in `FOLDS` groups at least; `groups`
    integers (n,): pictures of a group are judged by the others alone; `seed` of the division into `FOLDS` folds.
    Returns a row a suspect, the worst first: `row` (position, from 0), `score` (1 less the probability of its label, 0
    to 1) and `suggested` (the likeliest label).
    """
    from cleanlab.filter import find_label_issues  # with scikit-learn two seconds, which only this costs
    from cleanlab.rank import get_label_quality_scores
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classes, given = np.unique(labels, return_inverse=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=REGULARISATION, max_iter=1000))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    probabilities = cross_val_predict(model, features, given, groups=groups, cv=folds, method="predict_proba")
    probabilities = probabilities.astype(float)  # cleanlab adds them up
    suspects = find_label_issues(given, probabilities, return_indices_ranked_by="self_confidence", filter_by="both",
                                 n_jobs=1)
    return pd.DataFrame({"row": suspects, "score": 1 - get_label_quality_scores(given, probabilities)[suspects],
                         "suggested": classes[probabilities[suspects].argmax(axis=1)]})


def _copies(rows: pd.DataFrame, likeness: np.ndarray) -> Iterator[tuple[int, str, float, str]]:
    names, digests = rows["file_name"].to_numpy(object), rows["_sha256"].to_numpy(object)
    for row in range(len(rows)):
        same = digests == digests[row]
        if twins := set(names[same]) - {names[row]}:  # a table may list one file under two labels
            yield row, "exact duplicate", 1.0, f"It is the same file as {_name_some(twins)}."
        near = (likeness[row] > 0) & ~same
        if near.any():
            yield row, "near duplicate", likeness[row, near].max(), f"It looks like {_name_some(names[near])}."


def _two_poses(rows: pd.DataFrame, joined: np.ndarray, group: np.ndarray) -> Iterator[tuple[int, str, float, str]]:
    for _, members in rows.groupby(group):
        if members["label"].nunique() > 1:
            claims = members["file_name"] + ' as "' + members["label"] + '"'
            note = f"One picture or work has several labels: {_name_some(claims)}."
            yield from ((row, "two poses", joined[row].max(), note) for row in members.index)


def _suspects(rows: pd.DataFrame, features: np.ndarray, group: np.ndarray) -> Iterator[tuple]:
    pictures = pd.Series(group).groupby(rows["label"]).nunique()
    judged = np.flatnonzero(rows["label"].isin(pictures.index[pictures >= FOLDS]))
    if rows["label"][judged].nunique() < 2:
        return
    for suspect in find_suspicious_labels(features[judged], rows["label"][judged], group[judged], seed=0).itertuples():
        name, label = rows.loc[judged[suspect.row], ["file_name", "label"]]
        note = f'It stands under "{label}", and looks like "{suspect.suggested}" to a network.'
        yield name, "suspicious label", 0, suspect.score, note


def _name_some(names: Iterable[str]) -> str:
    """The first few names, and how many more there are."""
    names = sorted(set(names))
    more = [f"{len(names) - NAMES} more"] if len(names) > NAMES else []
    return ", ".join(names[:NAMES] + more)
