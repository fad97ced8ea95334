"""Tables of the audit and of the claims as HTML: this run's numbers, and those of reference results beside them."""

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd

from artpose_lib.data.poses import thesis_table
from artpose_lib.report.reference import HERE

MEASURED_APART = ("A9", "A11")  # in the chapter's words, not as a difference of scores
CONDITIONS = {"[-1, 1]": "fed in [-1, 1] mode", "caffe": "fed in caffe mode", "raw": "fed raw values",
              "doubly scaled": "fed its own mode twice", "as found": "copies apart, pictures as found"}
QUOTED = {"A1": ("frozen", "Xception"), "A2": ("finetuned_aug", "VGG16")}  # whose accuracy `thesis/audit.csv` quotes


def thesis_accuracy(model: str, backbone: str) -> float:
    """The mean test accuracy that Table 3.1 or 3.2 prints."""
    tables = pd.concat([thesis_table("table_3_1"), thesis_table("table_3_2")]).set_index(["metric", "model"])
    return float(tables.loc[("test_accuracy", model), backbone])


def audit_section(id: str, rows: pd.DataFrame) -> str:
    """One place of the audit: text, scripts, expectation, then a table of what was measured with verdicts.

    Parameters: `rows` are those of `audit.tabulate` with the references' (`reference.stack`).
    """
    place, rows = thesis_table("audit").set_index("id").loc[id], rows[rows["id"] == id]
    quoted = thesis_accuracy(*QUOTED[id]) if id in QUOTED else np.nan
    told = "".join(f"<dt>{title}</dt><dd>{escape(place[column].format(thesis=quoted))}</dd>" for title, column in
                   (("The text says", "says"), ("The scripts do", "does"), ("Expected", "expects")))
    head = ("condition", "as the text", "as the scripts", "difference [95&nbsp;%]", "trials", "verdict")
    table = _table(f"{id}: {escape(place['title'])}", head, [_section_row(row) for row in rows.itertuples()])
    empty = "" if id in MEASURED_APART else "<p>No network with weights for this here.</p>"
    return (f"<p><strong>{id}. {escape(place['title'])}</strong></p>"
            f'<dl class="artpose-audit">{told}</dl>{table if len(rows) else empty}')


def audit_overview(rows: pd.DataFrame) -> str:
    """Every measurement of this run in one table, with p corrected for their number (Holm)."""
    lines = [f'<th scope="row">{row.id}</th><td>{_condition(row)}</td><td>{_signed(row.difference)}</td>'
             f"<td>{'–' if np.isnan(row.p_holm) else f'{row.p_holm:.3f}'}</td><td>{escape(row.verdict)}</td>"
             for row in rows.itertuples()]
    return _table("What changes where the scripts are followed and not the text.",
                  ("", "condition", "difference", "p, corrected", "verdict"), lines)


def claims_table(table: pd.DataFrame, references: Sequence[dict]) -> str:
    """Every claim with its number, interval and verdict, this run's and the references'.

    Parameters: `table` comes from `claims.check_claims`.
    """
    others = [content for content in references if "claims" in content["tables"]]

    def cell(row, column: str) -> str:
        found = [(content["data"], content["tables"]["claims"].set_index("id").loc[row.id, column])
                 for content in others]
        return escape(getattr(row, column)) + "".join(
            f"<br><small>reference, {escape(data)}: {escape(str(text))}</small>" for data, text in found)

    lines = [f'<th scope="row"><a href="{row.page}.html">{row.id}</a></th><td>“{escape(row.quote)}”<br>'
             f"<small>{escape(row.section)}</small></td><td>{cell(row, 'measured')}</td><td>{cell(row, 'verdict')}</td>"
             for row in table.itertuples()]
    return _table("The claims of the thesis, each with what this run measured.",
                  ("", "the thesis says", "measured", "verdict"), lines)


def _section_row(row) -> str:
    marked = "" if row.source == HERE else f"<br><small>{escape(row.source)}</small>"
    interval = "no interval" if np.isnan(row.low) else f"[{_signed(row.low)}, {_signed(row.high)}]"
    return (f'<th scope="row">{_condition(row)}{marked}</th><td>{row.text:.3f}</td><td>{row.script:.3f}</td>'
            f'<td>{_signed(row.difference)}<br><small style="white-space: nowrap">{interval}</small></td>'
            f"<td>{row.trials}, {escape(row.strength)}</td><td>{escape(row.verdict)}</td>")


def _condition(row) -> str:
    return f"{escape(row.backbone)}, {escape(CONDITIONS.get(row.condition, row.condition))}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _table(caption: str, head: Sequence[str], lines: Sequence[str]) -> str:
    titles = "".join(f'<th scope="col">{name}</th>' for name in head)
    return ('<div style="overflow-x: auto" tabindex="0" role="region" aria-label="Measurements">'
            f'<table class="table artpose-scores"><caption>{caption}</caption><thead><tr>{titles}</tr></thead>'
            f"<tbody><tr>{'</tr><tr>'.join(lines)}</tr></tbody></table></div>")
