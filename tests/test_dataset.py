import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from artpose_lib import dataset
from artpose_lib.dataset import (
    DataError,
    balanced_parts,
    load_dataset,
    near_duplicate_groups,
    random_parts,
    split,
    summary,
)

ARTWORKS = Path(__file__).parents[2] / "shared" / "data" / "artworks"


def draw(path, seed):
    """A smooth random picture of 40 x 30 pixels."""
    noise = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise).resize((40, 30), Image.Resampling.BICUBIC).save(path)


def make_folder(folder, counts, **columns):
    """Pictures and a metadata.csv, for example {"A": 4, "B": 5}; the frame that was written."""
    names = [(f"{label}/{number}.png", label) for label, n in counts.items() for number in range(n)]
    for seed, (name, _) in enumerate(names):
        draw(folder / name, seed)
    frame = pd.DataFrame(names, columns=["file_name", "label"]).assign(**columns)
    frame.to_csv(folder / "metadata.csv", index=False)
    return frame


def write_table(folder, text, encoding="utf-8"):
    folder.mkdir(exist_ok=True)
    (folder / "metadata.csv").write_bytes(text.encode(encoding))


@pytest.fixture
def folder(tmp_path):
    make_folder(tmp_path, {"A": 4, "B": 5})
    return tmp_path


# What is loaded.


def test_rows_labels_and_counts(folder):
    data = load_dataset(folder)
    assert data.classes == ("A", "B")
    assert data.labels.tolist() == [0] * 4 + [1] * 5 and data.labels.dtype == np.int64
    assert data.counts().to_dict() == {"A": 4, "B": 5} and len(data) == 9
    assert data.problems.empty and list(data.problems) == ["file_name", "problem", "action"]
    assert summary(data)["share"].sum() == pytest.approx(1)


def test_images_are_the_pictures_of_the_rows_asked_for(folder):
    data = load_dataset(folder)
    everything, some = data.images(16), data.images(16, rows=np.array([7, 2]))
    assert everything.shape == (9, 16, 16, 3) and everything.dtype == np.uint8
    assert np.array_equal(some, everything[[7, 2]])
    picture = Image.open(folder / data.metadata["file_name"][7]).resize((16, 16), Image.Resampling.BILINEAR)
    assert np.array_equal(some[0], np.asarray(picture))


def test_further_columns_are_kept_as_text(tmp_path):
    make_folder(tmp_path, {"A": 4, "B": 4}, DATE="0012", AUTHOR="NA")
    metadata = load_dataset(tmp_path).metadata
    assert set(metadata["DATE"]) == {"0012"} and set(metadata["AUTHOR"]) == {"NA"}


def test_a_byte_order_mark_line_breaks_and_spaces_do_no_harm(tmp_path):
    frame = make_folder(tmp_path, {"A": 4, "B": 4}, TITLE='Venus,\n "asleep"')
    frame["label"] = " " + frame["label"] + " "
    write_table(tmp_path, frame.to_csv(index=False, lineterminator="\r\n"), "utf-8-sig")
    data = load_dataset(tmp_path)
    assert data.classes == ("A", "B") and len(data) == 8


def test_without_a_table_each_folder_is_a_class(folder):
    (folder / "metadata.csv").unlink()
    (folder / "A" / ".DS_Store").write_bytes(b"noise")
    (folder / "B" / "notes.txt").write_text("Not a picture.")
    data = load_dataset(folder)
    assert data.counts().to_dict() == {"A": 4, "B": 5}
    assert data.metadata["file_name"].tolist() == sorted(data.metadata["file_name"])
    assert data.problems["file_name"].tolist() == ["B/notes.txt"]


def test_table_and_folders_give_the_same_data_whatever_the_order_of_rows(folder):
    first = load_dataset(folder)
    pd.read_csv(folder / "metadata.csv").iloc[::-1].to_csv(folder / "metadata.csv", index=False)
    second = load_dataset(folder)
    (folder / "metadata.csv").unlink()
    third = load_dataset(folder)
    assert first.fingerprint == second.fingerprint == third.fingerprint
    assert first.metadata.equals(second.metadata)


