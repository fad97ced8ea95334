"""What curation finds in a collection: everything that was planted there, and nothing in clean pictures."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from builders import smooth
from PIL import Image, ImageOps

from artpose_lib.curate.findings import extract_lite_features, find_suspicious_labels, inspect_pictures
from artpose_lib.data.decisions import Decision, append_decision
from artpose_lib.data.duplicates import NEAR_DUPLICATE_COSINE

scene = partial(smooth, width=120, height=90)


def collection(folder, pictures, **columns):
    """Writes pictures, {file name: image, or the bytes of its file}, under the labels that their folders name."""
    for name, image in pictures.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(image, bytes):
            path.write_bytes(image)
        else:
            image.save(path)
    labels = [name.split("/")[0] for name in pictures]
    pd.DataFrame({"file_name": list(pictures), "label": labels} | columns).to_csv(folder / "metadata.csv", index=False)
    return folder


def clean(n=6):
    return {f"{'Graces' if seed % 2 else 'Pieta'}/{seed}.png": scene(seed) for seed in range(n)}


def unlike(n, seed=0):
    """Features of n pictures that have nothing in common."""
    return np.random.default_rng(seed).normal(size=(n, 400)).astype(np.float32)


def kinds(found):
    return sorted(zip(found["file_name"], found["kind"], strict=True))


# Files and copies.


def test_nothing_is_found_in_clean_pictures(tmp_path):
    found = inspect_pictures(collection(tmp_path, clean()), lambda *_: unlike(6))
    assert found.empty and list(found) == ["file_name", "kind", "group", "score", "note"]


def test_files_that_are_no_pictures_are_found_with_the_reason(tmp_path):
    given, broken = [], {"Pieta/empty.png": b"", "Pieta/html.png": b"<html>403</html>"}
    for pictures in (clean() | broken, broken):
        folder = collection(tmp_path, pictures)
        found = inspect_pictures(folder)
        assert kinds(found) == [(name, "unreadable") for name in broken]
        assert "empty" in found["note"][0] and "not a picture" in found["note"][1]
        inspect_pictures(folder, lambda _, names: given.extend(names) or unlike(len(names)))
    assert given == sorted(clean())


def test_copies_are_found_each_with_its_originals_name_and_one_number_a_group(tmp_path):
    found = inspect_pictures(collection(tmp_path, clean() | {
        "Graces/1 copy.png": scene(1), "Graces/1 mirrored.png": ImageOps.mirror(scene(1)),
        "Pieta/2 small.png": scene(2).resize((60, 45))}))
    assert kinds(found) == [
        ("Graces/1 copy.png", "exact duplicate"), ("Graces/1 copy.png", "near duplicate"),
        ("Graces/1 mirrored.png", "near duplicate"),
        ("Graces/1.png", "exact duplicate"), ("Graces/1.png", "near duplicate"),
        ("Pieta/2 small.png", "near duplicate"), ("Pieta/2.png", "near duplicate")]
    assert found["group"].tolist() == [1, 1, 1, 1, 1, 2, 2] and set(found["score"]) == {1.0}
    notes = found.set_index(["file_name", "kind"])["note"]
    assert notes["Graces/1 copy.png", "exact duplicate"] == "It is the same file as Graces/1.png."
    assert notes["Graces/1 mirrored.png", "near duplicate"] == "It looks like Graces/1 copy.png, Graces/1.png."
    many = inspect_pictures(collection(tmp_path / "many", {f"Pieta/{number}.png": scene(0) for number in range(12)}))
    assert many["note"][0].count(".png") == 4 and many["note"][0].endswith(", 7 more.")


def test_features_find_the_copies_that_the_hash_misses(tmp_path):
    folder = collection(tmp_path, clean() | {"Pieta/empty.png": b""})
    features = unlike(6)
    features[1] = 1.2 * features[0] + 0.02
    found = inspect_pictures(folder, lambda *_: features).query("kind != 'unreadable'")
    first, second = "Graces/1.png", "Graces/3.png"
    assert kinds(found) == [(first, "near duplicate"), (second, "near duplicate")]
    assert found["score"].between(NEAR_DUPLICATE_COSINE, 1).all() and found["note"][0] == f"It looks like {second}."


# Labels.


def test_a_picture_under_two_poses_is_found(tmp_path):
    found = inspect_pictures(collection(tmp_path, clean() | {"Sebastian/1.png": scene(1), "Tanagra/2.jpg": scene(2)}))
    disputed = found[found["kind"] == "two poses"]
    assert disputed["file_name"].tolist() == ["Graces/1.png", "Pieta/2.png", "Sebastian/1.png", "Tanagra/2.jpg"]
    assert disputed["group"].tolist() == [1, 2, 1, 2]
    assert disputed["note"].iloc[0] == ('One picture or work has several labels: Graces/1.png as "Graces", '
                                        'Sebastian/1.png as "Sebastian".')


def test_a_file_that_the_table_lists_under_two_labels_is_disputed_and_no_copy_of_itself(tmp_path):
    folder = collection(tmp_path, clean())
    with (folder / "metadata.csv").open("a", encoding="utf-8") as table:
        table.write("Pieta/0.png,Tanagra\nPieta/2.png,Pieta\n")
    assert set(kinds(inspect_pictures(folder))) == {("Pieta/0.png", "two poses")}


def test_a_work_under_two_poses_is_found_by_its_number_in_its_museum(tmp_path):
    names = list(clean())  # Pieta/0, Graces/1, Pieta/2, …
    sources, numbers = ["met"] * 3 + ["smk"] * 3 + ["", ""], ["7", "7", "8", "8", "", "", "9", "9"]
    found = inspect_pictures(collection(tmp_path, clean(8), source=sources, ID=numbers))
    assert kinds(found) == [(names[1], "two poses"), (names[0], "two poses")]
    assert set(found["group"]) == {1}


def test_a_page_of_text_among_the_pictures_is_found(tmp_path):
    stripes = np.full((200, 160, 3), 250, np.uint8)
    rng = np.random.default_rng(0)
    for y in range(10, 190, 12):
        stripes[y:y + 6, 8:152] = 250 * rng.integers(0, 2, (1, 144, 1))
    found = inspect_pictures(collection(tmp_path, clean() | {"Pieta/label.png": Image.fromarray(stripes)}))
    assert kinds(found) == [("Pieta/label.png", "text page")] and found["group"].tolist() == [0]


def test_the_order_of_rows_a_table_and_decisions_are_of_no_account(tmp_path):
    folder = collection(tmp_path, clean() | {"Sebastian/1.png": scene(1), "Pieta/0b.png": scene(0)})
    found = inspect_pictures(folder)
    assert found["file_name"].is_monotonic_increasing and len(found) == 6
    append_decision(folder, Decision("Sebastian/1.png", "drop", who="Ann"))
    pd.read_csv(folder / "metadata.csv").iloc[::-1].to_csv(folder / "metadata.csv", index=False)
    assert inspect_pictures(folder).equals(found)
    (folder / "metadata.csv").unlink()
    (folder / "decisions.csv").unlink()
    assert inspect_pictures(folder).equals(found)


# Suspicious labels.


def coloured(n, seed=0):
    """n pictures of three colours as their 4 x 4 pixels, and the colours' names: features that a line can divide."""
    rng = np.random.default_rng(seed)
    labels = np.array(["blue", "green", "red"])[np.arange(n) % 3]
    colours = {"blue": (30, 40, 200), "green": (40, 190, 50), "red": (200, 40, 30)}
    return np.array([np.clip(rng.normal(colours[label], 60, (16, 3)), 0, 255).ravel() for label in labels]), labels


