"""The learner's record as a page: for notebook 00 in HTML, for `gan-course progress` as text."""
import html

from gan_course.lessons import catalogue, progress, quizzes
from gan_course.lessons.progress import Event

WHERE = ("All this lies in one file on this machine, {name}, and goes nowhere. Delete it to begin "
         "again.")
NOTHING = ("Nothing is recorded yet. Answers, predictions, exercises and experiments will appear "
           "here.")
COLUMNS = ("notebook", "questions answered", "right at the first try", "exercises done",
           "experiments", "look at again")


def rows(events: list[Event]) -> list[tuple[str, ...]]:
    """The table of the page: one row a main notebook.

    Questions of deeper notebooks, which are optional, count once they are answered.

    Args:
        events: the learner's record (`progress.read()`).

    Returns:
        The rows, as texts under `COLUMNS`.
    """
    found, table = progress.summary(events), []
    for entry in [each for each in catalogue.notebooks() if not each.deeper]:
        of, questions = found.get(entry.number, progress.Summary()), quizzes.load(entry.number)
        optional = quizzes.deeper(entry.number)
        questions |= {key: optional[key] for key in of.answered if key in optional}
        # a question that has been taken out counts no more
        asked = [key for key in of.answered if key in questions]
        all_done = questions and len(asked) == len(questions)
        done = f"{len(asked)} of {len(questions)}" + (" ✓" if all_done else "")
        again = "; ".join(questions[key].title for key in of.repeat if key in questions)
        table.append(
            (f"{entry.number} {entry.title}", done, str(len(set(of.right_first) & set(asked))),
             str(len(of.exercises)), str(of.experiments), again or "–"))
    return table


def sentences(events: list[Event]) -> list[str]:
    """What else there is to say: how predictions fared, files set aside, where the record lies."""
    said = [f"When you were {100 * confidence:.0f} % sure, {right} of {made} predictions came "
            "true."
            for confidence, made, right in progress.calibration(events)]
    said += [str(event.get("text")) for event in events if event["kind"] == "set aside"]
    if not events:
        said.append(NOTHING)
    if file := progress.path():
        said.append(WHERE.format(name=file.name))
    return said


def text(events: list[Event]) -> str:
    """The page for a terminal: a notebook a line."""
    lines = [f"{title}: questions {answered}, {first} right at the first try; exercises "
             f"{exercises}; experiments {experiments}"
             + (f"\n    look at again: {again}" if again != "–" else "")
             for title, answered, first, exercises, experiments, again in rows(events)]
    return "\n".join([*lines, "", *sentences(events)])


def page(events: list[Event]) -> str:
    """The page as HTML, every text escaped; colours are those of the theme."""
    def cells(tag, values, rest=""):
        return "".join(f'<{tag}{rest} style="text-align:left">{html.escape(value)}</{tag}>'
                       for value in values)

    head = f"<tr>{cells('th', COLUMNS, ' scope=col')}</tr>"
    body = "".join(f"<tr>{cells('th', row[:1], ' scope=row')}{cells('td', row[1:])}</tr>"
                   for row in rows(events))
    words = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in sentences(events))
    return ('<table><caption style="text-align:left">Your progress</caption>'
            f"<thead>{head}</thead><tbody>{body}</tbody></table>{words}")


def show() -> None:
    """Put the page into the notebook: what is done, what to repeat, how sure you may be of
    yourself.
    """
    from IPython.display import display

    events = progress.read()
    display({"text/html": page(events), "text/plain": text(events)}, raw=True)
