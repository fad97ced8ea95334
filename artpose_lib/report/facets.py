"""What else the features that poses are told by tell of a picture: its source, century, medium, technique and type.

Mensink and van Gemert (2014) predict such fields of the Rijksmuseum's catalogue, and the thesis names them last of all.
The border of a picture is asked the same, to tell what a background gives away.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from artpose_lib.data.dataset import PoseDataset
from artpose_lib.data.duplicates import near_duplicate_groups
from artpose_lib.data.splits import balanced_parts
from artpose_lib.data.summary import OTHERS, UNKNOWN, describe_pictures
from artpose_lib.report import probes
from artpose_lib.train.study import Study

LABEL = "label"
FACETS = (LABEL, "source", "century", "medium", "technique", "type", "background")
FIELDS = dict(zip(FACETS, ("class", *FACETS[1:]), strict=True))  # what they are called
FEWEST_GROUPS, FEWEST_PICTURES = 5, 10  # what a facet must have to be asked: about as much as the six poses have
SIDE, MARGIN = 40, 4  # pixels of a picture, and of its border on each side


def predict_facets(study: Study) -> pd.DataFrame:
    """What the linear probe says of the FACETS of which `choose_groups` finds enough, and what a border says of each.

    Divisions are the poses' own way, stratified and with the pictures of a work on one side, one for each trial.
    Returns predictions of the test parts with a column facet, whose groups are the labels; a p_ column is NaN where the
    facet has no such group.
    """
    dataset, works, values = study.dataset, near_duplicate_groups(study.dataset), read_facets(study.dataset)
    asked = [*probes.list_probes(study), probes.SimpleModel("border", probes.NO_NETWORK, measure_border(dataset))]
    frames = []
    for facet in FACETS:
        groups = choose_groups(values[facet])
        rows = np.flatnonzero(values[facet].isin(groups))
        own = replace(dataset, metadata=dataset.metadata.iloc[rows].assign(label=values[facet]), classes=tuple(groups))
        joined = np.unique(works[rows], return_inverse=True)[1]
        for seed in probes.list_seeds(study) if groups else ():
            part = balanced_parts(own.labels, joined, np.random.default_rng(seed))
            train, test = (np.flatnonzero(part == number) for number in (0, 2))
            frames += [probes.predict(own, [one.take(rows)], train, {"test": test}, own.labels).assign(
                facet=facet, seed=seed) for one in asked]
    return pd.concat(frames, ignore_index=True)


def read_facets(dataset: PoseDataset) -> pd.DataFrame:
    """The FACETS of each picture, strings, as `describe_pictures` and the table have them; "not known" where not."""
    table = dataset.metadata.rename(columns=str.lower).reindex(columns=list(FACETS), fill_value="")
    return table.assign(**describe_pictures(dataset)[["source", "century", "medium"]]).replace("", UNKNOWN)


def choose_groups(values: pd.Series) -> list[str]:
    """The groups of FEWEST_PICTURES and more, in order; none where they are fewer than FEWEST_GROUPS. Labels are asked
    for however few they are."""
    sizes = values[~values.isin([UNKNOWN, OTHERS])].value_counts()
    if values.name == LABEL:
        return sorted(sizes.index)
    groups = sorted(sizes.index[sizes >= FEWEST_PICTURES])
    return groups if len(groups) >= FEWEST_GROUPS else []


def measure_border(dataset: PoseDataset) -> np.ndarray:
    """The mean colour of each picture's border, a tenth on each side, and how much it varies: float32 (n, 6)."""
    around = np.ones((SIDE, SIDE), bool)
    around[MARGIN:-MARGIN, MARGIN:-MARGIN] = False
    pixels = dataset.images(SIDE)[:, around].astype(np.float32)
    return np.concatenate([pixels.mean(axis=1), pixels.std(axis=1)], axis=1)


def map_pictures(study: Study) -> pd.DataFrame:
    """All pictures on a plane by t-SNE (van der Maaten and Hinton 2008, JMLR 9), near each other what a network finds
    alike: file_name, backbone, x and y, for each network with weights. Axes have no meaning, and wide gaps little."""
    frames = []
    for one in probes.list_probes(study):
        way = TSNE(perplexity=min(30, (len(one.x) - 1) / 3), metric="cosine", init="pca", random_state=0)
        with threadpool_limits(1):  # on so few pictures, several threads mostly wait for one another
            x, y = way.fit_transform(one.x).T
        frames.append(study.dataset.metadata[["file_name"]].assign(backbone=one.backbone, x=x, y=y))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["file_name", "backbone", "x", "y"])