def test_the_fingerprint_changes_with_name_label_and_bytes(folder):
    seen = {load_dataset(folder).fingerprint}
    frame = pd.read_csv(folder / "metadata.csv")
    draw(folder / "A" / "0.png", seed=99)
    seen.add(load_dataset(folder).fingerprint)
    frame.loc[frame["file_name"] == "B/0.png", "label"] = "A"
    frame.to_csv(folder / "metadata.csv", index=False)
    seen.add(load_dataset(folder).fingerprint)
    (folder / "A" / "0.png").rename(folder / "A" / "new.png")
    frame.replace("A/0.png", "A/new.png").to_csv(folder / "metadata.csv", index=False)
    seen.add(load_dataset(folder).fingerprint)
    assert len(seen) == 4 and all(len(value) == 12 and int(value, 16) >= 0 for value in seen)


@pytest.mark.parametrize("classes", ["C, A", ["A", "C"], ("C", "A", "C")])
def test_classes_leaves_others_out(tmp_path, classes):
    make_folder(tmp_path, {"A": 4, "B": 1, "C": 5})
    assert load_dataset(tmp_path, classes).counts().to_dict() == {"A": 4, "C": 5}


def test_odd_labels_are_taken_as_they_are(tmp_path):
    labels = ["pieta", "Pieta", "<b>x</b>", "a/b"]
    frame = make_folder(tmp_path, {"A": 16})
    frame.assign(label=np.repeat(labels, 4)).to_csv(tmp_path / "metadata.csv", index=False)
    assert load_dataset(tmp_path).classes == tuple(sorted(labels))


# What is left out.


def test_unusable_pictures_are_left_out_and_named(tmp_path):
    make_folder(tmp_path, {"A": 8, "B": 4})
    (tmp_path / "A/0.png").write_bytes(b"")
    (tmp_path / "A/1.png").write_bytes((tmp_path / "A/1.png").read_bytes()[:200])
    (tmp_path / "A/2.png").write_text("<html>404</html>")
    (tmp_path / "A/3.png").unlink()
    data = load_dataset(tmp_path)
    assert data.counts().to_dict() == {"A": 4, "B": 4}
    assert data.problems["file_name"].tolist() == ["A/0.png", "A/1.png", "A/2.png", "A/3.png"]
    assert set(data.problems["action"]) == {"left out"}
    reasons = ["empty", "decoded", "not a picture", "no such"]
    for problem, word in zip(data.problems["problem"], reasons, strict=True):
        assert word in problem and problem.endswith(".")


def test_converted_pictures_stay_and_are_named(folder):
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(folder / "A/0.png")
    data = load_dataset(folder)
    assert len(data) == 9
    assert data.problems[["file_name", "action"]].to_numpy().tolist() == [["A/0.png", "converted"]]
    assert (data.images(4, rows=[0]) == 255).all()


def test_a_row_that_is_there_twice_counts_once(folder):
    frame = pd.read_csv(folder / "metadata.csv")
    frame.iloc[[0, *range(9)]].replace("A/1.png", "./A/1.png").to_csv(folder / "metadata.csv", index=False)
    data = load_dataset(folder)
    assert len(data) == 9
    assert data.problems[["file_name", "action"]].to_numpy().tolist() == [["A/0.png", "kept once"]]


@pytest.mark.parametrize("name", ["A/4.png", "B/copy.png"])  # one file listed twice, or two of the same bytes
def test_a_picture_with_two_labels_is_left_out(tmp_path, name):
    frame = make_folder(tmp_path, {"A": 5, "B": 4})
    (tmp_path / "B/copy.png").write_bytes((tmp_path / "A/4.png").read_bytes())
    frame.loc[len(frame)] = [name, "B"]
    frame.to_csv(tmp_path / "metadata.csv", index=False)
    data = load_dataset(tmp_path)
    assert data.counts().to_dict() == {"A": 4, "B": 4}
    assert set(data.problems["file_name"]) == {"A/4.png", name}
    assert 'A/4.png as "A"' in data.problems["problem"][0] and f'{name} as "B"' in data.problems["problem"][0]


# What is refused.


