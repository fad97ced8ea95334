"""The command line: each command calls one function of a room.

It imports what a command needs when it runs, so that `artpose --help` answers at once. For the same reason the choices
are written out here; a test holds them to the library's own.
"""

import os
import shlex
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from artpose_lib import __version__

PROFILES = ("smoke", "quick", "thesis")
POSES = ("Antinous", "Graces", "Pieta", "Reclining", "Sebastian", "Tanagra")
SOURCES = ("rijksmuseum", "met", "wga", "harvard", "searchculture", "artic", "smk", "census", "commons", "cleveland",
           "nga", "europeana")
MODELS = ("best", "baseline", "frozen", "finetuned", "finetuned_aug")
VALUES = {"--data": "DIR", "--weights": "DIR", "--results": "DIR", "--classes": "A,B,...", "--cluster": "WHERE",
          "--contact": "ADDRESS", "--who": "NAME"}  # what --help shows for an option's value
NETWORKS = ("VGG16", "ResNet50", "Xception", "EfficientNet-Lite0")
FORMS = ("thesis-json", "numpy", "csv", "parquet", "imagefolder")


class Group(click.Group):
    """Commands with the option --debug, in the order in which they are written below: that of a collection's life."""

    def add_command(self, command: click.Command, name: str | None = None) -> None:
        if not isinstance(command, Group):
            command.params.append(click.Option(["--debug"], is_flag=True, expose_value=False,
                                               help="Show the traceback of an error."))
        super().add_command(command, name)

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)


