"""The audit as a reader sees it: what text and scripts say, what was measured, the verdict; HTML and Markdown."""

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd

from artpose_lib.data.poses import thesis_table
from artpose_lib.report import audit, claims, reference, statistics
from artpose_lib.train.study import Study

HERE = "this run"
MEASURED_APART = ("A9", "A11")  # in words, not as a difference of scores
CONDITIONS = {"[-1, 1]": "fed in [-1, 1] mode", "caffe": "fed in caffe mode", "raw": "fed raw values",
              "doubly scaled": "fed its own mode twice", "as found": "copies apart, pictures as found"}


def _thesis(table: str, model: str, backbone: str) -> float:
    rows = thesis_table(table).set_index(["metric", "model"])
    return float(rows.loc[("test_accuracy", model), backbone])


THESIS = {"A1": _thesis("table_3_1", "frozen", "Xception"), "A2": _thesis("table_3_2", "finetuned_aug", "VGG16")}


def whose(references: list[dict]) -> str:
    """A line that says which numbers are this run's and which are another's. Markdown."""
    return ("Numbers without a mark are this run's. " + (
        "Those marked *reference* come with the book and were measured before, elsewhere:\n\n"
        + "\n".join(f"- {escape(reference.caption(content))}" for content in references) if references else
        "There are no reference results of other pictures to stand beside them."))


def section(id: str, tables: dict[str, pd.DataFrame], references: list[dict]) -> str:
    """One place of the audit as HTML: text, scripts, expectation, then a table of what was measured with verdicts."""
    row = thesis_table("audit").set_index("id").loc[id]
    columns = {"The text says": "says", "The scripts do": "does", "Expected": "expects"}
    told = "".join(f"<dt>{title}</dt><dd>{escape(row[column].format(thesis=THESIS.get(id, np.nan)))}</dd>"
                   for title, column in columns.items())
    lines = [line for source, rows in _sources(tables["rows"], references)
             for line in _lines(rows[rows["id"] == id], source)]
    empty = "" if lines or id in MEASURED_APART else "<p>No network with weights for this here.</p>"
    head = "".join(f'<th scope="col">{name}</th>' for name in (
        "condition", "as the text", "as the scripts", "difference [95&nbsp;%]", "trials", "verdict"))
    table = _table(f"{id}: {escape(row['title'])}", head, lines) if lines else ""
    title = f"<p><strong>{id}. {escape(row['title'])}</strong></p>"
    return f'{title}<dl class="artpose-audit">{told}</dl>{table}{empty}'


def _sources(rows: pd.DataFrame, references: list[dict]):
    """This run's rows, then those of each reference, with what they are called."""
    yield HERE, rows
    for content in references:
        yield f"reference: {content['data']}, {content['date']}", content["tables"]["rows"]


def _lines(rows: pd.DataFrame, source: str) -> list[str]:
    marked = "" if source == HERE else f"<br><small>{escape(source)}</small>"
    return [f'<th scope="row">{escape(row.backbone)}, {escape(CONDITIONS.get(row.condition, row.condition))}{marked}'
            f'</th><td>{row.text:.3f}</td><td>{row.script:.3f}</td><td>{_signed(row.difference)}<br>'
            f'<small style="white-space: nowrap">{_interval(row)}</small></td><td>{row.trials}, {escape(row.strength)}'
            f"</td><td>{escape(row.verdict)}</td>" for row in rows.itertuples()]


def _table(caption: str, head: str, lines: Sequence[str]) -> str:
    return ('<div style="overflow-x: auto" tabindex="0" role="region" aria-label="Measurements">'
            f'<table class="table artpose-scores"><caption>{caption}</caption><thead><tr>{head}</tr></thead>'
            f"<tbody><tr>{'</tr><tr>'.join(lines)}</tr></tbody></table></div>")


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _interval(row) -> str:
    return "no interval" if np.isnan(row.low) else f"[{_signed(row.low)}, {_signed(row.high)}]"