@pytest.mark.parametrize("table, message", [
    ("", 'metadata.csv: the columns "file_name" and "label" are needed.*none'),
    ("file_name;label\na.png;A\n", 'split at commas: "file_name;label"'),
    ("file_name,label\n", "no pictures"),
    ("file_name,label\na.png,A\n\nb.png,\n", "metadata.csv, line 4: label is empty"),
    ('file_name,label,TITLE\na.png,A,"two\nlines"\n ,  ,\n', "line 4: label is empty"),
    ("file_name,label\n,A\n", "line 2: file_name is empty"),
    ("file_name,label\na.png\n", "line 2: label is empty"),
    ("file_name,label\na.png,A,Venus, asleep\n", "line 2: 2 more values than columns"),
    ('file_name,label\na.png,"A\nb.png,B\n', "this is not CSV"),
    ('file_name,label\na.png,"A,B"\n', 'line 2: the label "A,B" holds a comma'),
    ("file_name,label\n/etc/passwd,A\n", 'line 2: the file name "/etc/passwd" leads out'),
    ("file_name,label\nA/../../x.png,A\n", 'the file name "A/../../x.png" leads out'),
    ("file_name,label\nA/\0.png,A\n", "leads out"),
    ("file_name,label\na.png,A\n", '"A" is the only class'),
])
def test_a_malformed_table_is_refused(tmp_path, table, message):
    write_table(tmp_path, table)
    with pytest.raises(DataError, match=message) as refusal:
        load_dataset(tmp_path)
    assert str(tmp_path) in str(refusal.value)


@pytest.mark.parametrize("encoding, line", [("latin-1", 2), ("utf-16", 1)])
def test_another_encoding_is_refused_with_its_line(tmp_path, encoding, line):
    write_table(tmp_path, "file_name,label\npietà.png,A\n", encoding)
    with pytest.raises(DataError, match=f"metadata.csv, line {line}: .*not UTF-8"):
        load_dataset(tmp_path)


def test_a_link_out_of_the_folder_is_refused(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.png"
    draw(outside, 1)
    (folder / "A/0.png").unlink()
    os.symlink(outside, folder / "A/0.png")
    with pytest.raises(DataError, match='"A/0.png" leads out'):
        load_dataset(folder)


def test_a_missing_or_empty_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        load_dataset(tmp_path / "missing")
    with pytest.raises(DataError, match="metadata.csv"):
        load_dataset(tmp_path)


def test_an_unknown_class_is_refused_with_those_there(folder):
    with pytest.raises(DataError, match='the label "a".* there: A, B'):
        load_dataset(folder, "a,B")


def test_small_classes_are_all_named_in_one_message(tmp_path):
    make_folder(tmp_path, {"A": 4, "B": 3, "C": 1, "D D": 4})
    with pytest.raises(DataError) as refusal:
        load_dataset(tmp_path)
    assert str(refusal.value) == (
        f'{tmp_path}: class "B" has 3 pictures, class "C" has 1 picture, and at least 4 are needed (two to '
        "train on, one to validate, one to test). Add pictures, or leave them out: --classes 'A,D D'")


def test_a_class_that_shrank_by_damage_says_so(folder):
    (folder / "A/0.png").write_bytes(b"")
    with pytest.raises(DataError, match='"A" has 3 pictures.*Left out were 1, the first A/0.png: .* is empty.'):
        load_dataset(folder)


def test_nothing_readable_is_refused(folder):
    for path in folder.glob("*/*.png"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match='"A" has 0 pictures, class "B" has 0 pictures'):
        load_dataset(folder)


# Splits.

counts_of_classes = st.lists(st.integers(4, 60), min_size=2, max_size=6)
seeds = st.integers(0, 2**32 - 1)


def parts_by_class(part, labels):
    """Pictures as int (3, classes)."""
    table = np.zeros((3, labels.max() + 1), int)
    np.add.at(table, (part, labels), 1)
    return table


@given(n=st.integers(8, 2000), seed=seeds)
def test_random_parts_have_the_thesis_sizes(n, seed):
    sizes = np.bincount(random_parts(n, np.random.default_rng(seed)), minlength=3)
    assert sizes.sum() == n and sizes.min() >= 1
    assert np.abs(sizes - n * np.array([0.8, 0.1, 0.1])).max() <= 1


@settings(max_examples=50, deadline=None)
@given(counts=counts_of_classes, seed=seeds)
def test_without_groups_each_class_is_divided_exactly(counts, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    part = balanced_parts(labels, np.arange(len(labels)), np.random.default_rng(seed))
    table = parts_by_class(part, labels)
    assert (table >= [[2], [1], [1]]).all()
    assert (table[1] == table[2]).all()
    assert (np.abs(table[1] - 0.15 * np.array(counts)) <= 0.5).all()


@settings(max_examples=50, deadline=None)
@given(groups_of_class=st.lists(st.lists(st.integers(1, 7), min_size=3, max_size=15), min_size=2, max_size=5),
       seed=seeds)
def test_groups_stay_whole_and_every_class_is_everywhere(groups_of_class, seed):
    sizes = np.concatenate(groups_of_class)
    labels = np.repeat(np.repeat(np.arange(len(groups_of_class)), [len(g) for g in groups_of_class]), sizes)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    part = balanced_parts(labels, groups, np.random.default_rng(seed))
    assert all(len(set(part[groups == group])) == 1 for group in set(groups))
    assert (parts_by_class(part, labels) >= 1).all()


@settings(max_examples=50, deadline=None)
@given(labels=st.lists(st.integers(0, 4), min_size=1, max_size=60), seed=seeds)
def test_groups_of_mixed_classes_stay_whole_too(labels, seed):
    labels = np.array(labels)
    groups = np.random.default_rng(seed).integers(0, 10, len(labels))
    part = balanced_parts(labels, groups, np.random.default_rng(seed))
    assert set(part) <= {0, 1, 2}
    assert all(len(set(part[groups == group])) == 1 for group in set(groups))


def test_a_grouped_division_is_near_the_thesis_shares():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(6), 150)
    groups = np.unique(labels * 1000 + rng.integers(0, 60, 900), return_inverse=True)[1]  # about 2.7 a group
    table = parts_by_class(balanced_parts(labels, groups, rng), labels)
    assert np.abs(table / 150 - [[0.7], [0.15], [0.15]]).max() < 0.03


@pytest.fixture(scope="module")
def with_copies(tmp_path_factory):
    """Eight pictures a class; A/0 is mirrored in A/1, and B/0 to B/3 show one work."""
    folder = tmp_path_factory.mktemp("copies")
    work = [""] * 8 + ["David"] * 4 + ["", " ", "", "Venus"]
    make_folder(folder, {"A": 8, "B": 8}, work=work)
    Image.open(folder / "A/0.png").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "A/1.png")
    return load_dataset(folder)


