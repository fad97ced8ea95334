"""The reference edition: finished trials in a few small files, without a picture, a title or a picture's file name.

A folder a data set holds

- card.json: what the data set is called, its fingerprint, how many pictures each class has, and of each class each
  source, century, medium and licence, how many works they show, and what the trials ran on and with which weights;
- pictures.parquet: a row a picture, file_name (its number), label, source, century, medium, licence, found (by which
  search) and match (how its title fits the class) where the data set tells them, and work (a number; see
  `near_duplicate_groups`);
- trials.json: the record.json of each trial;
- history.parquet and predictions.parquet: history.csv and predictions.csv of all, with a column `trial`, the number of
  the trial in trials.json; probabilities are float32, as the networks gave them;
- a table for each of MEASURED, such as pairs.parquet, and STRANGERS where some were asked about: what takes the
  pictures and no network's training;
- head.json, where a final model of EfficientNet-Lite0 is among the trials: its last layer, for a web page;
- visualised.webp and visualised.json, where they were drawn: what networks answer to most, see `report.visualised`;
- about.md, written by hand: where the pictures are from.

Opened again it is unpacked into records, so that whatever reads a study's trials reads these.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from html import escape
from pathlib import Path

import pandas as pd

from artpose_lib.classify.model import FINAL
from artpose_lib.classify.web_model import HEAD, NETWORK, describe_head
from artpose_lib.data import summary
from artpose_lib.data.dataset import DataError, PoseDataset, load_dataset
from artpose_lib.data.duplicates import near_duplicate_groups
from artpose_lib.data.metadata import Problem
from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.data.text import escape_markdown
from artpose_lib.files import whole
from artpose_lib.report import audit, drawings, facets, other_inputs, probes, setups, visualised
from artpose_lib.train import jobs, records
from artpose_lib.train.recipes import find_profile
from artpose_lib.train.study import NO_WEIGHTS, Study
from artpose_lib.train.trials import PROTOCOL_OF_BATCH_NORM

CARD, PICTURES, ABOUT = "card.json", "pictures.parquet", "about.md"
TRIALS, HISTORY, PREDICTIONS = RECORDS = "trials.json", "history.parquet", "predictions.parquet"
# What the pictures themselves are asked, by the name of the table that an edition keeps of it.
MEASURED: dict[str, Callable[[Study], pd.DataFrame]] = {
    "simple_random": partial(probes.predict_simple_models, scheme="random"),
    "simple_stratified": partial(probes.predict_simple_models, scheme="stratified"),
    "recipes": setups.predict_recipes, "final": setups.predict_final,
    "sources": probes.predict_sources, "pairs": audit.find_pairs,
    "inputs_grouped": other_inputs.predict_inputs,
    "facets": facets.predict_facets, "map": facets.map_pictures,
    "drawings": drawings.teach_art, "on_drawings": drawings.teach_drawings,
    "figures": other_inputs.measure_figures, "drawn_figures": other_inputs.measure_drawings}
STRANGERS = "strangers.parquet"
NOT_OPEN = "no open licence"
TOLD = ["found", "match"]  # further columns of metadata.csv that are kept
EDITIONS = Path("book/reference")  # in the folder of the report, in which a chapter runs
THIS_RUN = "this run"


@dataclass(frozen=True, eq=False)
class Edition(Study):
    """A study of pictures that stay with their owners: its trials are found, and none is trained."""

    trains = False
    card: dict = field(default_factory=dict)

    @property
    def data_name(self) -> str:
        return self.card["data"]

    def banner(self) -> str:
        """What the trials are of and, unfolded, what they ran on. Markdown."""
        ran = "; ".join(f"{one['trials']} trials on {one['machine']} with {one['versions']}, until {one['until']}"
                        for one in self.card["ran_on"])
        return (f'<details class="artpose-more"><summary>Reference: {len(self.dataset)} pictures of '
                f"{self.card['works']} works ({escape(self.data_name)}) in {len(self.dataset.classes)} classes"
                f"</summary>\n\nFingerprint `{self.dataset.fingerprint}`; {escape_markdown(ran)}.\n\n</details>")

    @property
    def about(self) -> str:
        """Where the pictures are from. Markdown; "" where nobody wrote it down."""
        path = self.dataset.folder / ABOUT
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def weights_of(self, backbone: str) -> str:
        """Those that the trials were trained with, or "no weights here"."""
        return "as it was trained" if backbone in self.card["weights"] else NO_WEIGHTS

    def fingerprint_weights(self, backbone: str) -> str:
        return self.card["weights"][backbone]

    train = Study.find

    def add_small_baselines(self, trials: records.Trials) -> records.Trials:
        """Found trials, and baselines by today's protocol, on smaller pictures, of networks that have no other."""
        known = {one.names["backbone"] for one in trials.records if one.names["model"] == "baseline"}
        more = [one for one in records.all_records(self.results) if one.names["model"] == "baseline"
                and one.names["backbone"] not in known and one.config.get("protocol") == PROTOCOL_OF_BATCH_NORM
                and "experiment" not in one.config and "variant" not in one.config["recipe"]]
        return records.Trials([*trials.records, *more], trials.missing)

    def read(self, name: str) -> pd.DataFrame:
        """A table of MEASURED as it was kept; empty in an edition that has none."""
        path = self.dataset.folder / f"{name}.parquet"
        return _read_table(path) if path.exists() else pd.DataFrame()


