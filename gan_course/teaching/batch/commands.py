"""`gan-course batch`: read the manifest, do what is missing, say how it went."""
import argparse
import hashlib
from contextlib import closing
from pathlib import Path

from gan_course import files, jobs
from gan_course.teaching.formats import duration


def add(commands) -> None:
    """Add the commands batch, report, calibrate and sweep to the command line."""
    batch = commands.add_parser("batch", help="many runs from one manifest, here or on a cluster; "
                                              "begun again, it goes on where it was")
    batch.set_defaults(do=run_batch)
    batch.add_argument("manifest", type=Path, help="a YAML file; examples/ has some to begin with")
    batch.add_argument("-o", "--output", type=Path, help="the folder for the results (default: "
                                                         "out/NAME, as the manifest is called)")
    batch.add_argument("-j", "--jobs", type=_at_least_one, help="how many runs at a time on this "
                                                                "machine (default: 1)")
    batch.add_argument("--dry-run", action="store_true", help="only say which runs there would be, "
                                                              "and about how long they take")
    batch.add_argument("--retry", action="store_true", help="do the runs that failed again, too")
    batch.add_argument("--force", action="store_true", help="do all runs again")
    batch.add_argument("--scheduler", metavar="ADDRESS", help="run on a Dask cluster, for example "
                                                              "tcp://host:8786")
    for name, what in {
            "ca-file": "the certificates to trust", "cert": "our certificate",
            "key": "the key to our certificate"
    }.items():
        batch.add_argument(f"--tls-{name}", metavar="FILE",
                           help=f"for tls://… schedulers: {what}, as Dask takes it")

    report = commands.add_parser("report", help="what came of a batch: one page to read, and "
                                                "tables")
    report.set_defaults(do=write_report)
    report.add_argument("folder", type=Path, help="the batch's folder, which has runs/ in it")
    report.add_argument("--x", metavar="AXIS", help="what the first heat map has across (default: "
                                                    "the first parameter that varies)")
    report.add_argument("--y", metavar="AXIS", help="what it has down (default: the second)")
    report.add_argument("--value", metavar="NUMBER", help="which number it shows (default: the "
                                                          "first that was collected)")
    report.add_argument("--figures", metavar="PATTERN", help="show the figures whose description "
                                                             "has this (default: the word sample; "
                        "a regular expression: “.” shows all)")
    report.add_argument("--html", action="store_true", help="also make each executed notebook a "
                                                            "page that can be read offline")

    calibrate = commands.add_parser("calibrate", help="from a finished batch: how often each claim "
                                                      "held, for the notebooks to show")
    calibrate.set_defaults(do=write_calibrations)
    calibrate.add_argument("folder", type=Path, help="the batch's folder, which has runs/ in it")
    calibrate.add_argument("-o", "--output", type=Path, metavar="FOLDER",
                           help="where to write (default: data/calibration)")

    sweep = commands.add_parser("sweep", help="a finished batch as one small file, for the sliders "
                                              "of a notebook")
    sweep.set_defaults(do=write_sweep)
    sweep.add_argument("folder", type=Path, help="the batch's folder, which has runs/ in it")
    sweep.add_argument("-o", "--output", type=Path, required=True, help="the file to write, for "
                       "example data/sweeps/03_first_gan.json")


def write_calibrations(asked) -> int:
    """Keep how often each claim held in the runs of `asked.folder`, a file for each notebook."""
    from gan_course.lessons import calibration
    from gan_course.teaching.batch import calibrate

    for found in calibrate.calibrations(asked.folder):
        file = calibration.write(found, asked.output or calibration.FOLDER)
        well = sum(not run.missed for run in found.runs)
        print(f"{file}: every claim held in {well} of {len(found.runs)} runs"
              + " (provisional)" * found.provisional)
        for text, rate in found.claims.items():
            if rate.missed:
                print(f"  held in {rate.held} of {rate.runs}, not with seed "
                      f"{', '.join(map(str, rate.missed))}: {text}")
    return 0


def write_sweep(asked) -> int:
    """Keep what sliders show of the runs of `asked.folder` that have ended, in one small file."""
    from gan_course.lessons import sweeps

    sweep = sweeps.load(asked.folder.resolve())
    sweeps.save(sweep, asked.output)
    settings = "; ".join(f"{' = '.join(sweep.twins(axis))} {', '.join(map(str, values))}"
                         for axis, values in sweep.axes.items())
    print(f"{asked.output}: {len(sweep.runs)} runs of {sweep.notebook}, "
          f"{asked.output.stat().st_size / 1000:.0f} kB. {settings}.\n"
          f"sha256 {hashlib.sha256(asked.output.read_bytes()).hexdigest()}")
    return 0


def write_report(asked) -> int:
    """Report on the runs of `asked.folder` that have ended."""
    from gan_course.teaching.batch import report

    page = report.write(asked.folder, asked.x, asked.y, asked.value, asked.figures
                        or report.FIGURES, asked.html)
    print(f"{page}\n{page.with_name('runs.csv')} and runs.parquet: a row for each run")
    return 0


def run_batch(asked) -> int:
    """Do the runs of `asked.manifest`.

    Args:
        asked: the command line, read.

    Returns:
        The exit status: 0 if all runs are well, 1 if one failed or is missing, 130 when it was
        stopped.

    Raises:
        ValueError: the manifest, the cluster or the folder cannot be used.
    """
    from gan_course.teaching.batch import estimate, manifest, schedule, screen

    runs = manifest.read(asked.manifest)
    out = asked.output or Path("out") / asked.manifest.stem
    if asked.dry_run:
        todo = schedule.missing(runs, out, asked.retry, asked.force)
        for run, seconds in zip(todo, estimate.seconds(todo, out), strict=True):
            print(f"{run.name}  {duration(seconds) if seconds else 'time unknown'}")
        print(estimate.words(runs, todo, out, asked.jobs or 1))
        return 0
    with jobs.only_one(out, "batch"), closing(_pool(asked, runs)) as pool:
        todo = schedule.missing(runs, out, asked.retry, asked.force)
        print(estimate.words(runs, todo, out, pool.slots()), flush=True)
        files.write(out / "manifest.yaml", asked.manifest.read_bytes())
        known = [seconds for seconds in estimate.seconds(todo, out) if seconds]
        with screen.screen(len(todo), sum(known) / len(known) if known else None) as shown:
            whole = schedule.work(todo, out, pool, shown)
    records = schedule.records(runs, out)
    print(screen.summary(records, len(runs), out))
    return 130 if not whole else int(sum(record.ok for record in records) < len(runs))


def _pool(asked, runs: list):
    """Who does the runs. Raises ValueError for a cluster that cannot be used."""
    if not asked.scheduler:
        from gan_course.teaching.batch.local import Local

        return Local(asked.jobs or 1)
    if asked.jobs:
        raise ValueError("-j is for runs on this machine; on a cluster its workers decide how many "
                         "there are at a time.")
    from gan_course.teaching.batch.cluster import Cluster

    return Cluster(asked.scheduler, runs, asked.tls_ca_file, asked.tls_cert, asked.tls_key)


def _at_least_one(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("has to be at least 1")
    return number