def main(argv: list[str] | None = None) -> int:
    """Run one command. Returns the exit status: 0 done, 1 an error, 2 a command line that is off, 130 after Ctrl-C."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's start-up lines help no reader
    warnings.filterwarnings("ignore", module=r"PIL\.")  # odd EXIF, large sizes: what matters is raised
    arguments = sys.argv[1:] if argv is None else argv
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # a class's name may have letters that the terminal lacks
    try:
        with hide_others("--debug" in arguments):
            return artpose.main(arguments, prog_name="artpose", standalone_mode=False) or 0
    except click.UsageError as error:
        error.show()
        return 2
    except click.Abort:  # a RuntimeError too
        click.echo("artpose: stopped; what is stored is kept, the same command goes on from here", err=True)
        return 130
    except (click.ClickException, ValueError, OSError, RuntimeError, ImportError) as error:
        if "--debug" in arguments:
            raise
        hint = "; `artpose doctor` tells what is missing" * isinstance(error, ImportError)
        click.echo(f"artpose: {error}{hint}", err=True)
        return 1


@contextmanager
def hide_others(debug: bool) -> Iterator[None]:
    """Keep off the terminal what TensorFlow, kernels and workers write there past `sys.stderr`; no setting stops it."""
    if debug or sys.stderr is not sys.__stderr__:  # which somebody else has taken
        yield
        return
    terminal = os.dup(2)
    sys.stderr = open(terminal, "w", 1, sys.stderr.encoding, "backslashreplace")  # noqa: SIM115
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        sys.stderr = sys.__stderr__


def option(name: str, default: object = "", help: str = "", **more) -> Callable:
    """An option that an environment variable sets too: --results and ARTPOSE_RESULTS."""
    variable = "ARTPOSE_" + name.removeprefix("--").upper()
    return click.option(name, default=default, envvar=variable, show_envvar=True, show_default=default != "",
                        metavar=VALUES.get(name), help=help, **more)


weights_option = option("--weights", None, "Folder of ImageNet weight files (default: Keras' own cache and download).")
results_option = option("--results", "~/.artpose", "Folder of trials, features and drawings.",
                        callback=lambda context, parameter, value: Path(value).expanduser())
classes_option = option("--classes", help="Labels to use, separated by commas (default: all).")
model_option = click.option("--model", required=True, metavar="RECORD", help='"final" (of `artpose train --final`), a '
                            'name in "artpose results", or its folder.')


def study_options(command: Callable) -> Callable:
    """The options that say what a study is of; `--cluster` says where it trains."""
    for decorate in reversed((
            option("--data", help="Folder of pictures (default: the embedded drawings, drawn on first use)."),
            weights_option,
            option("--profile", "quick", "How much of the thesis' protocol to run.", type=click.Choice(PROFILES)),
            results_option, classes_option,
            option("--cluster", help="Where to train: local, slurm or the address of a Dask scheduler; local:N has N "
                                     "workers (default: in this process)."))):
        command = decorate(command)
    return command


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="artpose %(version)s")
def artpose() -> None:
    """Can networks that were trained on photographs learn the poses of art? An executable report.

    Run its chapters on drawn pictures or on your own, collect and clean museum pictures, and classify a collection
    with a trained model. "artpose COMMAND --help" tells of each command, with an example.
    """


@artpose.command()
@click.option("--out", default="", metavar="DIR",
              help="Folder to make the book in, on a copy of the chapters (default: the clone that you are in).")
@click.option("--pdf", is_flag=True, help="Print the book to one PDF too (takes Chromium or Chrome).")
@study_options
def book(out: str, pdf: bool, cluster: str, **study: str) -> None:
    """Run every chapter that has changed, then render the pages.

    \b
    Example:  artpose book --data pictures --profile thesis --results results
              artpose book --pdf
    """
    from artpose_lib.report import book
    from artpose_lib.train.cluster import open_cluster

    parameters = study_parameters(**study)
    browser = book.find_browser() if pdf else ""
    root = book.copy_report(book.book_root(), Path(out).resolve()) if out else book.book_root()
    with book.claim_alone(root / "_build" / "html"):
        with open_cluster(cluster) as address:
            book.execute_changed(root, parameters | {"cluster": address})
        click.echo(book.build(root))
        if browser:
            click.echo(book.print_pdf(root, browser))


@artpose.command()
@click.argument("chapters", nargs=-1, required=True, metavar="CHAPTER...")
@click.option("-p", "parameters", nargs=2, multiple=True, metavar="NAME VALUE",
              help="Set a parameter of the chapter; may be given several times.")
@click.option("--out", default="", metavar="DIR",
              help="Folder of the executed notebooks (default: book/chapters, where the book looks).")
@study_options
def run(chapters: tuple[str, ...], parameters: tuple[tuple[str, str], ...], out: str, cluster: str,
        **study: str) -> None:
    """Run single chapters. CHAPTER is a number or a name: 6, or 06_experiment_1.

    \b
    Example:  artpose run 6 7 --profile smoke
              artpose run 6 -p profile smoke --out elsewhere
    """
    from artpose_lib.report import book
    from artpose_lib.report.fingerprint import fingerprint
    from artpose_lib.train.cluster import open_cluster

    given = dict(parameters)
    study |= {name: given.pop(name) for name in study if name in given}  # "-p data DIR" means what "--data DIR" does
    root = book.book_root()
    with open_cluster(given.pop("cluster", cluster)) as address:
        wanted = given | study_parameters(**study) | {"cluster": address}
        planned = [(chapter, book.convert_parameters(chapter, wanted))
                   for chapter in (book.find_chapter(root, name) for name in chapters)]
        for chapter, typed in planned:
            executed = Path(out) / f"{chapter.stem}.ipynb" if out else book.locate_executed(root, chapter)
            book.execute(chapter, executed, typed, fingerprint(chapter, typed))
            click.echo(executed)


@artpose.command()
@click.option("--model", default="best", show_default=True, type=click.Choice(MODELS), help="How to train.")
@click.option("--backbone", default="EfficientNet-Lite0", show_default=True, metavar="NETWORK", help="What to train.")
@click.option("--final", is_flag=True, help="Learn from all pictures, for `artpose classify --model final`.")
@study_options
def train(model: str, backbone: str, final: bool, cluster: str, **study: str) -> None:
    """Train a model on pictures: the trials of the report, or with --final one to take to a collection.

    The final one learns from every picture. How sure its answers may be comes from pictures of other works.

    \b
    Example:  artpose train --final --data pictures
              artpose classify collection --model final -o out.csv
    """
    from artpose_lib.classify.final import train_final
    from artpose_lib.classify.model import choose_final
    from artpose_lib.classify.web_model import describe_training
    from artpose_lib.train.study import open_study

    if final and model != "best":
        raise click.UsageError(f"--final is of --model best: {model} needs pictures that it does not learn from.")
    opened = open_study(**study_parameters(**study), cluster=cluster)
    if not final:
        for record in opened.train(model, backbones=[backbone]).records:
            click.echo(record.describe())
        return
    record = train_final(opened, backbone)
    choose_final(opened.results, record)
    click.echo("\n".join([record.folder.name, *describe_training(record)["sentences"],
                          f"It is shown each picture so: {', '.join(record.config['views'])}.",
                          f"Use it with: artpose classify DIR --model {shlex.quote(str(record.folder))} -o out.csv"]))


@artpose.command()
@weights_option
@results_option
def doctor(weights: str | None, results: Path) -> int:
    """Tell what this machine has for the report and what it lacks, with the line that mends it.

    \b
    Example:  artpose doctor --weights weights --results results
    """
    from artpose_lib.report.doctor import examine

    untrainable = False
    for found in examine(weights, results.absolute()):
        click.echo(f"{'--' if found.lacks else 'ok'}  {found.name:18}  {found.found}")
        if found.lacks:
            click.echo(" " * 24 + found.lacks)
        untrainable |= found.needed
    return int(untrainable)


@artpose.command()
@results_option
def results(results: Path) -> None:
    """List the stored trials.

    \b
    Example:  artpose results --results results
    """
    from artpose_lib.train.records import list_trials

    listed = list_trials(results)
    click.echo(listed.to_string(index=False) if len(listed) else f"no trials stored in {results}")


@artpose.command(epilog="Some museums ask for a key, read from the environment: HARVARD_API_KEY, "
                        "SEARCHCULTURE_API_KEY, EUROPEANA_API_KEY. ARTPOSE_CENSUS_LIST names a file of Census "
                        "manifests, one a line.")
@click.option("--out", required=True, metavar="DIR", help="A new folder, or one of an earlier collection.")
@click.option("--pose", "poses", multiple=True, type=click.Choice(POSES, case_sensitive=False),
              help="A pose; may be given several times (default: all).")
@click.option("--source", "sources", multiple=True, type=click.Choice(SOURCES, case_sensitive=False),
              help="A source; may be given several times (default: all).")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many pictures of each pose from each source.")
@option("--contact", help="An e-mail address or page that tells a museum who is asking.")
@option("--cluster", help="Where to collect: a Dask scheduler's address, local or slurm. It is one task, so that each "
                          "museum is asked from one machine.")
def collect(out: str, poses: tuple[str, ...], sources: tuple[str, ...], limit: int | None, contact: str,
            cluster: str) -> None:
    """Collect pictures of the poses from museums. Stop it at any time; the same command goes on from there.

    \b
    Example:  artpose collect --out pictures --contact you@example.org
              artpose collect --out pictures --pose Tanagra --source met --limit 50
    """
    from artpose_lib.collect.harvest import collect
    from artpose_lib.collect.museums import SOURCES as known
    from artpose_lib.data.poses import POSES as queries
    from artpose_lib.train.cluster import call

    run = partial(call, cluster, "collect", collect) if cluster else collect
    run(Path(out).resolve(), [pose for pose in queries if not poses or pose.name in poses],
        [source for name, source in known.items() if not sources or name in sources], limit, contact)


@artpose.command()
@click.argument("folder", metavar="DIR")
@option("--who", help="The name that your decisions carry (default: your login).")
@option("--port", 8866, "The port on this machine.", type=click.IntRange(1, 65535))
@option("--weights", help="Folder that may hold the networks of pose detection, which propose boxes.")
def curate(folder: str, who: str, port: int, weights: str) -> None:
    """Look through a collection in the browser and decide.

    Keep, drop, relabel and box its pictures; every decision is a line in DIR/decisions.csv.

    \b
    Example:  artpose curate pictures
    """
    from artpose_lib.curate.serve import serve

    serve(Path(folder), who, port, weights=weights)


@artpose.group(cls=Group)
def data() -> None:
    """Look at a data set, export it, or draw one."""


@data.command()
@click.argument("folder", metavar="DIR")
@classes_option
def info(folder: str, classes: str) -> None:
    """Tell what is in a folder of pictures, and what is wrong with it.

    \b
    Example:  artpose data info pictures
    """
    from artpose_lib.data.dataset import FEWEST, load_dataset
    from artpose_lib.data.metadata import tell_counts

    dataset = load_dataset(folder, classes or None, minimum=0)
    counts = dataset.counts().rename_axis("class").reset_index(name="pictures")
    click.echo(f"{folder}: {len(dataset)} pictures, {len(dataset.classes)} classes, "
               f"fingerprint {dataset.fingerprint}\n{tell_counts(dataset.tally)}\n\n"
               f"{counts.assign(share=counts['pictures'] / max(len(dataset), 1)).to_string(index=False)}")
    if len(dataset.problems):
        click.echo(f"\n{len(dataset.problems)} files needed attention:\n{dataset.problems.to_string(index=False)}")
    if len(dataset.classes) < 2 or dataset.counts().min() < FEWEST:
        load_dataset(folder, classes or None)  # raises the reason why no network can be trained on it


@data.command()
@click.argument("folder", metavar="DIR")
@click.option("--as", "form", required=True, type=click.Choice(FORMS), help="The form to write.")
@click.option("--out", required=True, metavar="DIR", help="A new or an empty folder.")
@click.option("--open-only/--no-open-only", default=True, show_default=True,
              help="Only pictures with an open licence, for what is to be published.")
@classes_option
def export(folder: str, form: str, out: str, open_only: bool, classes: str) -> None:
    """Write a data set in a form that other programs read.

    \b
    Example:  artpose data export pictures --as imagefolder --out exported
    """
    from artpose_lib.data.dataset import load_dataset
    from artpose_lib.data.export import export
    from artpose_lib.data.licences import find_rights

    dataset = load_dataset(folder, classes or None, minimum=0)
    written, rights = export(dataset, form, Path(out), open_only), ", ".join(find_rights(dataset.metadata))
    click.echo(f"{out}: {written} of {len(dataset)} pictures, as {form}")
    if not rights:
        click.echo("No column tells their licences, so all are there: publish them only where you know that you may.")
    elif written < len(dataset):
        click.echo(f"{len(dataset) - written} without an open licence (told by: {rights}) are left out; for your own "
                   "use: --no-open-only")


@data.command()
@click.argument("folder", metavar="DIR")
@click.option("--pictures", default=600, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Same seed, same pictures.")
@click.option("--background-link", default=0.0, show_default=True, type=click.FloatRange(0, 1),
              help="How strongly the background goes with the class.")
def draw(folder: str, pictures: int, seed: int, background_link: float) -> None:
    """Draw artworks of the six poses, as in the embedded data set, into a folder.

    \b
    Example:  artpose data draw drawings --pictures 100
    """
    from artpose_lib.draw.embedded import draw_dataset

    click.echo(draw_dataset(Path(folder), pictures, seed, background_link))


@artpose.group(cls=Group)
def reference() -> None:
    """Keep finished trials as a reference edition, to stand beside other runs."""


@reference.command("export")
@click.option("--data", required=True, envvar="ARTPOSE_DATA", show_envvar=True, metavar="DIR",
              help="Folder of the pictures that the trials learned from.")
@weights_option
@option("--results", ["~/.artpose"], "Folder of trials; may be given several times. Features are kept in the first.",
        multiple=True, type=click.Path())
@classes_option
@click.option("--out", required=True, metavar="DIR", help="Folder of reference editions; each has a folder there.")
@click.option("--strangers", default="", metavar="DIR",
              help="Folder of pictures that show none of the classes, to tell how well these are told apart.")
def export_reference(data: str, weights: str, results: tuple[str, ...], classes: str, out: str, strangers: str) -> None:
    """Write all stored trials of a data set into a few small files, without pictures, titles and file names.

    They replace an older edition of the same pictures. Nothing is trained; what simpler means reach is measured beside.

    \b
    Example:  artpose reference export --data pictures --results results --out book/reference
    """
    from artpose_lib.report.reference import export_edition
    from artpose_lib.train.study import open_study

    study = open_study(**study_parameters(data, weights, "thesis", results[0], classes))
    click.echo(export_edition(study, [Path(folder).expanduser() for folder in results], Path(out), strangers))


@reference.command("visualise")
@click.argument("edition", metavar="EDITION")
@click.option("--model", "models", required=True, multiple=True, metavar="RECORD",
              help='As of "artpose classify"; may be given several times.')
@weights_option
@results_option
def visualise_reference(edition: str, models: tuple[str, ...], weights: str | None, results: Path) -> None:
    """Draw what an edition's head and these models answer to most, in place of what the edition's folder has of it.

    It takes minutes a model on a CPU. Stop it at any time; the same command goes on from there.

    \b
    Example:  artpose reference visualise book/reference/poses-7da116c0e111 --model best-VGG16-40-aeebd554c75c ...
    """
    from artpose_lib.classify.model import find_record
    from artpose_lib.report.visualised import draw_edition

    click.echo(draw_edition(Path(edition), [find_record(model, results) for model in models], results, weights))


@artpose.command()
@click.argument("source", metavar="DIR|FILE")
@model_option
@click.option("-o", "--out", required=True, metavar="FILE.parquet|FILE.csv", help="A row for each picture.")
@click.option("--folder", default="", metavar="DIR",
              help="Where the names in a list start, and what they may not lead out of (default: the list's own).")
@weights_option
@results_option
@option("--contact", help="An e-mail address or page that tells the hosts of addresses who is asking.")
@click.option("--allow-redirects", is_flag=True, help="Follow addresses that lead to another public host.")
@option("--cluster", help="Where to classify, a part of a thousand pictures a task: a Dask scheduler's address, local "
                          "or slurm.")
def classify(source: str, model: str, out: str, folder: str, weights: str, results: str, contact: str,
             allow_redirects: bool, cluster: str) -> None:
    """Classify a collection of any size with a stored trial.

    It is a folder, a picture, a table (CSV, TSV or Parquet) with a column file_name or url, or a text of paths and
    addresses, one a line.

    \b
    Example:  artpose classify pictures --model final -o out.parquet
    """
    from artpose_lib.classify.classify import classify
    from artpose_lib.classify.model import find_record

    rows, failed = classify(Path(source), find_record(model, results), Path(out),
                            Path(folder) if folder else None, weights, contact, allow_redirects,
                            cluster=cluster)
    click.echo(f"{out}: {rows:,} pictures, {failed:,} failed" + ": the column error says why" * (failed > 0))


@artpose.command()
@click.argument("folder", metavar="DIR")
@click.option("-o", "--out", required=True, metavar="FILE.parquet", help="A row for each picture.")
@click.option("--network", default="EfficientNet-Lite0", show_default=True, type=click.Choice(NETWORKS),
              help="Whose features.")
@weights_option
def features(folder: str, out: str, network: str, weights: str) -> None:
    """Write what a network sees in each picture of a folder, for a similarity search or a plot of your own.

    The columns are file_name, label, and a number for each of the network's last features: f0, f1, and so on.

    \b
    Example:  artpose features pictures -o features.parquet
    """
    from artpose_lib.classify.features import write_features

    written, failed = write_features(Path(folder), Path(out), network, weights)
    click.echo(f"{out}: {written:,} pictures" + f", and {failed:,} that cannot be read are left out" * (failed > 0))


@artpose.command()
@click.option("--model", default="", metavar="RECORD", help='As of "artpose classify".')
@click.option("--backbone", default="", metavar="NETWORK", help="In its place: a network as ImageNet left it.")
@click.option("--block", type=click.IntRange(1, 5), default=5, show_default=True, help="Whose filters.")
@weights_option
@results_option
def visualise(model: str, backbone: str, block: int, weights: str | None, results: Path) -> None:
    """Draw for each filter of a block what it answers to most, starting from noise.

    A filter takes seconds. Stop it at any time; the same command goes on from there.

    \b
    Example:  artpose visualise --backbone EfficientNet-Lite0 --block 4
              artpose visualise --model finetuned_aug-EfficientNet-Lite0-40-cbbc2e34abae --block 4
    """
    from artpose_lib.classify.model import open_flat
    from artpose_lib.explain.visualise import FOLDER, visualise_block
    from artpose_lib.model.backbones import BACKBONES, LARGER
    from artpose_lib.train.study import keep_compiled

    if bool(model) == bool(backbone):
        raise click.UsageError("Name a --model or a --backbone.")
    keep_compiled(results / "compiled")
    name, backbone, network = open_flat(model, backbone, results, weights)
    layer = (BACKBONES | LARGER)[backbone].blocks[block - 1]
    click.echo(visualise_block(results / FOLDER / name / layer, network, layer))


@artpose.command("web-model")
@model_option
@click.option("--out", required=True, metavar="DIR", help="A new folder.")
@click.option("--title", default="", help='What a page calls it (default: "Learned from" and the data\'s name).')
@weights_option
@results_option
def web_model(model: str, out: str, title: str, weights: str | None, results: Path) -> None:
    """Write a stored trial of EfficientNet-Lite0 as scripts that answer in a web page, without a server.

    The page is yours to write: it loads them in the order that is printed. The book has one, "Try a picture".

    \b
    Example:  artpose web-model --model final --out scripts
    """
    from artpose_lib.classify.model import find_record
    from artpose_lib.classify.web_model import export

    head = export(find_record(model, results), Path(out), title, weights)
    click.echo("\n".join([f"{out}: {head['title']}", *head["card"]["sentences"],
                          "These are scripts, and no page: yours loads lite0.js, try_weights.js and try_heads.js, in "
                          "this order; lite0.js tells on top how to ask it."]))


def study_parameters(data: str, weights: str | None, profile: str, results: str | Path, classes: str) -> dict[str, str]:
    """What a study is of, as chapters take it: folders absolute. Raises ValueError for one that is not there."""
    folders = {"data": data, "weights": weights, "results": results}
    absolute = {name: str(Path(folder).expanduser().resolve()) if folder else "" for name, folder in folders.items()}
    for name in ("data", "weights"):
        if absolute[name] and not Path(absolute[name]).is_dir():
            raise ValueError(f"--{name} {folders[name]}: there is no such folder")
    return absolute | {"profile": profile, "classes": classes}