@pytest.mark.parametrize("seed", range(3))
def test_most_swapped_labels_are_found_and_no_others(seed):
    features, true = coloured(120, seed)
    swapped = np.random.default_rng(seed).choice(120, 6, replace=False)
    labels = true.copy()
    labels[swapped] = [{"blue": "green", "green": "red", "red": "blue"}[label] for label in true[swapped]]
    found = find_suspicious_labels(features, labels, np.arange(120), seed)
    assert set(found["row"]) <= set(swapped) and len(found) >= 4
    assert [true[row] for row in found["row"]] == found["suggested"].tolist()
    assert found["score"].is_monotonic_decreasing and found["score"].between(0, 1).all()
    assert found.equals(find_suspicious_labels(features, labels, np.arange(120), seed))
    assert find_suspicious_labels(features, true, np.arange(120), seed).empty


def test_a_copy_does_not_vouch_for_its_copy():
    rng = np.random.default_rng(0)
    labels = np.array(["a", "b"] * 45)
    features = rng.normal(size=(90, 300)) + 0.5 * (labels == "b")[:, None]  # more details of their own than of a class
    features = np.concatenate([features, np.repeat(features[-1:], 4, axis=0)])
    labels = np.append(labels, ["a"] * 4)
    labels[89] = "a"  # the last picture is a b; it and its four copies stand under a
    wrong = [89, 90, 91, 92, 93]
    together, apart = np.minimum(np.arange(94), 89), np.arange(94)
    assert sorted(find_suspicious_labels(features, labels, together, 0)["row"]) == wrong
    assert not set(wrong) & set(find_suspicious_labels(features, labels, apart, 0)["row"])


def test_findings_name_suspicious_labels_and_pass_over_a_class_that_is_too_small(tmp_path):
    pictures = {f"{'Graces' if seed < 10 else 'Pieta'}/{seed:02}.png": scene(seed) for seed in range(20)}
    folder = collection(tmp_path, pictures | {"Tanagra/20.png": scene(20)})
    features = unlike(21)
    features[:10] += 0.5
    features[10:] -= 0.5
    features[[2, 13]] = features[[13, 2]]  # each looks like the other's class
    found = inspect_pictures(folder, lambda *_: features)
    assert kinds(found) == [("Graces/02.png", "suspicious label"), ("Pieta/13.png", "suspicious label")]
    assert found["note"][0] == 'It stands under "Graces", and looks like "Pieta" to a network.'


@pytest.mark.slow
def test_features_come_in_the_order_of_the_names(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(tmp_path / f"{name}.png")
    both, last = (extract_lite_features(tmp_path, names) for names in (["a.png", "b.png"], ["b.png"]))
    assert both.shape == (2, 1280) and both.dtype == np.float32
    np.testing.assert_allclose(both[1], last[0], atol=1e-5)
