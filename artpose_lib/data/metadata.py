"""The rows of a folder of pictures: read from its metadata.csv, or from its subfolders, and checked.

Its column `boxes` has "x0 y0 x1 y1" around each figure, in pixels of the upright picture, with ";" between.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from unicodedata import normalize

import pandas as pd

from artpose_lib.data.pictures import UNKNOWN, is_picture, locate, spell
from artpose_lib.data.tables import DataError, name_column, read_table

# What systems, storage devices and programs keep among pictures, besides all that is hidden.
LITTER = ("@eadir", "@__thumb", "@recently-snapshot", "@recycle", "@tmp", "#recycle", "#snapshot", "$recycle.bin",
          "~snapshot", "recycled", "recycler", "system volume information", "found.000", "lost+found", "__macosx",
          "network trash folder", "temporary items", "__pycache__", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db",
          "desktop.ini", "@synoeastream", "@synoresource", "@sharebin", "@database", "@appstore", "@transcode",
          "@upload_cache", "lost.dir", "recycle.bin", "recycle bin", "trashbox", "thevolumesettingsfolder",
          "_gsdata_", "icon\r", "decisions.csv")
# The columns that curators write; those in capitals are the thesis'.
COLUMNS = ("file_name", "label", "AUTHOR", "TITLE", "DATE", "TECHNIQUE", "LOCATION", "ID", "TYPE", "image", "source",
           "licence", "boxes", "work", "found", "match")
# Folders above those of the classes, where somebody has divided a data set already.
DIVIDED = re.compile(r"(train(ing)?|val(id(ation)?)?|dev|test(ing)?|eval(uation)?|hold-?out)([-_ ]?(set|split|data))?",
                     re.IGNORECASE)
# What else such folders are called, as "seg_train" and "val2017": it counts where all hold folders of one name.
PART = re.compile(r"(?<![a-z])(train(ing|val)?|val(id(ation)?)?|dev|test(ing)?|eval(uation)?|hold-?out|pred|fold)"
                  r"(?![a-z])", re.IGNORECASE)
# Why `walk` passes over a file.
PROGRAMS, OTHERS = "of a system or program, or hidden", "no pictures of a known format"
UNREADABLE, CLASSLESS = "in a folder that cannot be read", "in no class's folder"
MISSPELLED = "with names that are not in UTF-8"
FOLLOW = "ARTPOSE_FOLLOW_LINKS"
BOX = re.compile(r"([0-9]+) ([0-9]+) ([0-9]+) ([0-9]+)")


class Problem(NamedTuple):
    """What was found wrong with a picture."""

    file_name: str
    problem: str  # a sentence
    action: str  # "left out", "passed over", "converted", "kept once" or "kept"


def list_pictures(folder: Path) -> tuple[pd.DataFrame, dict[str, int], list[Problem]]:
    """List a folder by its metadata.csv or metadata.parquet, or by its subfolders, before anything is read or decided.

    Returns its rows, with names and labels in NFC; how many files are no row, by the reason; and what is to be said of
    them. Raises DataError as `load_dataset` does.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder.")
    tables = [path for name in ("metadata.csv", "metadata.parquet") if os.path.exists(path := folder / name)]
    follow = follows_links()
    rows, passed, problems = (([*_rows_of_table(tables[0], follow)], {}, []) if tables
                              else _list_folders(folder, follow))
    listed = pd.DataFrame(rows)
    named = {name: re.sub(r"^image_url$", "image", re.sub(r"(_file_names?)_text$", r"\1", name)) for name in listed}
    listed = listed.rename(columns={old: new for old, new in named.items() if new not in listed})
    if listed.empty:
        raise DataError(f"{folder}: no pictures. There must be a metadata.csv with a row for each picture, or a folder "
                        f"of pictures for each class. {tell_counts(passed)}")
    return listed, passed, problems


