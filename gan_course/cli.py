"""The command `gan-course`: what notebooks there are, whether this machine can run them, runs
without a browser, and GANs trained without a notebook.
"""
import argparse
import io
import os
import sys
from pathlib import Path

from gan_course.lessons import catalogue
from gan_course.profile import PROFILES, profile
from gan_course.teaching import notebooks, outputs, parameter_cell
from gan_course.teaching.batch import commands as batch
from gan_course.teaching.classroom import commands as classroom
from gan_course.terminal import commands as terminal

EXAMPLES = """examples:
  gan-course list
  gan-course doctor
  gan-course run deeper/03_settings -p latent_dim 32 -p lr_D 5e-4 -o out/wide.ipynb
  gan-course train dcgan --data folder --size 64 --minutes 30 -o out/
  gan-course sample out/ -n 64
  gan-course batch examples/where_gans_train.yaml -j 2"""


def main(arguments: list[str] | None = None) -> int:
    """Do what a command line asks for.

    Args:
        arguments: the words after `gan-course`; by default those of this process.

    Returns:
        The exit status: 0, 1 when something failed, 2 for a wrong request, 130 after Ctrl-C.
    """
    parser = argparse.ArgumentParser(prog="gan-course", description=__doc__, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True,
                                     metavar="list | doctor | run | progress | capstone | train | "
                                             "sample | evaluate | card | batch | report | "
                                             "calibrate | sweep | class")
    commands.add_parser("list", help="the notebooks: number, title, minutes to run on a laptop, "
                                     "hours to study, question")
    commands.add_parser("doctor", help="check this installation, and say what to do where "
                                       "something is amiss")
    run = commands.add_parser("run", help="run one notebook from top to bottom and keep the result "
                                          "as a notebook")
    run.add_argument("notebook", help="its number or name, for example 03 or deeper/03_settings")
    run.add_argument("-p", "--parameter", nargs=2, action="append", default=[],
                     metavar=("NAME", "VALUE"),
                     help="set a parameter of the notebook; may be given several times. A "
                          "relative path is seen from where you are")
    run.add_argument("-o", "--output", type=Path, help="where to write the result (default: "
                                                       "out/NN_topic.ipynb)")
    run.add_argument("--profile", choices=PROFILES, help="how large: smoke to try, laptop "
                                                         "(default), gpu for quality")
    run.add_argument("--device", help="where to compute, for example cpu or cuda (default: what is "
                                      "there)")
    run.add_argument("--strict", action="store_true",
                     help="exit with 1 if a claim did not hold, too")
    commands.add_parser("progress", help="what you have done so far, what to look at again, and "
                                         "how your predictions fared")
    capstone = commands.add_parser("capstone", help="a fresh notebook for a project of your own, "
                                                    "with one of the briefs of notebook 19")
    capstone.add_argument("notebook", type=Path, help="the file to write, for example mine.ipynb")
    capstone.add_argument("--brief", type=int, required=True,
                          help="the number of the brief, 1 to 4")
    terminal.add(commands)
    batch.add(commands)
    classroom.add(commands)
    _print_anything()
    asked = parser.parse_args(arguments)
    if given := os.environ.get("GAN_COURSE_DATA"):  # notebooks run in another folder
        os.environ["GAN_COURSE_DATA"] = str(Path(given).expanduser().absolute())
    try:
        own = {
            "list": list_notebooks, "doctor": doctor, "run": run_notebook,
            "progress": show_progress, "capstone": write_capstone
        }
        return (own.get(asked.command) or asked.do)(asked)
    except (ValueError, OSError, ModuleNotFoundError) as error:
        print(f"gan-course: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _print_anything() -> None:
    """Print characters that the terminal's encoding lacks, such as “✓”, as \\u2713: printing
    never fails.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def list_notebooks(asked) -> int:
    """Print the course, a line for each notebook; deeper ones are indented, under their name."""
    entries = catalogue.notebooks()
    titles = [f"    {entry.name}  {entry.title}" if entry.deeper else
              f"{entry.number}  {entry.title}" for entry in entries]
    width = max(map(len, titles), default=0)
    for title, entry in zip(titles, entries, strict=True):
        print(f"{title:<{width}}  {entry.minutes:>3g} min  {entry.hours:>4g} h  {entry.question}")
    print("\nmin: minutes to run on a laptop; h: hours to study; deeper: optional.")
    return 0


def doctor(asked) -> int:
    """Print what works and what does not; the exit status is 1 if anything does not."""
    from gan_course.lessons.doctor import checks

    found = []
    for check in checks():
        print(check, flush=True)
        found.append(check)
    bad = [check for check in found if check.ok is False]
    print(f"\n{len(bad)} of {len(found)} need attention." if bad else "\nAll is well.")
    return 1 if bad else 0


def run_notebook(asked) -> int:
    """Run one notebook; the exit status is 1 if a cell failed, or with --strict a claim."""
    entry = catalogue.find(asked.notebook)
    out = asked.output or Path("out") / entry.path.name
    if out.suffix != ".ipynb" or out.resolve() == entry.path:
        raise ValueError(f"The result goes into a notebook of its own, a file *.ipynb; {out} will "
                         "not do.")
    known = parameter_cell.parameters(entry.path)
    given = parameter_cell.read(dict(asked.parameter), known)
    values = parameter_cell.located(given, known, Path.cwd())
    environment = {"GAN_COURSE_PROFILE": asked.profile or profile()}
    if asked.device:
        environment["GAN_COURSE_DEVICE"] = asked.device
    size = environment["GAN_COURSE_PROFILE"]
    about = f", about {entry.minutes:g} min" if size == "laptop" else ""
    print(f"{entry.number} · {entry.title} (profile {size}{about}) -> {out}", file=sys.stderr)
    try:
        notebook = notebooks.run(entry.path, out, values, environment=environment)
    except (notebooks.RunFailed, KeyboardInterrupt) as end:
        failed, status = "Stopped.", 130
        if isinstance(end, notebooks.RunFailed):
            failed, status = str(end), 1
        print(f"\n{failed}\n\nThe notebook as far as it came: {out}", file=sys.stderr)
        return status
    claims, errors = outputs.claims(notebook), outputs.hidden_errors(notebook)
    if claims:
        print(f"What the notebook claims:\n{outputs.summary(claims)}")
    for error in errors:
        print(f"A widget failed: {error}", file=sys.stderr)
    if missed := outputs.missed(claims):
        print("Did not hold in this run; the notebook says how often each does:",
              *missed, sep="\n  ")
    print(f"The notebook with its results: {out}")
    return 1 if errors or asked.strict and missed else 0


def show_progress(asked) -> int:
    """Print the learner's record."""
    from gan_course.lessons import dashboard, progress

    print(dashboard.text(progress.read()))
    return 0


def write_capstone(asked) -> int:
    """Write the notebook of a capstone."""
    from gan_course.lessons import capstone

    title = capstone.write(asked.notebook, asked.brief)
    print(f"{asked.notebook}: brief {asked.brief}, {title}. Open it in JupyterLab; it runs as it "
          "is, and every … waits for you.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
