"""The tables of `docs/instructors.md` that follow from the notebooks: what each is for, three plans
with their hours, and the claims that rest on stored results. After a change in a notebook

    python -m gan_course.teaching.syllabus

writes them anew, between `<!-- syllabus -->` and `<!-- end of syllabus -->`.
"""
import ast
import json
import re
from collections.abc import Iterable, Iterator

from gan_course import files
from gan_course.lessons import catalogue
from gan_course.lessons.catalogue import Entry
from gan_course.paths import ROOT

PAGE = ROOT / "docs" / "instructors.md"
BEGIN, END = "<!-- syllabus -->\n", "<!-- end of syllabus -->"
PLANS: dict[str, dict[str, tuple[str, ...]]] = {
    "One day": {
        "at home, before": ("00",),
        "morning: a first GAN, and how it fails": ("03", "04"),
        "afternoon: is it any good? Then images": ("06", "07"),
    },
    "Four weeks": {
        "1: the game": ("00", "01", "02", "03"),
        "2: what goes wrong, and how to tell": ("04", "05", "06"),
        "3: images, on demand": ("07", "08", "10"),
        "4: today, and your own": ("15", "16", "17", "18", "19"),
    },
    "A semester": {
        "1: what a model of data is": ("00", "01"),
        "2: the game": ("02",),
        "3: a first GAN": ("03",),
        "4: mode collapse": ("04",),
        "5: Wasserstein": ("05",),
        "6: evaluation": ("06",),
        "7: images": ("07",),
        "8: labels and codes": ("08", "09"),
        "9: image to image": ("10", "11"),
        "10: detail and style": ("12", "13"),
        "11: large and modern": ("14", "15"),
        "12: other families, use and harm": ("16", "17"),
        "13: bugs; choosing a brief": ("18", "19"),
        "14: capstones, swapped and scored": (),
    },
}
"""For each plan its parts with their main notebooks, by number."""
AT_THE_START = "say whether their machine works, how exercises, questions and claims work, and " \
               "where to look for help"
"""What 00 is for, whose first cell has no list."""
ON_STORED_WEIGHTS: dict[str, tuple[str, ...]] = {
    "03_first_gan": (),
    "07_dcgan": (),
    "08_cgan": (),
    "11_cyclegan": (),
    "13_stylegan": ("Truncation to",),
    "16_gan_vae_diffusion": ("Of the stored denoiser",),
    "19_capstone": (),
    "deeper/08_text_to_image": (),
    "deeper/11_steganography": (),
    "deeper/16_bounds": (),
    "deeper/16_inversion": (),
    "deeper/17_marks": ("A mark in cropped pictures", "Searching with the threshold"),
    "deeper/17_signals": ("At amplitude 0.04",),
    "deeper/17_truncation": (),
}
"""The notebooks that load stored weights, by name, and how those of their claims begin that are
about one stored generator.
"""


def markdown(entries: Iterable[Entry]) -> str:
    """The tables as Markdown.

    Args:
        entries: notebooks of the catalogue; a plan leaves out those that are not among them.
    """
    entries = list(entries)
    main = {entry.number: entry for entry in entries if not entry.deeper}
    deeper = [entry for entry in entries if entry.deeper]
    parts = [_plan(name, plan, main) for name, plan in PLANS.items()]
    return "\n\n".join([*parts, _goals("What learners can do afterwards", main.values()),
                        _goals("What the deeper notebooks add", deeper), _precomputed(entries),
                        _on_stored_weights(entries)]) + "\n"


def goals(entry: Entry) -> list[str]:
    """What a notebook's first cell promises: the list below "After this notebook you can"."""
    first = "".join(_cells(entry)[0]["source"])
    promised = first.partition("After this notebook you can\n\n")[2].partition("\n\n")[0]
    return [line.removeprefix("- ").rstrip(",.") for line in promised.splitlines()]


