"""EfficientNet-Lite0 in the browser, from files on disk: it answers as the library does."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
import standin
import tinyrecord
from PIL import Image
from scipy.special import softmax

from artpose_lib import cli, web
from artpose_lib.classify import final, model, web_model
from artpose_lib.classify.calibration import apply_temperature
from artpose_lib.data.pictures import decode_square
from artpose_lib.train import study
from artpose_lib.train.means import ClassMeans, scale_to_unit

# What a page hands over in base64, as a list of numbers takes seconds.
SHRINK = """const shrink = async (text, size) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(text), letter => letter.charCodeAt(0))]));
    const pixels = ArtposeLite0.shrink(bitmap, size);
    const shown = btoa(pixels.reduce((all, one) => all + String.fromCharCode(one), ""));
    return {pixels, shown, ratio: bitmap.width / bitmap.height};
};"""
LOOK = """async ([text, size]) => {
    window.engine ??= ArtposeLite0.start(ARTPOSE_LITE0);
    const {pixels, shown, ratio} = await shrink(text, size);
    const [head] = ARTPOSE_HEADS, sides = [];
    for (const turn of [same => same, ArtposeLite0.mirror].slice(0, 1 + head.mirrored)) {
        const found = await Promise.all(head.views.map(async view => {
            const {maps} = await engine.run(turn(ArtposeLite0.show(view, pixels, ratio)));
            return ArtposeLite0.place(view, maps, ratio);
        }));
        sides.push(found[0].map((_, i) => found.reduce((sum, maps) => sum + maps[i], 0) / found.length));
    }
    const answer = ArtposeLite0.answer(head, ...sides);
    return {...answer, cams: [...answer.cams], pixels: shown};
}"""


@pytest.fixture(scope="module")
def opened(smoke_results):
    return study.open_study(profile="smoke", results=str(smoke_results))


@pytest.fixture
def open_page(chromium, tmp_path):
    """Opens a page of some scripts from disk. The test fails for an error on it."""
    page, errors = chromium.new_page(), []
    page.on("pageerror", lambda error: errors.append(error))

    def open_page(folder, *names):
        path = tmp_path / "page.html"
        scripts = "".join(f'<script src="{(folder / name).as_uri()}.js"></script>' for name in names)
        path.write_text(f"{scripts}<script>{SHRINK}</script>")
        page.goto(path.as_uri())
        return page

    yield open_page
    assert not errors
    page.close()


def unpack(text, size):
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(size, size, 4)[..., :3].astype(int)


def answer(opened, record, folder, open_page, count):
    """What the library and what a page say of so many drawings; the page's head too."""
    assert cli.main(["web-model", "--model", record.folder.name, "--results", str(opened.results), "--out",
                     str(folder)]) == 0
    classifier, size = model.open_classifier(record.folder, None), record.config["size"]
    files = [(opened.dataset.folder / name).read_bytes() for name in opened.dataset.metadata["file_name"][:count]]
    squares = np.stack([decode_square(data, size, classifier.padded) for data in files])
    features, probabilities = classifier.network.predict(squares, verbose=0)
    page = open_page(folder, "lite0", "try_weights", "try_heads")
    found = [page.evaluate(LOOK, [base64.b64encode(data).decode(), size]) for data in files]
    pixels = np.stack([unpack(one["pixels"], size) for one in found])
    assert np.abs(pixels - squares[:, :size]).mean() < 1
    said, expected = np.array([one["probabilities"] for one in found]), apply_temperature(
        probabilities, classifier.temperature)
    assert np.abs(said - expected).mean() < 0.02 and np.abs(said - expected).max() < 0.1
    assert (said.argmax(axis=1) == expected.argmax(axis=1)).sum() >= count - 1
    return json.loads((folder / web_model.HEAD).read_text()), features, said, found


def test_it_answers_as_the_library_does(opened, tmp_path, open_page):
    record = final.train_final(opened, standin.LITE)
    head, features, said, found = answer(opened, record, tmp_path / "own", open_page, 50)
    centre, means = (np.frombuffer(base64.b64decode(head["unlike"][name]), kind) for name, kind in (
        ("centre", "<f4"), ("means", "i1")))
    known = ClassMeans(centre, scale_to_unit(means.reshape(6, -1)), np.array(head["unlike"]["held_out"]))
    unlike = known.measure_unlikeness(known.measure_distances(features))
    assert np.abs([one["unlike"] for one in found] - unlike).mean() < 0.05
    logits = np.array([one["cams"] for one in found]).reshape(50, 6, -1).sum(axis=2) + head["bias"]
    np.testing.assert_allclose(softmax(logits / head["temperature"], axis=1), said, atol=1e-5)
    kernel = np.frombuffer(base64.b64decode(head["kernel"]), "<f4").reshape(-1, 6)
    adds = features[0] * kernel[:, said[0].argmax()]
    loudest = adds[[one["channel"] for one in found[0]["filters"]]]
    assert loudest.min() > 0.9 * np.sort(adds)[-5]
    parts = [one["part"] for one in found[0]["filters"]]
    np.testing.assert_allclose(parts, loudest / np.maximum(adds, 0).sum(), rtol=0.1)


def test_a_fine_tuned_network_answers_as_the_library_does(opened, tmp_path, open_page):
    """It has weights of its own, sees neither mirror image nor grey, and its features are no roots."""
    trials = opened.find("finetuned", backbones=[standin.LITE]).records
    for record in [one for one in trials if one.weights]:  # those that the book has trained, where its tests run too
        answer(opened, record, tmp_path / record.folder.name, open_page, 6)


def picture(mode="RGB", size=(90, 60)):
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 255, (6, 9, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)
    return noise.convert(mode)


def save(image, form="PNG", **options):
    data = io.BytesIO()
    image.save(data, form, **options)
    return data.getvalue()


def on_its_side():
    exif = Image.Exif()
    exif[0x0112] = 6
    return save(picture(), "JPEG", quality=95, exif=exif)


def transparent():
    image = picture("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return save(image)


@pytest.mark.parametrize(("data", "apart"), [
    (save(picture()), 1), (on_its_side(), 4), (transparent(), 2), (save(picture("L"), "JPEG", quality=95), 2),
    (save(picture("CMYK"), "TIFF"), None), (save(picture("CMYK"), "JPEG", quality=95), 12),
    (save(picture(size=(5200, 4000)), "JPEG", quality=90), 6), (save(picture(size=(1, 1))), 0),
    (save(picture())[:400], None), (b"This is a text, whatever it is called.", None)],
    ids=["plain", "EXIF", "transparent", "grey", "TIFF", "CMYK", "20 megapixels", "1 pixel", "cut off", "text"])
def test_pictures_are_shrunk_as_by_the_library_or_refused(open_page, data, apart):
    """What a browser decodes it decodes a little otherwise; CMYK by other colours."""
    ask = "async text => (await shrink(text, 224)).shown"
    page, text = open_page(Path(web.__file__).parent, "lite0"), base64.b64encode(data).decode()
    if apart is None:
        with pytest.raises(Exception, match="could not be decoded"):
            page.evaluate(ask, text)
    else:
        found = unpack(page.evaluate(ask, text), 224)
        assert np.abs(found - decode_square(data, 224)).max() <= apart


def test_another_network_is_refused(tmp_path, capsys):
    tinyrecord.record(tmp_path / "trials" / "colours")
    out = ["--results", str(tmp_path), "--out", str(tmp_path / "out")]
    assert cli.main(["web-model", "--model", "colours", *out]) == 1
    assert "a web page computes EfficientNet-Lite0 alone" in capsys.readouterr().err
