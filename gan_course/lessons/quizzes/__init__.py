"""The questions of the course: a file NN_topic.yaml for each notebook, those of the optional ones
in `deeper/`, and the rules that every file keeps. A key begins with the notebook's number, so no
two files of a number may have the same id.

A question has an `id`, a `title`, what it asks (`ask`) and a `kind`; `in_text` ones stand beside a
cell and need it. Every answer, right or wrong, has a `why`. Texts may hold $maths$, `code`,
*emphasis* and **weight**. The kinds:

    choice    options: [{text, why, right}], one of them right
    choices   the same, one or more of them right
    number    answer, tolerance, why; slips: [{answer, why}] for known mistakes; otherwise: for any
              other number
    order     steps: [{text, why}] in the right order; why. A step's `why` says what has to come
              before it
    range     ranges: [{upto, text, why}] from low to high, the last without upto; right is the one
              that holds the learner's own value
"""
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from gan_course.lessons import strict_yaml
from gan_course.lessons.quizzes.kinds import Choice, Choices, Number, Order, Question, Range

FOLDER = Path(__file__).parent
RETURNING = 2
"""How many questions of earlier notebooks come back at a time."""

_question = TypeAdapter(Annotated[Choice | Choices | Number | Order | Range,
                                  Field(discriminator="kind")])
_SAID = {
    "missing": "is missing", "extra_forbidden": "is not a key that is known here",
    "string_type": "has to be text", "string_too_short": "is empty",
    "float_type": "has to be a number", "bool_type": "has to be true or false",
    "list_type": "has to be a list", "model_type": "has to be keys with values",
    "model_attributes_type": "has to be keys with values",
    "string_pattern_mismatch": "may only have small letters, digits and _"
}


class QuizError(ValueError):
    """A file of questions breaks the rules; the message says where and why, a line for each."""


def numbers(folder: Path = FOLDER) -> list[str]:
    """The numbers of the main notebooks that have questions: ["00", "02", …]."""
    return [file.name[:2] for file in sorted(folder.glob("[0-9][0-9]_*.yaml"))]


def load(notebook: str, folder: Path = FOLDER) -> dict[str, Question]:
    """The questions of a notebook.

    Args:
        notebook: a number, "02", for one of the main path, else its name, "deeper/02_dynamics".
        folder: where the files lie.

    Returns:
        The questions by their keys ("02.chance"), in order; none if there is no file.

    Raises:
        QuizError: a file breaks the rules.
    """
    number = notebook.removeprefix("deeper/")[:2]
    files = f"{notebook}_*.yaml" if notebook == number else f"{notebook}.yaml"
    return {
        f"{number}.{question.id}": question for file in sorted(folder.glob(files))
        for question in parse(file)
    }


def deeper(number: str, folder: Path = FOLDER) -> dict[str, Question]:
    """The questions of all the deeper notebooks of a number, as `load` gives them."""
    return {
        key: question for file in sorted(folder.glob(f"deeper/{number}_*.yaml"))
        for key, question in load(f"deeper/{file.stem}", folder).items()
    }


def every(folder: Path = FOLDER) -> dict[str, Question]:
    """Every question of the course by its key."""
    return {
        key: question for number in numbers(folder)
        for key, question in (load(number, folder) | deeper(number, folder)).items()
    }


def find(key: str, folder: Path = FOLDER) -> Question:
    """A question by its key.

    Args:
        key: "NN.id".
        folder: where the files lie.

    Raises:
        ValueError: there is none; the message names those of that notebook.
        QuizError: a file breaks the rules.
    """
    number = key.partition(".")[0]
    known = load(number, folder) | deeper(number, folder)
    if key not in known:
        raise ValueError(f"There is no question {key!r}. Questions of that notebook: "
                         f"{', '.join(known) or 'none'}.")
    return known[key]


def due(number: str, events: list[dict]) -> list[str]:
    """The questions of earlier notebooks that should come back in notebook `number`.

    Those last answered wrong come first, then those that were not asked for longest.

    Args:
        number: the notebook's number, "03".
        events: the learner's record (`progress.read()`), oldest first.

    Returns:
        At most `RETURNING` keys, "NN.id".
    """
    last = {event["key"]: (place, event.get("right")) for place, event in enumerate(events)
            if event["kind"] == "answer" and event.get("first")}
    earlier = [key for before in numbers() if before < number
               for key, question in load(before).items() if not question.in_text]

    def urgency(key):
        place, right = last.get(key, (-1, True))
        return right, place

    return sorted(earlier, key=urgency)[:RETURNING]


def parse(file: Path) -> list[Question]:
    """The questions in a file, held to the rules.

    Args:
        file: a YAML file.

    Raises:
        QuizError: with file, line and reason of everything that breaks the rules.
    """
    try:
        content, node = strict_yaml.load(file)
    except ValueError as error:
        raise QuizError(str(error)) from None
    if not isinstance(content, list):
        raise QuizError(f"{file.name}, line 1: a file of questions is a list; each question begins "
                        "with “- id:”.")
    questions, problems, seen = [], [], set()
    for place, entry in enumerate(content):
        named = isinstance(entry, dict) and "id" in entry
        name = f"question {entry['id']}" if named else f"question number {place + 1}"
        try:
            question = _question.validate_python(entry, strict=True)
            questions.append(question)
            if question.id in seen:
                problems.append(((place, "id"), f"{name}: another question has this id too"))
            seen.add(question.id)
        except ValidationError as error:
            problems += [((place, *wrong["loc"]), f"{name}: {_sentence(wrong)}")
                         for wrong in error.errors()]
    if problems:
        raise QuizError("\n".join(f"{file.name}, line {strict_yaml.line(node, where)}, {said}."
                                  for where, said in problems))
    return questions


def _sentence(wrong: dict) -> str:
    """A fault in words, as “why is missing in item 2 of options”."""
    if wrong["type"].startswith("union_tag"):
        return "kind has to be one of choice, choices, number, order, range"
    if wrong["type"] == "value_error":
        return str(wrong["ctx"]["error"])
    where = list(wrong["loc"][1:])  # the first part is the kind
    said = _SAID.get(wrong["type"], f"will not do ({wrong['msg']})")
    field = where.pop() if where else "the question"
    if isinstance(field, int):
        return f"item {field + 1} of {where[-1]} {said}"
    place = f" in item {where[1] + 1} of {where[0]}" if len(where) == 2 else ""
    return f"{field} {said}{place}"