def test_near_duplicates_and_photographs_of_one_work_make_groups(with_copies):
    groups = near_duplicate_groups(with_copies)
    assert groups[0] == groups[1] and len(set(groups[8:12])) == 1
    assert len(set(groups)) == 16 - 1 - 3 and groups.dtype == np.int64


@pytest.mark.parametrize("scheme", dataset.SPLITS)
def test_a_split_is_complete_disjoint_and_repeatable(with_copies, scheme):
    first, second, other = (split(with_copies, scheme, seed) for seed in (40, 40, 41))
    rows = np.concatenate([first.train, first.validation, first.test])
    assert sorted(rows) == list(range(16)) and rows.dtype == np.int64
    for part in ("train", "validation", "test"):
        assert np.array_equal(getattr(first, part), getattr(second, part))
    assert not np.array_equal(first.train, other.train)


@pytest.mark.parametrize("seed", range(5))
def test_a_grouped_split_parts_no_group(with_copies, seed):
    parts = split(with_copies, "grouped", seed)
    groups = near_duplicate_groups(with_copies)
    sides = [set(groups[rows]) for rows in (parts.train, parts.validation, parts.test)]
    assert sum(map(len, sides)) == len(set(groups))


def test_rows_of_a_part_are_shuffled(with_copies):
    train = split(with_copies, "stratified", 0).train
    assert not np.array_equal(train, np.sort(train))


def test_a_class_of_too_few_works_cannot_be_grouped(tmp_path):
    make_folder(tmp_path, {"A": 6, "B": 6}, work=["David"] * 3 + ["Bacchus"] * 3 + [""] * 6)
    with pytest.raises(DataError, match='class "A" is missing .* its 6 pictures fall into 2 group'):
        split(load_dataset(tmp_path), "grouped", 0)


def test_an_unknown_split_is_refused_with_the_three_there_are(with_copies):
    with pytest.raises(ValueError, match='"kfold"; choose one of random, stratified, grouped'):
        split(with_copies, "kfold", 0)


# Real artworks.


@pytest.mark.skipif(not ARTWORKS.exists(), reason="the collection of real artworks is not here")
def test_real_artworks():
    with pytest.raises(DataError) as refusal:
        load_dataset(ARTWORKS)
    assert 'class "Tanagra" has 1 picture, and at least 4 are needed' in str(refusal.value)
    rest = str(refusal.value).rpartition("--classes ")[2]
    data = load_dataset(ARTWORKS, rest)
    assert len(data) == 67 and data.problems.empty
    groups = near_duplicate_groups(data)
    davids = groups[data.metadata["work"] == "Michelangelo David"]
    assert len(davids) == 5 and len(set(davids)) == 1 and len(set(groups)) == 61
    parts = split(data, "grouped", 40)
    assert set(data.labels[parts.test]) == set(data.labels[parts.validation]) == set(range(5))
