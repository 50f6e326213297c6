"""Pages for instructors: one HTML file each, with all that it needs inside; nothing is fetched from
anywhere.

The templates lie in `templates/`, all of them on `base.html`, which has the look: light and dark,
wide and narrow, on paper. Every value is escaped.
"""
from datetime import datetime
from pathlib import Path

from gan_course import files
from gan_course.teaching import mathml
from gan_course.teaching.formats import duration, number, percent


def write(file: Path, template: str, **values) -> None:
    """Write a page, whole or not at all.

    Args:
        file: where it goes.
        template: the name of a file in `templates/`.
        values: what the template shows.

    Raises:
        ModuleNotFoundError: jinja2 is missing; the message says what to install.
        OSError: the file cannot be written.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
        from markupsafe import Markup
    except ModuleNotFoundError:
        raise ModuleNotFoundError("Reports need jinja2: pip install -e '.[batch]' in the course's "
                                  "folder brings it.") from None
    environment = Environment(loader=PackageLoader("gan_course.teaching"),
                              autoescape=select_autoescape(["html"]), undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "number": number, "percent": percent, "duration": duration,
        "maths": lambda words: Markup(mathml.text(words))
    }
    text = environment.get_template(template).render(
        written=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"), **values)
    files.write(file, text.encode("utf-8", "backslashreplace"))