def precomputed(entry: Entry) -> list[tuple[str, str]]:
    """The claims of a notebook that rest on stored results: the sentence, and the seeds of its
    trainings as the notebook writes them.
    """
    return [(sentence(call), ast.unparse(word.value)) for call in _claims(entry)
            for word in call.keywords if word.arg == "precomputed"]


def on_stored_weights(entry: Entry) -> list[str]:
    """The claims of a notebook that are about one stored generator.

    Args:
        entry: the notebook.

    Returns:
        The sentences, in the order of `ON_STORED_WEIGHTS`.

    Raises:
        ValueError: `ON_STORED_WEIGHTS` names a beginning that not exactly one claim has.
    """
    claims, found = [sentence(call) for call in _claims(entry)], []
    for begins in ON_STORED_WEIGHTS.get(entry.name, ()):
        fitting = [text for text in claims if text.startswith(begins)]
        if len(fitting) != 1:
            raise ValueError(f"{entry.name}: {len(fitting)} claims begin with {begins!r}.")
        found += fitting
    return found


def sentence(call: ast.Call) -> str:
    """What a call of `claim` says; of an f-string the code of what it fills in."""
    return ast.unparse(call.args[0]) if isinstance(call.args[0], ast.JoinedStr) else (
        ast.literal_eval(call.args[0]))


def _claims(entry: Entry) -> Iterator[ast.Call]:
    for cell in _cells(entry):
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and "claim(" in source:
            yield from (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)
                        and ast.unparse(node.func) == "claim")


def _plan(name: str, plan: dict[str, tuple[str, ...]], main: dict[str, Entry]) -> str:
    rows = [f"### {name}", "", "| | notebooks | minutes to run | hours to study |",
            "|---|---|---:|---:|"]
    everything = []
    for part, numbers in plan.items():
        taken = [main[number] for number in numbers if number in main]
        everything += taken
        rows.append(f"| {part} | {', '.join(map(_link, taken))} | {_sum(taken, 'minutes')} | "
                    f"{_sum(taken, 'hours')} |")
    rows.append(f"| **in all** | | {_sum(everything, 'minutes')} | {_sum(everything, 'hours')} |")
    return "\n".join(rows)


def _goals(heading: str, entries: Iterable[Entry]) -> str:
    rows = [f"### {heading}", "",
            "| | minutes | hours | after it, learners can |", "|---|---:|---:|---|"]
    for entry in entries:
        able = "; ".join(goals(entry)) or AT_THE_START
        able = re.sub(r"\]\((\w+\.ipynb)\)", r"](../notebooks/\1)", able)
        rows.append(f"| {_link(entry)} {entry.title} | {entry.minutes:g} | {entry.hours:g} | "
                    f"{able} |")
    return "\n".join(rows)


def _precomputed(entries: list[Entry]) -> str:
    rows = ["### Claims that rest on stored results", "",
            "| notebook | claim | seeds |", "|---|---|---|"]
    for entry in entries:
        rows += [f"| {_link(entry)} | {text} | `{seeds}` |" for text, seeds in precomputed(entry)]
    return "\n".join(rows)


def _on_stored_weights(entries: list[Entry]) -> str:
    rows = ["### Claims about one stored generator", "",
            "The number of the claim varies with the seed, and the generator does not: its "
            "training is one of many that were possible.", "", "| notebook | claim |", "|---|---|"]
    for entry in entries:
        rows += [f"| {_link(entry)} | {text} |" for text in on_stored_weights(entry)]
    return "\n".join(rows)


def _link(entry: Entry) -> str:
    shown = entry.name if entry.deeper else entry.number
    return f"[{shown}](../notebooks/{entry.name}.ipynb)"


def _sum(entries: list[Entry], what: str) -> str:
    return f"{sum(getattr(entry, what) for entry in entries):g}"


def _cells(entry: Entry) -> list[dict]:
    return json.loads(entry.path.read_text(encoding="utf-8"))["cells"]


def main() -> None:
    """Write the tables into the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    files.write(PAGE, f"{before}{BEGIN}{markdown(catalogue.notebooks())}{END}{after}")


if __name__ == "__main__":
    main()