def measure(of: Study, name: str) -> pd.DataFrame:
    """A table of MEASURED: read from an edition, computed of any other study."""
    return MEASURED[name](of) if of.trains else of.read(name)


def export_edition(study: Study, results: Sequence[Path], out: Path, strangers: str = "") -> Path:
    """Write the edition of a study's pictures, of the trials in all folders of results, into a folder below `out`;
    return that. `strangers` is a folder of pictures that show none of its classes, for `setups.compare_strangers`.

    An older edition of the same pictures is replaced. Trained weights stay where they are. Raises ValueError where no
    trial of these pictures is stored, or one tells of other pictures.
    """
    dataset = study.dataset
    found = {record.folder.name: record for folder in results for record in records.all_records(folder)
             if record.config["data"] == dataset.fingerprint}
    if all(record.names["seed"] == FINAL for record in found.values()):  # which are beside trials
        raise ValueError(f"{', '.join(map(str, results))}: no trial of these pictures is stored; train them first with "
                         f"`artpose run 6 --data {dataset.folder}`")
    apart = load_dataset(strangers) if strangers else None
    trials, pictures = [found[name] for name in sorted(found)], _describe(dataset)
    numbers = dict(zip(dataset.metadata["file_name"], pictures["file_name"], strict=True))
    tables = {name: _pack(table, numbers) for name, table in {  # first, as the measures take minutes
        PICTURES: pictures,
        HISTORY: _stack(pd.read_csv(trial.folder / records.HISTORY, float_precision="round_trip") for trial in trials),
        PREDICTIONS: _stack(pd.read_csv(trial.folder / records.PREDICTIONS, dtype=str, keep_default_na=False)
                            for trial in trials)}.items()}
    tables |= {f"{name}.parquet": _pack(make(study), numbers) for name, make in MEASURED.items()}
    if apart:
        tables[STRANGERS] = _pack(setups.compare_strangers(study, apart), numbers)
    name, described = dataset.folder.resolve().name, [*summary.FACETS, *pictures.filter(TOLD)]
    card = {"data": name, "fingerprint": dataset.fingerprint, "classes": dataset.counts().to_dict(),
            "works": int(pictures["work"].nunique()),
            "counts": {facet: _nest(summary.count_groups(pictures, facet)) for facet in described},
            "weights": {trial.config["recipe"]["backbone"]: trial.config["weights"] for trial in trials
                        if trial.config["weights"]}, "ran_on": _tell_machines(trials)}
    folder = out / f"{name.replace(' ', '-')}-{dataset.fingerprint}"
    with whole(folder, replace=True, option="--out") as made:
        made.mkdir()
        _write_json(made / CARD, card, indent=1)
        _write_json(made / TRIALS, [trial.facts for trial in trials])
        for name, table in tables.items():
            table.to_parquet(made / name, index=False, compression="zstd")
        for trial in trials:
            if trial.names["seed"] == FINAL and trial.names["backbone"] == NETWORK:
                _write_json(made / HEAD, describe_head(trial, "art", "Learned from art", study.weights_dir))
        for kept in (folder / name for name in (ABOUT, *visualised.KEPT)):
            if kept.exists():
                shutil.copyfile(kept, made / kept.name)
    return folder


def open_edition(folder: Path, results: Path) -> Edition:
    """Open what `export_edition` wrote. Its records are unpacked once into a folder below `results`.

    Raises DataError, naming the folder, where a file is missing or broken.
    """
    with _tell_broken(folder):
        card, pictures = json.loads((folder / CARD).read_bytes()), _read_table(folder / PICTURES)
        digest = hashlib.sha256(b"".join((folder / name).read_bytes() for name in RECORDS)).hexdigest()[:12]
        kept = results / "reference" / f"{folder.name}-{digest}"
        dataset = PoseDataset(folder, pictures, tuple(card["classes"]), pd.DataFrame(columns=Problem._fields),
                              card["fingerprint"], {"used": len(pictures)})
        edition = Edition(dataset, find_profile("thesis"), None, kept, False, card=card)
        edition.banner()
    jobs.run_one(jobs.Job(kept, partial(_unpack, kept, folder)))
    return edition


