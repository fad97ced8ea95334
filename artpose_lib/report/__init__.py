"""From scores to pages: statistics, figures, tables, the audit and the book.

- from predictions to numbers: `scores`, with their intervals of `bootstrap`; what two differ by: `statistics`; how many
  pictures it would take: `planning`
- without training: `probes`, and with them `other_inputs`, `facets`, `drawings` and `setups`, of the chapter What helps
- the questions put to the thesis: `audit`; `claims`, which `evidence` is for and `verdicts` and `printed` settle
- what readers see: `figures` and `audit_figures`, made of `plotting`; `tables`; `experiment` for the two experiments
- trials that come with the book: `reference`, with the pictures of `visualised`
- the book: `book` runs the chapters that `fingerprint` finds changed; `sphinx_ext` and `stills` finish the pages,
  `try_page` writes one; `doctor` tells what a machine lacks
"""
