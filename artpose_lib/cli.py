"""The command line. It imports what a command needs when it runs, so that `artpose --help` answers at once."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artpose_lib import __version__


def main(argv: list[str] | None = None) -> int:
    """Run one command. Returns the exit status: 0 done, 1 an error said in one line on stderr, 130 after Ctrl-C."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's start-up lines are no news to anyone
    arguments = _parser().parse_args(argv)
    try:
        arguments.command(arguments)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"artpose: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("artpose: stopped; what is stored is kept, the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="artpose", description="The artpose report: pictures, trials, pages.")
    parser.add_argument("--version", action="version", version=f"artpose {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    book = commands.add_parser("book", help="run every chapter that has changed, then render the pages")
    _study_options(book)
    book.set_defaults(command=_book)

    run = commands.add_parser("run", help="run single chapters")
    run.add_argument("chapters", nargs="+", metavar="CHAPTER", help='a number or a name: "6", "06_experiment_1"')
    run.add_argument("-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), dest="parameters",
                     help="set a parameter of the chapter; may be given several times")
    _study_options(run)
    _option(run, "--out", "", "folder of the executed notebooks (default: book/chapters, where the book looks)")
    run.set_defaults(command=_run)

    collect = commands.add_parser("collect", help="collect pictures of the poses from museums", epilog=(
        "Some museums ask for a key, read from the environment: HARVARD_API_KEY, SEARCHCULTURE_API_KEY, "
        "EUROPEANA_API_KEY. ARTPOSE_CENSUS_LIST names a file of Census manifests, one a line."))
    collect.add_argument("--pose", action="append", default=[], help="a pose; may be given often (default: all)")
    collect.add_argument("--source", action="append", default=[], help="a source; likewise (default: all)")
    collect.add_argument("--limit", type=int, help="at most so many pictures of each pose from each source")
    _option(collect, "--contact", "", "an e-mail address or page that tells a museum who is asking")
    collect.add_argument("--out", required=True, metavar="DIR", help="a new folder, or one of an earlier collection")
    _cluster_option(collect, "where to collect, as one task, so that each museum is asked from one machine")
    collect.set_defaults(command=_collect)

    classify = commands.add_parser("classify", help="classify a collection of any size with a stored trial")
    classify.add_argument("source", metavar="DIR|CSV|LIST", help=(
        "a folder; a .csv with a column file_name or url; or a text file of paths and addresses, one a line"))
    classify.add_argument("--model", required=True, metavar="RECORD", help='a name in "artpose results", or its folder')
    classify.add_argument("-o", "--out", required=True, metavar="FILE.parquet", help="a row for each picture")
    classify.add_argument("--folder", default="", metavar="DIR", help=(
        "where the names in a list start, and what they may not lead out of (default: the list's own folder)"))
    _option(classify, "--data", "", "folder of the pictures that the model was trained on, to tell what is unlike them")
    _option(classify, "--weights", "", "folder of ImageNet weight files (default: Keras' own cache and download)")
    _option(classify, "--results", "~/.artpose", "folder of trials")
    _option(classify, "--contact", "", "an e-mail address or page that tells the hosts of addresses who is asking")
    _cluster_option(classify, "where to classify, a part of a thousand pictures a task")
    classify.set_defaults(command=_classify)

    curate = commands.add_parser("curate", help="look through a collection in the browser: keep, drop, change, box")
    curate.add_argument("folder", metavar="DIR")
    _option(curate, "--who", "", "the name that your decisions carry (default: your login)")
    _option(curate, "--port", 8866, "the port on this machine")
    curate.set_defaults(command=_curate)

    results = commands.add_parser("results", help="list the stored trials, or export what the audit made of them")
    results.add_argument("--export", default="", metavar="DIR",
                         help="write the tables of the audit and the claims there, small, without pictures and titles")
    _study_options(results)
    results.set_defaults(command=_results)

    data = commands.add_parser("data", help="look at a data set, or draw one").add_subparsers(required=True,
                                                                                             metavar="COMMAND")
    info = data.add_parser("info", help="what is in a folder of pictures, and what is wrong with it")
    info.add_argument("folder", metavar="DIR")
    _option(info, "--classes", "", "labels to use, separated by commas (default: all)")
    info.set_defaults(command=_data_info)
    export = data.add_parser("export", help="write a data set in a form that others read")
    export.add_argument("folder", metavar="DIR")
    export.add_argument("--as", dest="form", required=True,
                        choices=["thesis-json", "numpy", "csv", "parquet", "imagefolder"])
    export.add_argument("--out", required=True, metavar="DIR", help="a new or an empty folder")
    export.add_argument("--open-only", action=argparse.BooleanOptionalAction, default=True,
                        help="only pictures with an open licence (default), for what is to be published")
    _option(export, "--classes", "", "labels to use, separated by commas (default: all)")
    export.set_defaults(command=_data_export)
    draw = data.add_parser("draw", help="write the embedded data set, drawn artworks of the six poses, to a folder")
    draw.add_argument("folder", metavar="DIR")
    _option(draw, "--pictures", 600, "how many")
    _option(draw, "--seed", 0, "same seed, same pictures")
    _option(draw, "--background-link", 0.0, "how strongly the background goes with the class, 0 to 1")
    draw.set_defaults(command=_data_draw)
    return parser


def _option(parser: argparse.ArgumentParser, name: str, default, help: str) -> None:
    """An option of the default's type, with its environment variable: --results and ARTPOSE_RESULTS."""
    variable = "ARTPOSE_" + name.removeprefix("--").replace("-", "_").upper()
    parser.add_argument(name, default=os.environ.get(variable, default), type=type(default),
                        help=f"{help} [{variable}]" + (f" (default: {default})" if default != "" else ""))


def _study_options(parser: argparse.ArgumentParser) -> None:
    _option(parser, "--data", "", "folder of pictures (default: the embedded data set, drawn on first use)")
    _option(parser, "--weights", "", "folder of ImageNet weight files (default: Keras' own cache and download)")
    _option(parser, "--profile", "quick", "smoke, quick or thesis")
    _option(parser, "--results", "~/.artpose", "folder of trials, features and drawings")
    _option(parser, "--classes", "", "labels to use, separated by commas (default: all)")
    _cluster_option(parser, "where to train")


def _cluster_option(parser: argparse.ArgumentParser, what: str) -> None:
    _option(parser, "--cluster", "", f"{what}: the address of a Dask scheduler, local or slurm; local:N has N workers")


@contextmanager
def _cluster(arguments: argparse.Namespace) -> Iterator[str]:
    """The address of the cluster that was asked for, as long as the block runs; "" where none was."""
    if not arguments.cluster:
        yield ""
        return
    from artpose_lib.train import cluster

    with cluster.open_cluster(arguments.cluster) as address:
        yield address


def _study_parameters(arguments: argparse.Namespace) -> dict[str, str]:
    """What every chapter has, less the cluster; folders as absolute paths, since a kernel runs elsewhere."""
    folders = {name: getattr(arguments, name) for name in ("data", "weights", "results")}
    absolute = {name: str(Path(folder).expanduser().resolve()) if folder else "" for name, folder in folders.items()}
    for name in ("data", "weights"):
        if absolute[name] and not Path(absolute[name]).is_dir():
            raise ValueError(f"--{name} {folders[name]}: there is no such folder")
    return absolute | {"profile": arguments.profile, "classes": arguments.classes}


def _book(arguments: argparse.Namespace) -> None:
    from artpose_lib.report import book

    root = book.book_root()
    parameters = _study_parameters(arguments)
    with _cluster(arguments) as address:
        book.execute_changed(root, parameters | {"cluster": address})
    print(book.build(root))


def _run(arguments: argparse.Namespace) -> None:
    from artpose_lib.report import book

    root = book.book_root()
    for name, value in arguments.parameters:
        setattr(arguments, name, value)  # "-p data DIR" means what "--data DIR" does
    given = dict(arguments.parameters) | _study_parameters(arguments)
    planned = [(chapter, book.typed_parameters(chapter, given))
               for chapter in book.find_chapters(root, arguments.chapters)]
    with _cluster(arguments) as address:
        for chapter, parameters in planned:
            parameters["cluster"] = address
            out = book.executed_path(root, chapter)
            if arguments.out:
                out = Path(arguments.out) / out.name
            book.execute(chapter, out, parameters, book.fingerprint(chapter, parameters))
            print(out)


def _collect(arguments: argparse.Namespace) -> None:
    from artpose_lib.collect.harvest import collect
    from artpose_lib.collect.museums import SOURCES
    from artpose_lib.data.poses import POSES

    poses = _chosen("pose", arguments.pose, {pose.name: pose for pose in POSES})
    sources = _chosen("source", arguments.source, SOURCES)
    if arguments.limit is not None and arguments.limit < 1:
        raise ValueError(f"--limit {arguments.limit}: at least 1 picture must be wanted")
    wanted = Path(arguments.out).resolve(), poses, sources, arguments.limit, arguments.contact
    if arguments.cluster:
        from artpose_lib.train import cluster

        cluster.call(arguments.cluster, "collect", collect, *wanted)
    else:
        collect(*wanted)


def _chosen(what: str, names: list[str], there: dict) -> list:
    """Those of the values that are named, in their own order; all where none is. Upper and lower case are one."""
    known = {name.lower() for name in there}
    unknown = [name for name in names if name.lower() not in known]
    if unknown:
        raise ValueError(f'no {what} "{unknown[0]}"; there are {", ".join(there)}')
    asked = {name.lower() for name in names} or known
    return [value for name, value in there.items() if name.lower() in asked]


def _classify(arguments: argparse.Namespace) -> None:
    from functools import partial

    from artpose_lib.classify import classify, model

    results, weights = Path(arguments.results).expanduser(), arguments.weights or None
    record = model.find_record(arguments.model, results)
    model.ensure_neighbours(record, arguments.data, results, weights)
    run = partial(classify.classify_on_cluster, arguments.cluster) if arguments.cluster else None
    rows = classify.classify(Path(arguments.source), record, Path(arguments.out),
                             Path(arguments.folder) if arguments.folder else None, weights, arguments.contact, run=run)
    print(f"{arguments.out}: {rows:,} pictures")


def _curate(arguments: argparse.Namespace) -> None:
    from artpose_lib.curate.serve import serve

    serve(Path(arguments.folder), arguments.who, arguments.port)


def _results(arguments: argparse.Namespace) -> None:
    from artpose_lib.train import records

    if arguments.export:
        return _export_results(arguments)
    listing = records.list_trials(Path(arguments.results).expanduser())
    print(listing.to_string(index=False) if len(listing) else f"no trials stored in {arguments.results}")


def _export_results(arguments: argparse.Namespace) -> None:
    from artpose_lib.report import audit, claims, reference
    from artpose_lib.train.study import open_study

    parameters = _study_parameters(arguments)
    with _cluster(arguments) as address:
        study = open_study(**parameters, cluster=address)
        tables = audit.measure(study)
        tables["claims"] = claims.check(study, tables["rows"])
    print(reference.export(study, tables, Path(arguments.export)))


def _data_info(arguments: argparse.Namespace) -> None:
    from artpose_lib.data.dataset import load_dataset
    from artpose_lib.data.summary import count_classes

    dataset = load_dataset(arguments.folder, arguments.classes or None)
    print(f"{arguments.folder}: {len(dataset)} pictures, {len(dataset.classes)} classes, "
          f"fingerprint {dataset.fingerprint}\n")
    print(count_classes(dataset).to_string(index=False))
    if len(dataset.problems):
        print(f"\n{len(dataset.problems)} files needed attention:\n{dataset.problems.to_string(index=False)}")


def _data_export(arguments: argparse.Namespace) -> None:
    from artpose_lib.data.dataset import load_dataset
    from artpose_lib.data.export import export

    dataset = load_dataset(arguments.folder, arguments.classes or None, minimum=0)
    written = export(dataset, arguments.form, Path(arguments.out), arguments.open_only)
    print(f"{arguments.out}: {written} of {len(dataset)} pictures, as {arguments.form}")
    if written < len(dataset):
        print(f"{len(dataset) - written} without an open licence are left out; for your own use: --no-open-only")


def _data_draw(arguments: argparse.Namespace) -> None:
    from artpose_lib.draw.embedded import draw_dataset

    print(draw_dataset(Path(arguments.folder), arguments.pictures, arguments.seed, arguments.background_link))
