import numpy as np
import pandas as pd
import tinyreader

from artpose_lib.explain.maps import feature_maps
from artpose_lib.explain.reader import write_reader
from artpose_lib.explain.tour import choose_views


def test_views_are_those_that_measurements_find_among_filters_that_are_heard(tmp_path):
    models, pictures, tested = tinyreader.contents()
    reader, model = write_reader(tmp_path / "maps", models, pictures, tested), models[0]
    first, second = [filter for filter in range(10) if reader.link("alpha", "four", filter)][:2]
    dissected = pd.DataFrame([
        {"part": part, "model": "alpha", "network": "fine-tuned", "layer": "four", "filter": filter, "density": 3.0,
         "low": low, "unlearned": 1.0}
        for part, filter, low in (("torso", first, 2.0), ("tree", second, 2.5), ("background", first, 9.0))])
    found = {view.name: view for view in choose_views(reader, model, pictures, dissected)}
    assert list(found) == ["a pose", "an edge", "a texture", "a part", "the background"]
    saint = next(picture.key for picture in pictures if picture.label == "Sebastian")  # who has the parts
    for view in found.values():
        assert view.address == reader.link("alpha", view.layer, view.filter, saint * (view.name == "a part")) != ""
    pose, behind, table = found["a pose"], found["the background"], model.tables["five"]
    labels = {picture.key: picture.label for picture in pictures}
    assert pose.layer == "four" and labels[pose.address.split("/")[-1]] == pose.facts["best_class"]
    beyond = (table["inside"] - table["inside_others"])[[filter for filter in table.index
                                                         if reader.link("alpha", "five", filter)]]
    assert behind.filter == beyond.idxmin()
    assert (found["a part"].filter, found["a part"].facts["part"]) == (second, "tree")


def test_the_edge_is_the_filter_that_draws_them(tmp_path):
    """Of four filters of a network whose first block is made by hand, one sees where lightness changes."""
    models, pictures, _ = tinyreader.contents()
    network, model = models[0].networks["fine-tuned"], models[0]
    kernel, bias = np.zeros((3, 3, 3, 4)), np.zeros(4)
    kernel[1, 1] = 1  # three see light
    kernel[:, :, :, 2] = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])[:, :, None]
    network.get_layer("one").set_weights([kernel, bias])
    steps = [picture._replace(image=np.kron(picture.image[::30, ::30], np.ones((30, 30, 1), np.uint8)))
             for picture in pictures[:1]]
    assert next(feature_maps(network, np.zeros((1, 64, 64, 3), np.uint8), ["one"]))["one"].max() == 0
    reader = write_reader(tmp_path / "maps", models[:1], steps)
    none = pd.DataFrame(columns=["part", "model", "network", "layer", "filter", "density", "low", "unlearned"])
    view = next(view for view in choose_views(reader, model, steps, none) if view.name == "an edge")
    assert (view.layer, view.filter) == ("one", 2) and view.facts["correlation"] > 0
