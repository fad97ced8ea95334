"""What a network sees in the pictures of a folder, as one table: for a similarity search or a plot of one's own."""

from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path, PurePath

import numpy as np
import pyarrow
from pyarrow.parquet import ParquetWriter

from artpose_lib.classify import inputs
from artpose_lib.data.metadata import follows_links, list_pictures
from artpose_lib.data.pictures import PictureError, read_ahead
from artpose_lib.files import say, whole
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.model.features import forward

GROUP = 1024  # rows that are written at once


def write_features(folder: Path, out: Path, backbone: str, weights_dir: str | None = None) -> tuple[int, int]:
    """Write the pooled ImageNet features of a folder's pictures to a Parquet file; return how many it has, and how many
    pictures could not be read. Those are named.

    The file has a row a picture, in the order of names: file_name; label, that of metadata.csv, or else the folder that
    the picture lies in, "" in none; f0, f1, …, float32. Parameters: `backbone` of `BACKBONES`; `weights_dir` as in
    `build_backbone`. Raises DataError where there is no picture, and FileExistsError where `out` is there.
    """
    from artpose_lib.model import classifier  # Keras takes seconds to import

    if out.exists():
        raise FileExistsError(f"{out} is there already: name another file.")
    root, size, follow = folder.resolve(), BACKBONES[backbone].input_size, follows_links()
    names = [*inputs.list_names(root, root, follow)]
    has_table = any((root / f"metadata.{kind}").exists() for kind in ("csv", "parquet"))
    labels = dict(list_pictures(root)[0][["file_name", "label"]].to_numpy()) if has_table else {
        name: PurePath(name).parent.name for name in names}
    network = classifier.pooled_model(classifier.build_classifier(backbone, 1, size, "imagenet", weights_dir))
    text = pyarrow.string()
    schema = pyarrow.schema({"file_name": text, "label": text} | {
        f"f{number}": pyarrow.float32() for number in range(network.output_shape[1])})
    read = partial(inputs.read_picture, root=root, size=size, download=None, follow=follow)
    failed = 0
    with whole(out, option="--out") as path, ParquetWriter(path, schema, compression="zstd") as writer, closing(
            read_ahead(read, names)) as pictures:
        found = zip(names, forward(network, pictures), strict=True)
        while some := dict(islice(found, GROUP)):
            for name in [name for name, outputs in some.items() if isinstance(outputs, PictureError)]:
                say(f"{name}: {some.pop(name)}")
                failed += 1
            columns = np.reshape([features for features, in some.values()], (len(some), network.output_shape[1])).T
            texts = [[*some], [labels.get(name, "") for name in some]]
            writer.write_table(pyarrow.Table.from_arrays([*map(pyarrow.array, [*texts, *columns])], schema=schema))
    return len(names) - failed, failed