def tell_counts(counts: dict[str, int]) -> str:
    """What became of the files of a folder, in a sentence that adds up."""
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"{sum(counts.values())} files: {told or 'none'}."


def follows_links() -> bool:
    """Whether the user lets links lead out of a folder of pictures: what begins to read one asks this once."""
    return bool(os.environ.get(FOLLOW))


def is_inside(folder: Path, path: Path, follow: bool) -> bool:
    """Whether a path leads to something in the folder; or with `follow` anywhere by a link."""
    if follow and ".." not in path.parts:
        return path.is_relative_to(folder)
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def walk(folder: Path, follow: bool, under: str = "", reason: str = "",
         above: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """The name of every file below a folder, in order, and why it is passed over: "" for a picture.

    Links are followed to what lies in the folder (see `is_inside`), others are named as pictures are, and so are
    folders that cannot be read, with their reason. Raises DataError where `folder` itself cannot be read.
    """
    try:
        with os.scandir(folder / under) as entries:
            inside = sorted((entry.name, entry.is_symlink(), entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError as error:
        if not under:
            raise DataError(f"{folder}: the folder cannot be read ({error.strerror}).") from error
        yield under.removesuffix("/"), reason or UNREADABLE
        return
    above = (*above, os.path.realpath(folder / under))
    for name, is_link, is_folder in inside:
        path = folder / under / name
        leads_out = is_link and not is_inside(folder, path, follow)
        why = reason or PROGRAMS * (name.startswith(".") or name.casefold() in LITTER)
        is_folder = is_folder or is_link and not leads_out and os.path.isdir(path)
        if is_folder and os.path.realpath(path) not in above:  # a link may lead back to a folder that holds it
            yield from walk(folder, follow, f"{under}{name}/", why, above)
        else:
            yield under + name, why or OTHERS * (not leads_out and not is_picture(path, by_name=True))


def reserve_columns(table: pd.DataFrame) -> pd.DataFrame:
    """The table with other names, which `list_pictures` takes back, for columns from which Hugging Face' reader would
    make pictures, or which would take the place of its own: `image` and all in "_file_name"."""
    named = {name: re.sub(r"^image$", "image_url", re.sub(r"(_file_names?)$", r"\1_text", name)) for name in table}
    return rename_apart(table, named)


def rename_apart(table: pd.DataFrame, named: dict[str, str]) -> pd.DataFrame:
    """The table with columns renamed; one that has such a new name already gets "_2" behind it, until it is alone."""
    named = {old: new for old, new in named.items() if old in table and new != old}
    for name in {*named.values()} & {*table}:
        free = name
        while free in table or free in named.values():
            free += "_2"
        named = named | {name: free}
    return table.rename(columns=named)


def parse_boxes(text: str) -> list[tuple[int, ...]]:
    """The corners x0, y0, x1, y1 of each box, in pixels. Anything else in the text is ignored."""
    return [tuple(map(int, box)) for box in BOX.findall(text)]


def _rows_of_table(path: Path, follow: bool) -> Iterator[dict[str, str]]:
    for where, row in read_table(path, _name_columns, 'the columns "file_name" and "label" are'):
        if not any(map(str.strip, row.values())):
            continue  # a spreadsheet's last lines
        if odd := re.search("[\udc80-\udcff]", "".join([*row, *row.values()])):
            raise DataError(f"{where}: byte 0x{ord(odd[0]) - 0xdc00:02x} is not UTF-8. Save the table as CSV in UTF-8.")
        yield _check_row(path.parent, row, where, follow)


def _name_columns(found: list[str]) -> dict[str, str]:
    """The columns of a table by the names that are known here, in whatever capitals and spaces they are written."""
    known = {name_column(name): name for name in COLUMNS}
    named = {name: known.get(name_column(name), name.strip()) for name in found}
    named = {name if new in found else new: name for name, new in named.items()}
    return named if {"file_name", "label"} <= {*named} else {}


def _list_folders(folder: Path, follow: bool) -> tuple[list[dict[str, str]], dict[str, int], list[Problem]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, reason in walk(folder, follow):
        found[reason].append(name)
    for name in found[UNREADABLE]:
        raise DataError(f"{folder / name}: the folder cannot be read. Make it readable, or move it elsewhere.")
    shown = {name: os.fsencode(name).decode(errors="backslashreplace") for name in found[""] + found[OTHERS]}
    problems = [Problem(shown[name], UNKNOWN, "passed over") for name in found[OTHERS]]
    rows, names = [], [name for name in found[""] if shown[name] == name]
    for name in sorted(set(found.pop("")).difference(names)):
        found[MISSPELLED].append(shown[name])
        problems.append(Problem(shown[name], "The name is not in UTF-8: rename the file or its folder.", "passed over"))
    depth, there = _find_divisions(names, 0)  # of the folders of classes
    while there:
        problems.append(Problem(", ".join(there), "These folders divide a data set, and those in them are "
                                "taken for its classes: the pictures are divided anew.", "kept"))
        depth, there = _find_divisions(names, depth)
    inside = _folders_inside(names, depth)
    if doubtful := sorted(name for name in inside if DIVIDED.fullmatch(name) and inside[name]):
        problems.append(Problem(", ".join(doubtful), "These are taken for classes, though they may divide a data set: "
                                "if so, move the folders beside them elsewhere.", "kept"))
    for name in names:
        label, *_ = *name.split("/")[depth:-1], ""
        row = _check_row(folder, {"file_name": name, "label": label or "none"}, str(folder / name), follow)
        if label:
            rows.append(row)
        else:
            found[CLASSLESS].append(name)
    return rows, {f"{reason}, such as {some[0]}": len(some) for reason, some in found.items() if some}, problems


def _find_divisions(names: list[str], depth: int) -> tuple[int, list[str]]:
    """The depth of what divides a data set at a depth, or below the only folder there, holds; and the names of that."""
    inside = _folders_inside(names, depth)
    shared = inside and set.intersection(*inside.values())
    if inside and (all(map(DIVIDED.fullmatch, inside)) or shared and all(map(PART.search, inside))):
        return depth + 1, sorted(inside)
    below, there = _find_divisions(names, depth + 1) if len(inside) == 1 else (0, [])
    return (below, there) if there and any(name.count("/") > below for name in names) else (depth, [])


def _folders_inside(names: list[str], depth: int) -> dict[str, set[str]]:
    """What folders the folders at a depth hold; "" stands for one of the same name."""
    inside = defaultdict(set)
    for name, *below in (name.split("/")[depth:] for name in names if name.count("/") > depth):
        inside[name].update("" if folder == name else folder for folder in below[:-1][:1])
    return inside


def _check_row(folder: Path, row: dict[str, str], where: str, follow: bool) -> dict[str, str]:
    name, label = row["file_name"], normalize("NFC", row["label"].strip())
    name = spell(folder, name if os.path.exists(locate(folder / name)) else name.strip())
    for column, value in (("file_name", name), ("label", label)):
        if not value:
            raise DataError(f"{where}: {column} is empty.")
    if "," in label:
        raise DataError(f'{where}: the label "{label}" holds a comma, which stands between labels in '
                        "--classes. Rename it.")
    relative = PurePosixPath(name)
    inside = f"Pictures must lie in {folder}, and their names start from it"
    if relative.is_absolute() or ".." in relative.parts or "\0" in name:
        raise DataError(f'{where}: the file name "{name}" may lead out of the folder. {inside}, without "..".')
    path = locate(folder / relative)
    if os.path.exists(path) and not is_inside(folder, path, follow):
        raise DataError(f'{where}: the file name "{name}" may lead out of the folder, by a link. {inside}; such links '
                        f"are followed where {FOLLOW}=1 stands before the command.")
    return row | {"file_name": str(relative), "label": label}
