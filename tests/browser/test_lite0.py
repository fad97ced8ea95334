"""EfficientNet-Lite0 in the browser, from files on disk: it answers as the library does."""

import base64
import io
import json

import numpy as np
import pytest
import standin
import tinyrecord
from PIL import Image
from scipy.special import softmax

from artpose_lib import cli
from artpose_lib.classify import final, model, web_model
from artpose_lib.classify.calibration import Neighbours, apply_temperature, scale_to_unit
from artpose_lib.data.pictures import decode_square
from artpose_lib.train import study

LOOK = """async ([text, index, size]) => {
    window.engine ??= ArtposeLite0.start(ARTPOSE_LITE0);
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(text), letter => letter.charCodeAt(0))]));
    const pixels = ArtposeLite0.shrink(bitmap, size), ratio = bitmap.width / bitmap.height;
    const head = ARTPOSE_HEADS[index], sides = [];
    for (const turn of [same => same, ArtposeLite0.mirror]) {
        const found = await Promise.all(head.views.map(async view => {
            const {maps} = await engine.run(turn(ArtposeLite0.show(view, pixels, ratio)));
            return ArtposeLite0.place(view, maps, ratio);
        }));
        sides.push(found[0].map((_, i) => found.reduce((sum, maps) => sum + maps[i], 0) / found.length));
    }
    const answer = ArtposeLite0.answer(head, ...sides);
    return {...answer, cams: [...answer.cams], pixels: [...pixels]};
}"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A final model of drawings, and its folder of scripts."""
    folder = tmp_path_factory.mktemp("lite0")
    opened = study.open_study(profile="smoke", results=str(folder / "results"))
    record = final.train_final(opened, standin.LITE)
    assert cli.main(["web-model", "--model", "final", "--results", str(folder / "results"), "--out",
                     str(folder / "site")]) == 0
    return opened, record, folder / "site"


@pytest.fixture(scope="module")
def page(chromium, trained):
    page = chromium.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    path = trained[2] / "page.html"
    path.write_text("".join(f'<script src="{name}.js"></script>' for name in ("lite0", "try_weights", "try_heads")))
    page.goto(path.as_uri())
    yield page
    assert not errors
    page.close()


def look(page, data, size=72):
    return page.evaluate(LOOK, [base64.b64encode(data).decode(), 0, size])


def test_it_answers_as_the_library_does(page, trained):
    opened, record, folder = trained
    head = json.loads((folder / web_model.HEAD).read_text())
    files = [(opened.dataset.folder / name).read_bytes() for name in opened.dataset.metadata["file_name"][:50]]
    classifier = model.open_classifier(record.folder, None, None)
    squares = np.stack([decode_square(data, 72, classifier.padded) for data in files])
    features, probabilities = classifier.network.predict(squares, verbose=0)
    expected = apply_temperature(probabilities, classifier.temperature)
    found = [look(page, data) for data in files]
    pixels = np.array([one["pixels"] for one in found]).reshape(-1, 72, 72, 4)[..., :3]
    assert np.abs(pixels - squares[:, :72].astype(int)).mean() < 1
    answers = np.array([one["probabilities"] for one in found])
    apart = np.abs(answers - expected)
    assert apart.mean() < 0.02 and apart.max() < 0.1
    assert (answers.argmax(axis=1) == expected.argmax(axis=1)).sum() >= 49

    means = scale_to_unit(np.frombuffer(base64.b64decode(head["unlike"]["means"]), "i1").reshape(6, -1))
    nearest = Neighbours(means, np.array(head["unlike"]["held_out"]))
    unlike = nearest.measure_unlikeness(np.sqrt(2 - 2 * (scale_to_unit(features) @ means.T).max(axis=1)))
    assert np.abs([one["unlike"] for one in found] - unlike).mean() < 0.05

    kernel = np.frombuffer(base64.b64decode(head["kernel"]), "<f4").reshape(-1, 6)
    logits = np.array([one["cams"] for one in found]).reshape(50, 6, -1).sum(axis=2) + head["bias"]
    np.testing.assert_allclose(softmax(logits / head["temperature"], axis=1), answers, atol=1e-5)
    adds = features[0] * kernel[:, answers[0].argmax()]
    loudest = adds[[one["channel"] for one in found[0]["filters"]]]
    assert loudest.min() > 0.9 * np.sort(adds)[-5]
    parts = [one["part"] for one in found[0]["filters"]]
    np.testing.assert_allclose(parts, loudest / np.maximum(adds, 0).sum(), rtol=0.1)


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
def test_pictures_are_shrunk_as_by_the_library_or_refused(page, data, apart):
    """What a browser decodes it decodes a little otherwise; CMYK by other colours."""
    shrink = """async text => [...ArtposeLite0.shrink(await createImageBitmap(new Blob([Uint8Array.from(
        atob(text), letter => letter.charCodeAt(0))])))]"""
    ask = lambda: page.evaluate(shrink, base64.b64encode(data).decode())  # noqa: E731
    if apart is None:
        with pytest.raises(Exception, match="could not be decoded"):
            ask()
    else:
        found = np.array(ask()).reshape(224, 224, 4)
        print(np.abs(found[..., :3] - decode_square(data, 224).astype(int)).max())
        assert np.abs(found[..., :3] - decode_square(data, 224).astype(int)).max() <= apart


def test_another_network_is_refused(tmp_path, capsys):
    tinyrecord.record(tmp_path / "trials" / "colours")
    out = ["--results", str(tmp_path), "--out", str(tmp_path / "out")]
    assert cli.main(["web-model", "--model", "colours", *out]) == 1
    assert "a web page computes EfficientNet-Lite0 alone" in capsys.readouterr().err
