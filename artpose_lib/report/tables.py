"""Tables 3.1 and 3.2 of the thesis beside our scores, as HTML."""

from collections.abc import Mapping
from html import escape
from typing import NamedTuple

import numpy as np
import pandas as pd

from artpose_lib.report.figures import METRIC_TITLES, MODEL_TITLES


def results_table(table: pd.DataFrame, missing: Mapping[str, str] | None = None) -> str:
    """Tables 3.1 and 3.2 beside our scores, as HTML: thesis | here [95 % interval] | trials.

    Parameters: `table` comes from `scores.against_thesis`; `missing` says, for each backbone that was not trained,
    why ("no weights here").
    """
    metrics = list(table["metric"].unique())
    bodies = "".join(_table_body(model, rows, metrics, missing or {})
                     for model, rows in table.groupby("model", sort=False))
    top = "".join(f'<th scope="colgroup" colspan="2">{METRIC_TITLES[metric]}</th>' for metric in metrics)
    below = '<th scope="col">thesis</th><th scope="col">here</th>' * len(metrics)
    return ('<div style="overflow-x: auto" tabindex="0" role="region" aria-label="Test scores">'
            '<table class="table artpose-scores"><caption>Test scores, means over trials: in the thesis, and here with '
            'the 95&nbsp;% confidence interval.</caption>'
            f'<thead><tr><th scope="col" rowspan="2">architecture</th>{top}'
            f'<th scope="col" rowspan="2">trials here</th></tr><tr>{below}</tr></thead>{bodies}</table></div>')


def _table_body(model: str, rows: pd.DataFrame, metrics: list[str], missing: Mapping[str, str]) -> str:
    width = 2 * len(metrics) + 2
    lines = [f'<th scope="rowgroup" style="text-align: left" colspan="{width}">{MODEL_TITLES[model]}</th>']
    for backbone, own in rows.groupby("backbone", sort=False):
        own = own.set_index("metric").loc[metrics]
        trials = own["trials"].iloc[0]
        absent = "–" if trials or backbone not in missing else escape(missing[backbone])
        cells = "".join(f"<td>{_number(row.thesis)}</td><td>{_with_interval(row, absent)}</td>"
                        for row in own.itertuples())
        lines.append(f'<th scope="row">{escape(backbone)}</th>{cells}<td>{trials}</td>')
    return f"<tbody><tr>{'</tr><tr>'.join(lines)}</tr></tbody>"


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3f}"


def _with_interval(row: NamedTuple, absent: str) -> str:
    if np.isnan(row.here):
        return f"<small>{absent}</small>"
    return f'{row.here:.3f}<br><small style="white-space: nowrap">[{row.low:.3f}, {row.high:.3f}]</small>'