def open_editions(folder: Path, results: Path) -> list[Edition]:
    """Every edition in a folder, by name, as `open_edition`."""
    return [open_edition(path.parent, results) for path in sorted(folder.glob(f"[!.]*/{CARD}"))]


def open_places(study: Study, *, poses: bool = False) -> dict[str, Study]:
    """What a chapter tells of, by the name that it has there: the editions that come with the book, then this run.

    With `poses`, of the editions only those of the six poses. Those that one name would mean have a part of their
    fingerprints in it.
    """
    here = [folder / EDITIONS for folder in (Path.cwd(), *Path.cwd().parents)]
    editions = open_editions(next(filter(Path.is_dir, here), EDITIONS), study.results)
    names = [f"{len(own.dataset)} artworks ({own.data_name})" for own in editions]
    return {name + f", {own.dataset.fingerprint[:6]}" * (names.count(name) > 1): own
            for name, own in zip(names, editions, strict=True)
            if not poses or set(own.dataset.classes) == set(POSE_NAMES)} | {THIS_RUN: study}


def _describe(dataset: PoseDataset) -> pd.DataFrame:
    """pictures.parquet: strings. Of licences only those that are open are told in words, and of small groups none."""
    table = summary.describe_pictures(dataset)
    table["licence"] = table["licence"].where(dataset.publishable | (table["licence"] == summary.UNKNOWN), NOT_OPEN)
    table = table.join(dataset.metadata.filter(TOLD))
    for facet in table.columns.drop("label"):
        kept = summary.count_groups(table, facet)["group"]
        table[facet] = table[facet].where(table[facet].isin(kept), summary.OTHERS)
    table.insert(0, "file_name", [f"{number:06d}" for number in range(len(table))])
    return table.assign(work=near_duplicate_groups(dataset).astype(str))


def _stack(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([frame.assign(trial=number) for number, frame in enumerate(frames)], ignore_index=True)


def _pack(table: pd.DataFrame, numbers: dict[str, str]) -> pd.DataFrame:
    """A table with probabilities as float32, text as categories, and the pictures' numbers for their names."""
    if "file_name" in table:
        known = numbers | {number: number for number in numbers.values()}  # those of an edition that was unpacked
        if others := set(table["file_name"]).difference(known):
            raise ValueError(f"a trial tells of {min(others)}, which the data set does not have")
        table = table.assign(file_name=table["file_name"].map(known))
    chances = table.filter(regex="^p_").columns
    table = table.assign(**{name: pd.to_numeric(table[name], errors="coerce").astype("float32") for name in chances})
    return table.astype(dict.fromkeys(table.select_dtypes(exclude=["number", "bool"]), "category"))


def _read_table(path: Path) -> pd.DataFrame:
    table = pd.read_parquet(path)
    return table.astype(dict.fromkeys(table.select_dtypes("category"), str))


def _nest(counts: pd.DataFrame) -> dict[str, dict[str, int]]:
    return {group: {row.label: row.pictures for row in own.itertuples() if row.pictures}
            for group, own in counts.groupby("group", sort=False)}


def _tell_machines(trials: list[records.Record]) -> list[dict]:
    rows = [{"machine": trial.facts["machine"], "finished": trial.facts["finished"][:10], "versions": ", ".join(
        f"{name} {number}" for name, number in sorted(trial.facts["versions"].items()))} for trial in trials]
    found = pd.DataFrame(rows).groupby(["machine", "versions"])["finished"].agg(trials="size", until="max")
    return found.reset_index().to_dict("records")


def _write_json(path: Path, content: object, indent: int | None = None) -> None:
    path.write_text(json.dumps(content, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")


def _unpack(kept: Path, folder: Path) -> None:
    """Write an edition's records as they were stored."""
    with _tell_broken(folder):
        trials = json.loads((folder / TRIALS).read_bytes())
        frames = [dict(iter(pd.read_parquet(folder / name).groupby("trial"))) for name in (HISTORY, PREDICTIONS)]
        content = [(records.record_folder(Path(), facts["config"]), facts, *(_drop_absent(own[n]) for own in frames))
                   for n, facts in enumerate(trials)]
        if any(place.parent != Path("trials") for place, *_ in content):
            raise ValueError("a trial's name leads elsewhere")
    with whole(kept) as made:
        for place, *parts in content:
            records.write_record(made / place, *parts)


def _drop_absent(frame: pd.DataFrame) -> pd.DataFrame:
    """A trial's rows without the columns that only others have; of training that diverged numbers may be missing."""
    return frame.loc[:, frame.notna().any() | frame.columns.str.match("p_|(val_)?loss")].drop(columns="trial")


@contextmanager
def _tell_broken(folder: Path) -> Iterator[None]:
    try:
        yield
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise DataError(f"{folder} is no reference edition, or broken ({error!r}). Get it anew, or remove the folder."
                        ) from error
