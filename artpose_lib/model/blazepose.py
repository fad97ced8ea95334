"""BlazePose (Bazarevsky and others 2020, arXiv:2006.10204): figures in a picture and their joints, by two networks of
Google's MediaPipe (Apache-2.0), a detector and one that places 33 landmarks. They learned from photographs of people.

They are fed as MediaPipe's graphs pose_detection_cpu and pose_landmark_cpu feed them.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from PIL import Image
from scipy.special import expit

from artpose_lib.data.dataset import PoseDataset
from artpose_lib.data.joints import JOINTS
from artpose_lib.data.pictures import read_ahead, shrink_picture
from artpose_lib.data.views import widen
from artpose_lib.model.backbones import WeightsMissing, check_published, find_published

GOOGLE = "https://storage.googleapis.com/mediapipe-assets/"
# The two files, their addresses and their SHA-256 sums, as mediapipe's third_party/external_files.bzl has them.
FILES = {"pose_detection.tflite": (
             f"{GOOGLE}pose_detection.tflite?generation=1678737489600422",
             "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c"),
         "pose_landmark_full.tflite": (
             f"{GOOGLE}pose_landmark_full.tflite?generation=1661875894245786",
             "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f")}
LANDMARKS = dict(zip(JOINTS, (0, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28), strict=True))  # the nose for the head
SIDE = 640  # pixels of a picture's longer side: the regions are looked at in 256
DETECTOR_SIDE, REGION_SIDE = 224, 256  # pixels
STRIDES = ((8, 2), (16, 2), (32, 6))  # of the detector's cells in pixels, and its anchors a cell
SURE, OVERLAP = 0.5, 0.3  # MediaPipe's own: a figure's least score, and the overlap of two that are one
MOST = 3  # figures a picture
REACH = 2 * 1.25  # the side of a figure's region by the distance of the detector's first two key points
COLUMNS = ["file_name", "figure", "score", "width", "height", "x0", "y0", "x1", "y1",
           *(f"{joint}_{axis}" for joint in JOINTS for axis in "xy")]


def find_models(weights_dir: str | Path | None) -> list[Path]:
    """The two model files: in a folder of weights or its folder `pose`, in an installed mediapipe, or downloaded.

    Raises WeightsMissing where one cannot be had or the package that runs them is missing, and ValueError, naming the
    file, where one is damaged.
    """
    if find_spec("ai_edge_litert") is None:
        raise WeightsMissing("No pose detection: the package that runs its networks is not installed. Run: "
                             'uv pip install -e ".[pose]"')
    folders = [Path(weights_dir), Path(weights_dir) / "pose"] if weights_dir else []
    if mediapipe := find_spec("mediapipe"):
        modules = Path(mediapipe.origin).parent / "modules"
        folders += [modules / "pose_detection", modules / "pose_landmark"]
    found = []
    for name, (address, expected) in FILES.items():
        path, fault = next((folder / name for folder in folders if (folder / name).is_file()), None), ""
        if path is None:
            path, fault = find_published(address, "sha256", expected)
        if fault:
            raise WeightsMissing(f"No pose detection: there is no {name}, and it cannot be downloaded ({fault}). Put "
                                 f"{address.partition('?')[0]} into a folder and name the folder with --weights or "
                                 "ARTPOSE_WEIGHTS.")
        found.append(check_published(path, "sha256", expected))
    return found


def find_fault(weights_dir: str | Path | None) -> str:
    """Why no figures can be found here, in a sentence or two; "" where they can."""
    try:
        find_models(weights_dir)
    except (WeightsMissing, ValueError) as error:
        return str(error)
    return ""


def find_figures(dataset: PoseDataset, weights_dir: str | Path | None = None) -> pd.DataFrame:
    """The figures that are found in each picture, at most MOST, the surest first.

    Returns a row a figure, COLUMNS: file_name, figure (from 0), score (from SURE to 1), then in pixels of the whole
    upright picture: its width and height, x0, y0, x1, y1 (the box of all landmarks), and the places of JOINTS.
    Raises as `find_models`.
    """
    networks, names = find_models(weights_dir), dataset.metadata["file_name"]
    pictures = read_ahead(lambda name: shrink_picture(dataset.folder / name, SIDE), names)
    rows = [(name, number, *figure) for name, picture in zip(names, pictures, strict=True)
            for number, figure in enumerate(_measure_figures(*picture, networks))]
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(COLUMNS[2:], "float32"))


def propose_boxes(path: Path, weights_dir: str | Path | None = None) -> str:
    """The boxes of the figures that are found in one picture's file, with a margin and as the column `boxes` has them;
    "" where there are none or `find_fault` says why none can be looked for. Raises PictureError where there is no
    picture."""
    if find_fault(weights_dir):
        return ""
    figures = _measure_figures(*shrink_picture(path, SIDE), find_models(weights_dir))
    wide = [np.rint(widen(box, (width, height))).astype(int)
            for _, width, height, *box in (figure[:7] for figure in figures)]
    return ";".join(" ".join(map(str, box)) for box in wide)


def _measure_figures(image: Image.Image, size: tuple[int, int], networks: Sequence[Path]) -> Iterator[tuple]:
    """Of each figure COLUMNS from `score` on; `image` may be smaller than the picture, whose `size` is told."""
    for score, landmarks in locate_figures(np.asarray(image), networks):
        landmarks = landmarks * size[0] / image.width
        box = np.clip([*landmarks.min(axis=0), *landmarks.max(axis=0)], 0, size * 2)
        yield (score, *size, *box, *landmarks[[*LANDMARKS.values()]].ravel())


def locate_figures(picture: np.ndarray, networks: Sequence[Path]) -> Iterator[tuple[float, np.ndarray]]:
    """The score and the 33 landmarks, float (33, 2) in pixels, of each figure in a picture, uint8 RGB (h, w, 3)."""
    detector, placer = map(_load, networks)
    for start, end in detect_figures(picture, detector):
        upwards = end - start
        across = np.array([-upwards[1], upwards[0]])
        # The region is a square around the hips, turned so that the second key point is above them.
        corners = [start + REACH / 2 * (upwards - across), start + REACH / 2 * (upwards + across),
                   start - REACH / 2 * (upwards + across)]
        region = np.float32([[0, 0], [REGION_SIDE, 0], [0, REGION_SIDE]])
        warp = cv2.getAffineTransform(np.float32(corners), region)
        pixels = cv2.warpAffine(picture, warp, (REGION_SIDE, REGION_SIDE)).astype(np.float32)[None] / 255
        outputs = _run(placer, pixels)
        places, score = outputs[195].reshape(-1, 5)[:33, :2], float(outputs[1].item())
        if score >= SURE:
            yield score, cv2.transform(places[None], cv2.invertAffineTransform(warp))[0]


def detect_figures(picture: np.ndarray, detector) -> list[np.ndarray]:
    """Of each figure the two points that its region is laid by: the middle of the hips, and one that tells size and
    turn; float (2, 2) in pixels of the picture, uint8 RGB (h, w, 3), the surest first."""
    longer = max(picture.shape)
    square = np.zeros((longer, longer, 3), np.uint8)
    top, left = (longer - np.array(picture.shape[:2])) // 2
    square[top:top + picture.shape[0], left:left + picture.shape[1]] = picture
    pixels = cv2.resize(square, (DETECTOR_SIDE, DETECTOR_SIDE), interpolation=cv2.INTER_AREA)
    outputs = _run(detector, pixels.astype(np.float32)[None] / 127.5 - 1)
    scores, raw = expit(outputs[len(_anchors())].ravel()), outputs[len(_anchors()) * 12].reshape(-1, 12)
    centres, sizes = raw[:, :2] + _anchors(), raw[:, 2:4]
    boxes, kept = np.concatenate([centres - sizes / 2, sizes], axis=1), []
    for row in cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), SURE, OVERLAP)[:MOST]:
        points = raw[row, 4:8].reshape(2, 2) + _anchors()[row]
        kept.append(points * longer / DETECTOR_SIDE - [left, top])
    return kept


@cache
def _anchors() -> np.ndarray:
    """The detector's cells by their middles, x and y in pixels of its input: float (2254, 2)."""
    grids = []
    for stride, anchors in STRIDES:
        middles = (np.arange(DETECTOR_SIDE // stride) + 0.5) * stride
        y, x = np.meshgrid(middles, middles, indexing="ij")
        grids.append(np.stack([x, y], axis=-1).reshape(-1, 2).repeat(anchors, axis=0))
    return np.concatenate(grids)


@cache
def _load(path: Path):
    from ai_edge_litert.interpreter import Interpreter

    network = Interpreter(str(path), num_threads=2)
    network.allocate_tensors()
    return network


def _run(network, pixels: np.ndarray) -> dict[int, np.ndarray]:
    """A network's outputs by how many numbers they hold."""
    network.set_tensor(network.get_input_details()[0]["index"], pixels)
    network.invoke()
    outputs = [network.get_tensor(output["index"]) for output in network.get_output_details()]
    return {output.size: output for output in outputs}
