"""`gan-course class …`: collect what a class handed in, and hand out variants."""
import argparse
import sys
from pathlib import Path

COLLECT = """what a learner's folder may hold (the folder's name is the learner's name):
  progress.json         the record that the course keeps, in the course's folder
  03_first_gan.ipynb …  notebooks, under names that begin with the notebook's number
  mine.ipynb            the capstone (gan-course capstone), with the folder of its pictures
All may lie deeper down. Everything else is left alone, and links are not followed.

From each notebook the functions that it hands to exercises.check("NN.name", function) are
marked again, in a process of its own with limits; one that never ends, crashes or cheats
costs its own row only. A capstone runs again from top to bottom, and its claims are listed
with their verdicts there and here. If this system cannot shut that process in, the command says so
before it begins, and does nothing without --yes.

Written: class.html, learners.csv, exercises.csv, questions.csv, capstones.csv."""
ADVICE = ("On Linux, bubblewrap shuts it in: install the package bubblewrap (apt, dnf or pacman). "
          "Elsewhere use a virtual machine or a container, under a user who owns nothing.")
VARIANTS = """ranges.yaml:
  latent_dim: [4, 8, 16]
  lr_D: {from: 1e-4, to: 1e-2, scale: log}

roster.csv has a column id, whose values name the students' folders."""


def add(commands) -> None:
    """Add `class` with its two commands."""
    both = commands.add_parser("class", help="for instructors: collect what a class handed in, "
                                             "hand out variants") \
        .add_subparsers(dest="what", required=True, metavar="collect | variants")
    parser = both.add_parser("collect", help="mark every submission again, and report per learner "
                                             "and per question", epilog=COLLECT,
                             formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("submissions", type=Path, help="a folder of folders, one for each learner")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/class"),
                        help="where to write the report (default: out/class)")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="how many learners to mark at a "
                                                                  "time (default: 1)")
    parser.add_argument("--seconds", type=float, default=30.0, help="what one learner's exercises "
                        "may take together (default: 30)")
    parser.add_argument("--capstone-seconds", type=float, default=900.0, help="what the second run "
                        "of one capstone may take; 0: do not run them (default: 900)")
    parser.add_argument("--memory", type=int, default=2000, metavar="MB",
                        help="what they may take beyond PyTorch itself (default: 2000)")
    parser.add_argument("--yes", action="store_true", help="run the code also where this system "
                                                           "cannot shut it in")
    parser.set_defaults(do=collect)
    parser = both.add_parser("variants", help="a notebook with parameters of their own for each "
                                              "student", epilog=VARIANTS,
                             formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=Path, required=True, metavar="ROSTER.csv",
                        help="the students, in a column id")
    parser.add_argument("--notebook", required=True, help="its number or name, for example 03")
    parser.add_argument("--ranges", type=Path, required=True, metavar="RANGES.yaml",
                        help="what to draw each parameter from")
    parser.add_argument("--secret", required=True, help="any words; the variants follow from them, "
                                                        "so keep them for next time")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/variants"),
                        help="where to write (default: out/variants)")
    parser.set_defaults(do=variants)


def collect(asked) -> int:
    """Mark a class; 0 also when submissions are bad, since that is what the report is for."""
    from gan_course.teaching.classroom import confine, report
    from gan_course.teaching.classroom.collect import collect

    if asked.jobs < 1 or asked.seconds <= 0 or asked.memory < 1 or asked.capstone_seconds < 0:
        raise ValueError("--jobs, --seconds and --memory have to be more than 0, and "
                         "--capstone-seconds at least 0.")
    allowed = confine.Allowance(seconds=asked.seconds, memory_mb=asked.memory)
    if gaps := confine.gaps():
        print("This command runs the learners' code, and this system cannot shut it in: it could "
              f"{', '.join(gaps)}.\n{ADVICE}", file=sys.stderr)
        if not asked.yes:
            raise ValueError("Nothing was run. With --yes the code runs all the same.")

    def told(learner):
        remarks = f", {len(learner.problems)} to look at" if learner.problems else ""
        print(f"{learner.name}: {learner.count('right')} of {len(learner.results)} exercises "
              f"right{remarks}", file=sys.stderr, flush=True)

    learners = collect(asked.submissions, allowed, asked.jobs, asked.capstone_seconds, told)
    print(f"{len(learners)} submissions: {report.write(asked.output, learners)}")
    return 0


def variants(asked) -> int:
    """Write the students' notebooks."""
    from gan_course.teaching.classroom.variants import write

    rows = write(asked.students, asked.notebook, asked.ranges, asked.secret, asked.output)
    print(f"{len(rows)} notebooks, and who got what: {asked.output / 'variants.csv'}")
    return 0
