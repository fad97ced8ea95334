"""Reference results: the tables behind the audit and the claims, as another machine measured them, beside one's own.

A file holds tables of numbers, and no picture, title, file name or weight.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pandas as pd

from artpose_lib.files import whole
from artpose_lib.train import records
from artpose_lib.train.study import Study

HERE = "this run"
LEFT_OUT = {"pairs"}  # row numbers mean nothing without the pictures


def export(study: Study, tables: dict[str, pd.DataFrame], folder: Path) -> Path:
    """Write one JSON file of tables and of what they depend on, and return its path.

    Raises ValueError where no trial of these pictures is stored.
    """
    own = [record.facts for record in records.all_records(study.results)
           if record.config["data"] == study.dataset.fingerprint]
    if not own:
        raise ValueError(f"{study.results}: no trial of these pictures is stored; run the chapters first")
    last = max(own, key=lambda facts: facts["finished"])
    name = "drawn pictures" if study.embedded else study.dataset.folder.name
    content = {"data": name, "fingerprint": study.dataset.fingerprint, "pictures": len(study.dataset),
               "classes": len(study.dataset.classes), "profile": study.profile.name, "versions": last["versions"],
               "machine": last["machine"], "date": datetime.now(UTC).date().isoformat(),
               "tables": {key: json.loads(table.to_json(orient="records", double_precision=6))
                          for key, table in tables.items() if key not in LEFT_OUT}}
    path = folder / f"{name.replace(' ', '-')}-{study.dataset.fingerprint}.json"
    with whole(path, replace=True, option="--export") as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path


def load(folder: Path, study: Study) -> list[dict]:
    """The contents of a folder's files, with their tables as frames; without the study's own pictures and profile."""
    own = study.dataset.fingerprint, study.profile.name
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return [content | {"tables": {key: pd.read_json(StringIO(json.dumps(rows)), orient="records")
                                  for key, rows in content["tables"].items()}}
            for content in found if (content["fingerprint"], content["profile"]) != own]


def stack(rows: pd.DataFrame, references: Sequence[dict]) -> pd.DataFrame:
    """The audit's rows of this run and of each reference, with a column `source`: HERE, or data and date."""
    return pd.concat([rows.assign(source=HERE), *(
        content["tables"]["rows"].assign(source=f"reference: {content['data']}, {content['date']}")
        for content in references)], ignore_index=True)


def caption(content: dict) -> str:
    """What reference results are of, in a sentence; plain text."""
    versions = ", ".join(f"{name} {number}" for name, number in sorted(content["versions"].items()))
    return (f"Reference results, not of this run: {content['pictures']} pictures ({content['data']}) in "
            f"{content['classes']} classes (fingerprint {content['fingerprint']}), profile {content['profile']}, "
            f"{content['date']}, on {content['machine']}; {versions}.")
