"""The commands train, sample, evaluate and card of `gan-course`."""
import argparse
from pathlib import Path

TRAIN = """examples:
  gan-course train dcgan --data folder --size 64 --minutes 30 -o out/
  gan-course train cyclegan --data summer --data winter --size 64 -o out/
  gan-course train srgan --data photos --size 64 -o out/
  gan-course train dcgan --data folder --generator my_networks.py:Generator -o out/
  gan-course train --resume -o out/ --minutes 60

The same command again goes on where the run stopped. Minutes and rounds count from its beginning.
With --generator and --discriminator the file you name is run, as your own program: it can do
whatever you can do."""
SAMPLE = """examples:
  gan-course sample out/ -n 64 --gif
  gan-course sample out/ --class 7
  gan-course sample out/ --data photos/            a translator: these pictures, translated"""
EVALUATE = """examples:
  gan-course evaluate real/ fake/
  gan-course evaluate glyphs out/drawn/            a data set of the course, and its judge

Each number stands beside its floor: the same measured between two halves of the real pictures."""


def add(commands) -> None:
    """Add train, sample, evaluate and card to the command line."""
    raw = argparse.RawDescriptionHelpFormatter
    train = commands.add_parser("train", help="train one of the course's games on pictures, "
                                              "without a notebook", epilog=TRAIN,
                                formatter_class=raw)
    train.set_defaults(do=_train)
    train.add_argument("game", nargs="?", help="dcgan, cgan, stylegan, cyclegan, vae, …; an "
                                               "unknown name lists them")
    train.add_argument("--data", action="append", metavar="NAME|FOLDER",
                       help="a data set of the course, or a folder of pictures; for cyclegan two "
                            "of them, or one folder with trainA and trainB")
    train.add_argument("--size", type=_size, help="pixels a side, for a folder (default: 32)")
    train.add_argument("--fit", choices=("crop", "pad", "stretch"),
                       help="what becomes of a folder's pictures that are not square: the central "
                            "square is cut out, the whole picture put on white, or it is squeezed "
                            "(default: crop)")
    train.add_argument("-o", "--output", type=Path, required=True, help="the run's folder")
    train.add_argument("--resume", action="store_true", help="go on with the run in the folder; "
                                                             "nothing else needs to be said again")
    goal = train.add_mutually_exclusive_group()
    goal.add_argument("--minutes", type=_positive, help="how long to train, in all (default: 10)")
    goal.add_argument("--rounds", type=_count, help="how many rounds to play, in all")
    train.add_argument("--lr", type=_positive, nargs="+", help="the learning rate, or one for D "
                                                               "and one for G")
    train.add_argument("--batch-size", type=_size, help="pictures in a batch")
    train.add_argument("--latent-dim", type=_size, help="the number of latent dimensions")
    train.add_argument("--width", type=_size, help="channels of the networks")
    train.add_argument("--augment", nargs="?", const="colour,translation,cutout", metavar="POLICY",
                       help="DiffAugment, for long trainings on few pictures: all of, or some of "
                            "colour,translation,cutout")
    train.add_argument("--generator", metavar="FILE.py:CLASS",
                       help="a generator of your own; the file is run")
    train.add_argument("--discriminator", metavar="FILE.py:CLASS",
                       help="a discriminator of your own; the file is run")
    train.add_argument("--seed", type=_seed, help="where the random numbers begin (default: 0)")
    train.add_argument("--precision", choices=("float32", "bfloat16", "fastest"),
                       help="what the networks compute in (default: fastest)")
    train.add_argument("--device", help="cpu, cuda, mps, … (default: a GPU that works, else cpu)")
    train.add_argument("--every", type=_positive, default=30.0, metavar="SECONDS",
                       help="between two checkpoints, each with a sheet of samples (default: 30)")

    sample = commands.add_parser("sample", help="draw with a run that was trained: a sheet and a "
                                                "file each", epilog=SAMPLE, formatter_class=raw)
    sample.set_defaults(do=_sample)
    sample.add_argument("run", type=Path, help="the run's folder")
    sample.add_argument("-n", type=_count, default=64, dest="number", help="how many (default: 64)")
    sample.add_argument("-o", "--output", type=Path, help="where to put the sheet and drawn/ "
                                                          "(default: the run's folder)")
    sample.add_argument("--seed", type=_seed, default=0, help="other samples (default: 0)")
    sample.add_argument("--class", dest="label", metavar="NAME", help="of a conditional game: only "
                                                                      "this class")
    sample.add_argument("--data", metavar="NAME|FOLDER", help="of a translator: what to translate "
                        "(default: held-out pictures of its own data)")
    sample.add_argument("--gif", action="store_true", help="also films: of the training on fixed "
                        "latent vectors, and of a walk in latent space")
    sample.add_argument("--mp4", action="store_true", help="the films as MP4, where there is "
                                                           "ffmpeg")
    for option in ("generator", "discriminator"):
        sample.add_argument(f"--{option}", metavar="FILE.py:CLASS",
                            help=f"the file of the {option} of your own; it is run")

    evaluate = commands.add_parser("evaluate", help="score a folder of pictures against another",
                                   epilog=EVALUATE, formatter_class=raw)
    evaluate.set_defaults(do=_evaluate)
    evaluate.add_argument("real", help="a folder of real pictures, or a data set of the course")
    evaluate.add_argument("fake", help="a folder of generated pictures, or another data set")
    evaluate.add_argument("--size", type=_size, help="pixels a side at which both are compared "
                          "(default: that of the first generated picture)")
    evaluate.add_argument("--judge", metavar="NAME", help="the frozen classifier whose features "
                          "are compared (default: the one of the data set, if there is one)")
    evaluate.add_argument("--nearest", type=Path, metavar="FILE.png",
                          help="also a sheet: the generated pictures that lie nearest to a real "
                               "one, and below each this real one")

    card = commands.add_parser("card", help="write a model card for a run: what can be measured is "
                                            "filled in, the rest is left to you")
    card.set_defaults(do=_card)
    card.add_argument("run", type=Path, help="the run's folder")
    card.add_argument("-o", "--output", type=Path, metavar="FILE.md",
                      help="where to write it (default: model_card.md in the run's folder)")
    for option in ("generator", "discriminator"):
        card.add_argument(f"--{option}", metavar="FILE.py:CLASS",
                          help=f"the file of the {option} of your own; it is run")


def _train(asked) -> int:
    from gan_course.terminal.train import train

    return train(asked)


def _sample(asked) -> int:
    from gan_course.terminal.sample import sample

    return sample(asked)


def _evaluate(asked) -> int:
    from gan_course.terminal.evaluate import evaluate

    return evaluate(asked)


def _card(asked) -> int:
    from gan_course.terminal.card import card

    return card(asked)


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("has to be at least 1")
    return number


def _size(text: str) -> int:
    if (number := _count(text)) > 65_536:
        raise argparse.ArgumentTypeError("has to be at most 65,536")
    return number


def _seed(text: str) -> int:
    if not 0 <= (number := int(text)) < 2**32:
        raise argparse.ArgumentTypeError("has to be from 0 to 4,294,967,295")
    return number


def _positive(text: str) -> float:
    if not 0 < (number := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError("has to be above 0")
    return number