def forest(ids: str | Sequence[str], tables: dict[str, pd.DataFrame], references: list[dict]) -> pd.DataFrame:
    """The rows of some ids as `audit_figures.differences` takes them, this run's and the references'."""
    wanted = [ids] if isinstance(ids, str) else list(ids)
    frames = []
    for source, rows in _sources(tables["rows"], references):
        own = rows[rows["id"].isin(wanted)]
        labels = [(f"{row.id} " if len(wanted) > 1 else "") + f"{row.backbone}, {row.condition}"
                  for row in own.itertuples()]
        frames.append(own[["difference", "low", "high"]].assign(label=labels, source=source))
    return pd.concat(frames, ignore_index=True)


def spread_in_words(spread: pd.DataFrame) -> str:
    """Where the spread of trials comes from, with its intervals. Markdown."""
    names = {"split": "which pictures are trained on and tested", "start": "the first weights and the order of batches",
             "rest": "the two together, and chance"}
    lines = [f"- {names[row.source]}: {row.sd:.3f} ({row.low:.3f} to {row.high:.3f})" for row in spread.itertuples()]
    split = spread.set_index("source").loc["split"]
    start = spread.set_index("source").loc["start"]
    told = ("The division moves the accuracy more than the first weights do."
            if split["low"] > start["sd"] else "This run cannot tell which of the two moves the accuracy more.")
    return ("Every division was crossed with several first weights, and an analysis of variance takes the two apart. "
            "The standard deviation of test accuracy that is due to\n\n" + "\n".join(lines) + f"\n\n{told}")


def cut_in_words(cut: pd.DataFrame) -> str:
    """What a curve that stops with the shortest trial hides. Markdown."""
    return ("Here, of the frozen models:\n\n" + "\n".join(
        f"- {row.backbone}: the trials stop after {row.shortest} to {row.longest} epochs. Cut at the shortest, the "
        f"curve's best mean validation accuracy is {row.best_shortest:.3f}; to the longest, {row.best_longest:.3f}."
        for row in cut.itertuples()) + "\n\nThe longer curve is no fairer at its end, where it is the mean of the few "
        "trials that still run; that is why the curves of this book say how many these are.")


def pairs_in_words(study: Study, pairs: pd.DataFrame) -> str:
    """How many pairs look alike, by which of the two ways. Markdown."""
    grouped = audit.groups(study)
    if not len(pairs):
        return "The features that pairs are looked for with are not to be had here."
    found = int((pairs["by_hash"] | pairs["by_network"]).sum())
    if not found:
        return (f"Among the {len(study.dataset)} pictures of this run neither the hash nor the network finds a pair "
                f"that looks alike, so there is little to keep together ({grouped} pictures stand in a group). Below "
                "are the pairs that a network finds closest.")
    by_hash, both = int(pairs["by_hash"].sum()), int((pairs["by_hash"] & pairs["by_network"]).sum())
    by_network, two_labels = int(pairs["by_network"].sum()), int((~pairs["same_label"].astype(bool)).sum())
    return (f"Among the {len(study.dataset)} pictures of this run {found} pairs look alike: {by_hash} by the hash, "
            f"{by_network} to the network, {both} by both; {two_labels} of them stand under two different labels. "
            f"{grouped} pictures stand in a group that is kept together. The closest pairs:")


def pair_rows(study: Study, pairs: pd.DataFrame, number: int = 4) -> np.ndarray:
    """Row numbers of the closest pairs, one after the other, where both pictures may be shown."""
    show = study.dataset.rows_to_show
    rows = [row for pair in pairs.itertuples() if len(row := show([pair.first, pair.second])) == 2]
    return np.concatenate(rows[:number]) if rows else np.array([], int)


def counts_in_words() -> str:
    """A11, from the printed counts. Markdown."""
    total, largest, expected = audit.printed_counts()
    counts = thesis_table("class_counts").astype({"training": int})
    low, high = counts.loc[counts["training"].idxmin()], counts.loc[counts["training"].idxmax()]
    return (f"The text's list of the training part adds up to {total} pictures, where 0.7 of its 1000 would be "
            f"{expected}; its largest class has {largest}, where SMOTE is said to have brought all to 127. "
            f"{low['label']} stands there with {low['training']}, beside {high['label']} with {high['training']}: a "
            f"slip, perhaps of a 1 in front. That would add 100, and {expected - total - 100} would still be missing. "
            "So this project takes all counts from the data.")


def pictures_in_words(curve: statistics.Curve, power: pd.Series, references: list[dict]) -> str:
    """The learning curve and the power in sentences. Markdown."""
    text = (f"The law that fits these trials promises {curve.accuracy:.3f} at {curve.pictures:.0f} training pictures a "
            f"class (95 % interval {curve.low:.3f} to {curve.high:.3f}, if the law holds so far out). To tell two "
            f"models apart that differ by five points takes {power['paired']:.0f} test pictures if both are tested on "
            f"the same ones (they disagree on {power['disagree']:.0%}), and {power['apart']:.0f} for each if not. The "
            "thesis' test parts had 90 and 150.")
    for content in references:
        other, its = content["tables"]["curve"].iloc[0], content["tables"]["power"].iloc[0]
        text += (f"\n\n*Reference, {escape(content['data'])}, {content['date']}*: {other['accuracy']:.3f} at "
                 f"{other['pictures']:.0f} ({other['low']:.3f} to {other['high']:.3f}); {its['paired']:.0f} and "
                 f"{its['apart']:.0f} test pictures.")
    return text


def overview(rows: pd.DataFrame) -> str:
    """Every measurement of this run in one table, with p corrected for their number (Holm). HTML."""
    names = ("", "condition", "difference", "p, corrected", "verdict")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    lines = [f'<th scope="row">{row.id}</th><td>{escape(row.backbone)}, '
             f"{escape(CONDITIONS.get(row.condition, row.condition))}</td><td>{_signed(row.difference)}</td>"
             f"<td>{'–' if np.isnan(row.p_holm) else f'{row.p_holm:.3f}'}</td><td>{escape(row.verdict)}</td>"
             for row in rows.itertuples()]
    return _table("What changes where the scripts are followed and not the text.", head, lines)


def claims_table(table: pd.DataFrame, references: list[dict]) -> str:
    """Every claim with its number, interval and verdict, this run's and the references', as HTML."""
    head = "".join(f'<th scope="col">{name}</th>' for name in ("", "the thesis says", "measured", "verdict"))
    lines = [f'<th scope="row"><a href="{row.page}.html">{row.id}</a></th><td>“{escape(row.quote)}”<br>'
             f"<small>{escape(row.section)}</small></td>"
             f"<td>{escape(row.measured)}{_elsewhere(row, references, 'measured')}</td>"
             f"<td>{escape(row.verdict)}{_elsewhere(row, references, 'verdict')}</td>" for row in table.itertuples()]
    return _table("The claims of the thesis, each with what this run measured.", head, lines)


def _elsewhere(row, references: list[dict], column: str) -> str:
    found = [(content, content["tables"]["claims"].set_index("id").loc[row.id, column]) for content in references
             if "claims" in content["tables"]]
    return "".join(f"<br><small>reference, {escape(content['data'])}: {escape(str(text))}</small>"
                   for content, text in found)


def claims_in_words(table: pd.DataFrame) -> str:
    """How many claims have which verdict. Markdown."""
    counts = table["verdict"].value_counts()
    return "Of {} claims, {}.".format(len(table), ", ".join(
        f"{counts.get(verdict, 0)} {'hold' if verdict == claims.HOLDS else text}" for verdict, text in (
            (claims.HOLDS, ""), (claims.WEAKLY, "hold weakly"), (claims.FAILS, "do not hold"),
            (claims.UNTESTABLE, "cannot be tested here"))))
