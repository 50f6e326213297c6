"""The rules that every notebook keeps, read off the files without running them. `problems` lists what breaks them, in words."""
import ast
import copy
import re
import statistics
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from gan_course.lessons import quizzes
from gan_course.paths import NOTEBOOKS, ROOT

MAIN = sorted(NOTEBOOKS.glob("*.ipynb"))
DEEPER = sorted((NOTEBOOKS / "deeper").glob("*.ipynb"))          # optional, each belongs to the main one with its number
EXAMPLES = sorted((ROOT / "examples").glob("*.ipynb"))
OLD_FORM = set()                                                    # main notebooks that do not have the new form yet
LONGEST_CELL = 25                                                   # lines, imports aside
LONGEST_LINE = 100                                                  # more is cut off in JupyterLab on a laptop
DEVICE = r"cpu|mps|cuda(:\d+)?"
TYPES = {"int", "float", "str", "bool"}
ABSOLUTE = r"(?<![\w.:/])(?:/(?:home|Users|root|tmp|work|mnt|content|usr|opt|var)/|~/|[A-Za-z]:\\)"


def problems(nb, path, names):
    """What is wrong with the notebook `nb` at `path`, as sentences. `names` are the main notebooks' file names, in order."""
    ids = [cell.get("id") for cell in nb.cells]
    if len(set(ids)) < len(ids) or None in ids:
        return ["cell ids are missing or not unique"]
    try:
        nbformat.validate(copy.deepcopy(nb))
    except nbformat.ValidationError as error:
        return [f"not a valid notebook: {error.message}"]
    found = [*of_the_file(nb, path), *of_the_first_cell(nb, path), *of_the_parameters(nb), *of_the_links(nb, path, names)]
    for number, cell in enumerate(nb.cells):
        rules = of_code if cell.cell_type == "code" else of_prose
        found += [f"cell {number}: {problem}" for problem in rules(cell)]
    if not path.name.startswith("00") and not any(calls(cell, "claim") for cell in nb.cells):
        found.append("no claim(...) anywhere")
    return found


def is_deeper(path):
    return path.parent.name == "deeper"


def of_the_file(nb, path):
    if not re.fullmatch(r"\d\d_[a-z0-9_]+\.ipynb", path.name):
        yield f"{path.name} is not of the form NN_topic.ipynb"
    if nb.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "the kernel is not python3"
    course = nb.metadata.get("gan_course", {})
    for name, kind in {"title": str, "question": str, "minutes": (int, float), "hours": (int, float)}.items():
        if not isinstance(course.get(name), kind) or not course.get(name):
            yield f"metadata gan_course has no {name}"


def of_the_first_cell(nb, path):
    course, first = nb.metadata.get("gan_course", {}), nb.cells[0]
    heading = f"# {path.name[:2]} · {course.get('title')}"
    if first.cell_type != "markdown" or first.source.splitlines()[0] != heading:
        yield f"the first cell does not begin with {heading!r}"
    if str(course.get("question")) not in first.source:
        yield "the first cell does not ask the question of the metadata"
    if not re.search(rf"\b{course.get('minutes')} minutes?\b", first.source):
        yield "the first cell does not say how many minutes it takes"


def of_the_parameters(nb):
    cells = [cell for cell in nb.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1 or cells[0].cell_type != "code":
        yield f"{len(cells)} cells are tagged parameters instead of one code cell"
        return
    lines = cells[0].source.splitlines()
    for statement in ast.parse(cells[0].source).body:
        line = lines[statement.lineno - 1]
        if not isinstance(statement, ast.AnnAssign) or ast.unparse(statement.annotation) not in TYPES:
            yield f"parameter without its type (one of {', '.join(sorted(TYPES))}): {line}"
        if statement.end_lineno != statement.lineno or "  # " not in line[statement.end_col_offset:]:
            yield f"parameter without a comment on its line: {line}"


def of_the_links(nb, path, names):
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)\s]+)\)", without_code(cell.source)):
                target = target.partition("#")[0]
                if target and "://" not in target and target not in names and not (path.parent / target).exists():
                    yield f"a link leads nowhere: {target}"
    last = nb.cells[-1].source
    if is_deeper(path):
        for main in [name for name in names if name[:2] == path.name[:2]]:
            for place, cell in (("first", nb.cells[0]), ("last", nb.cells[-1])):
                if f"(../{main})" not in cell.source:
                    yield f"the {place} cell does not link to its main notebook, ../{main}"
        return
    place = names.index(path.name)
    for neighbour in names[max(place - 1, 0):place + 2]:
        if neighbour != path.name and f"({neighbour})" not in last:
            yield f"the last cell does not link to its neighbour {neighbour}"


def of_code(cell):
    if cell.outputs or cell.execution_count is not None:
        yield "has outputs or a count: strip them with nbstripout --keep-id"
    lines = [line for line in cell.source.splitlines() if not line.startswith(("import ", "from "))]
    if len(lines) > LONGEST_CELL:
        yield f"has more than {LONGEST_CELL} lines"
    if max(map(len, cell.source.splitlines()), default=0) > LONGEST_LINE:
        yield f"has a line of more than {LONGEST_LINE} characters"
    tags = set(cell.metadata.get("tags", []))
    if len(tags & {"nbval-skip", "skip-execution"}) == 1:
        yield "skips in one runner only: it needs both tags, nbval-skip and skip-execution"
    if re.search(r"^\s*[%!]", cell.source, re.MULTILINE):
        yield "has a magic or a shell command"
        return
    tree = ast.parse(cell.source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            if any(module.split(".")[0] == "ipywidgets" for module in modules):
                yield "imports ipywidgets: widgets come from gan_course.widgets"
            if any(module == "matplotlib.pyplot" for module in modules) or "pyplot" in [alias.name for alias in node.names]:
                yield "imports pyplot, which shows figures without a description: use gan_course.plots"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if re.search(r"https?://", node.value):
                yield "reaches for the network: data come through gan_course.data"
            if re.search(ABSOLUTE, node.value):
                yield f"has an absolute path: {node.value}"
            if re.fullmatch(DEVICE, node.value):
                yield f"names a device, {node.value!r}: it comes from pick_device() or small_device()"
    for call in calls(cell, "allclose") + calls(cell, "isclose"):
        if not {"atol", "abs_tol"} & {keyword.arg for keyword in call.keywords}:
            yield f"compares without atol=, so rounding on another machine may decide: {ast.unparse(call)}"
    if calls(cell, "show", of="plt"):
        yield "calls plt.show(): use gan_course.plots.show(fig, alt=...)"
    for name, module in (("show", "plots"), ("explore", None)):
        for call in calls(cell, name, of=module):  # the description is their second argument, or alt=
            texts = call.args[1:2] + [keyword.value for keyword in call.keywords if keyword.arg == "alt"]
            if not texts or isinstance(texts[0], ast.Constant) and not str(texts[0].value).strip():
                yield f"{name}(...) without an alt text"


def of_prose(cell):
    prose = without_code(cell.source)
    for word in re.findall(r"(?<![/\w.])arxiv\b.{0,12}", prose, re.IGNORECASE):
        if not re.match(r"arXiv:\d{4}\.\d{4,5}(?!\d)", word) and not word.lower().startswith("arxiv.org"):
            yield f"{word!r} is not of the form arXiv:1406.2661"
    if re.search(r"!\[\s*\]\(", prose) or any(not re.search(r"\balt=.[^'\"]", tag) for tag in re.findall(r"<img[^>]*>", prose)):
        yield "has an image without alt text"
    for paragraph in re.split(r"\n\s*\n", re.sub(r"\\\$", "", prose)):
        if paragraph.count("$$") % 2 or paragraph.replace("$$", "").count("$") % 2:
            yield f"has a formula that does not end: {paragraph[:60]!r}"
    if re.search(ABSOLUTE, prose):
        yield "has an absolute path"


def without_code(markdown):
    """The prose without its code blocks and `code`."""
    return re.sub(r"(`+).*?\1", "", re.sub(r"^```.*?^```", "", markdown, flags=re.DOTALL | re.MULTILINE))


def calls(cell, name, of=None):
    """The calls of `name(...)` or `anything.name(...)` in a code cell; with `of`, only `of.name(...)`."""
    if cell.cell_type != "code" or re.search(r"^\s*[%!]", cell.source, re.MULTILINE):
        return []
    found = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    if of:
        return [call for call in found if ast.unparse(call.func) == f"{of}.{name}"]
    return [call for call in found if ast.unparse(call.func).split(".")[-1] == name]


# the form: a notebook in which the learner builds

MOST_CELLS, MOST_CLAIMS, MEDIAN_LINES, MOST_LINES, MOST_BYTES = 75, 8, 8, 20, 150_000
FEWEST_QUESTIONS = 5
FEWEST_EXERCISES = {"00": 1, "01": 2, "02": 2}                      # all others: 3
WORDS = {  # what a learner would not find in a paper, and what the field calls it
    r"heaps?|piles?": "domain, data set or mini-batch", r"stamps?": "transposed convolution or kernel",
    r"wish(es)?": "gradient, update direction or objective", r"company": "batch statistics",
    r"space of \$?z\b": "latent space", r"numbers of \$?z\b": "latent dimension, coordinates of z or latent vectors",
    r"brakes?": "damping, gradient penalty or Lipschitz constant", r"(learn\w*|know\w*) \w* ?\w* ?by heart": "memorise, overfit",
    r"(comes?|came|coming) to rest": "converge to the equilibrium or fixed point",
    r"average of (the )?generators": "exponential moving average (EMA) of the weights", r"fast D": "two time-scale update rule (TTUR)",
    r"painters?": "frozen classifier or generator", r"shall": "will or should", r"whoever": "if you, anyone who",
    r"of the same z the same": "the same images for the same z",
}


def form(nb, path, names):
    """Where a notebook does not have the form of the course, as sentences; `names` are the deeper notebooks' file names."""
    code = [(number, cell) for number, cell in enumerate(nb.cells) if cell.cell_type == "code"]
    lines = {number: len(cell.source.splitlines()) for number, cell in code}
    yield from (f"cell {number}: has {count} lines, at most {MOST_LINES}"
                for number, count in lines.items() if count > MOST_LINES)
    if lines and statistics.median(lines.values()) > MEDIAN_LINES:
        yield f"half of its code cells have more than {MEDIAN_LINES} lines: move tables, plots and loops into the package"
    made = [call for _, cell in code for call in calls(cell, "claim")]
    if len(made) > MOST_CLAIMS:
        yield f"has {len(made)} claims, at most {MOST_CLAIMS}"
    text = re.sub(r"^\|.*\n?", "", "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown"), flags=re.MULTILINE)
    bold = {" ".join(each.split()).casefold() for each in re.findall(r"\*\*(.+?)\*\*", text, re.DOTALL)}
    yield from (f"the term {term!r} of the table Words is nowhere bold where the text explains it: **{term}**"
                for term in words_table(nb) if term.casefold() not in bold)
    for number, cell in enumerate(nb.cells):
        yield from (f"cell {number}: {said}" for said in wording(cell))
    for number, cell in enumerate(nb.cells):
        for diagram in re.findall(r"```mermaid\n(.*?)```", cell.source, re.DOTALL) if cell.cell_type == "markdown" else []:
            if not re.search(r"^\s*accTitle:", diagram, re.M) or not re.search(r"^\s*accDescr\b", diagram, re.M):
                yield f"cell {number}: a Mermaid diagram without accTitle and accDescr, which read it aloud"
    if not is_deeper(path):
        yield from form_of_a_main_one(nb, path, names, code)


def form_of_a_main_one(nb, path, names, code):
    number, first, course = path.name[:2], nb.cells[0].source, nb.metadata.get("gan_course", {})
    prose = [cell.source for cell in nb.cells if cell.cell_type == "markdown"]
    if len(nb.cells) > MOST_CELLS:
        yield f"has {len(nb.cells)} cells, at most {MOST_CELLS}"
    hours = course.get("hours")
    if not re.search(rf"\b{re.escape(str(hours))} hours?\b", first):
        yield f"the first cell does not say how many hours to study it: {hours} hours"
    pictures = re.findall(r"!\[[^\]]+\]\((\.\./docs/[^)\s]+)\)", first)
    if not pictures:
        yield "the first cell shows no picture of what the learner will have made: ![what it shows](../docs/NAME.png)"
    for picture in pictures:
        file = path.parent / picture
        if file.exists() and file.stat().st_size > MOST_BYTES:
            yield f"{picture} has {file.stat().st_size:,} bytes, at most {MOST_BYTES:,}"
    if number != "00" and not any("```mermaid" in text for text in prose):
        yield "has no Mermaid diagram"
    if not words_table(nb):
        yield "has no table under a heading Words: | term | meaning |"
    asked = {call.args[0].value for name in ("ask", "predict") for _, cell in code for call in calls(cell, name, of="quiz")}
    if any(calls(cell, "show", of="quiz") for _, cell in code):
        asked |= {key for key, question in quizzes.load(number).items() if not question.in_text}
    else:
        yield f"no quiz.show({number!r}), which brings back questions of earlier notebooks"
    if len(asked) < FEWEST_QUESTIONS:
        yield f"asks {len(asked)} questions, at least {FEWEST_QUESTIONS}"
    checked = {call.args[0].value for _, cell in code for call in calls(cell, "check", of="exercises")}
    if len(checked) < FEWEST_EXERCISES.get(number, 3):
        yield f"checks {len(checked)} exercises, at least {FEWEST_EXERCISES.get(number, 3)}"
    for deeper in [name for name in names if name[:2] == number]:
        if not any(f"(deeper/{deeper})" in text for text in prose):
            yield f"does not link to its deeper notebook: (deeper/{deeper})"


def wording(cell):
    """What would not stand in a good textbook: in the prose, and in the sentences of claims."""
    if cell.cell_type == "markdown":
        text = re.sub(r"\]\([^)]*\)", "]", without_code(cell.source))
    else:
        text = " ".join(node.value for call in calls(cell, "claim") for node in ast.walk(call.args[0]) if isinstance(node, ast.Constant))
    text = re.sub(r"\s+", " ", re.sub(r"\n\s*\n|\n\s*[-|#]", " ¶ ", text))
    for pattern, better in WORDS.items():
        if found := re.search(rf"\b({pattern})(?![\w-])", text, re.IGNORECASE):
            yield f"says {found[0]!r}; the field says {better}"
    for sentence in re.findall(r"(?:^|[.!?:*¶] )((?:Who|What) [^.!?¶]*\.)(?= |$)", text):
        yield f"begins a sentence that is no question with Who or What: {sentence!r}"


def words_table(nb):
    """The terms that the notebook introduces, and what they mean: the table under its heading Words."""
    found = {}
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            for section in re.findall(r"^#+ Words[^\n]*\n(.*?)(?=^#|\Z)", cell.source, re.DOTALL | re.MULTILINE):
                rows = re.findall(r"^\| *(.+?) *\| *(.+?) *\| *$", section, re.MULTILINE)
                found |= {term.replace("**", ""): meaning for term, meaning in rows if not re.fullmatch(r"-+|:-+|term", term)}
    return found


@pytest.mark.parametrize("path", [*MAIN, *DEEPER], ids=lambda path: path.stem)
def test_the_form_of_the_course(path, record_property):
    found = list(form(nbformat.read(path, as_version=nbformat.NO_CONVERT), path, [each.name for each in DEEPER]))
    if path.stem in OLD_FORM:
        record_property("old form", f"{path.stem}: {len(found)} places")
        assert found, f"{path.stem} has the new form: take it off OLD_FORM"
    else:
        assert found == []


def glossary_line(term, meaning, notebook):
    """The line of docs/glossary.md for a term; `notebook` is a path, seen from the folder of notebooks."""
    return f"| {term} | {meaning} | [{Path(notebook).name[:2]}{', deeper' * ('/' in notebook)}](../notebooks/{notebook}) |"


def glossary_problems(text, tables):
    """Where the glossary and the tables Words differ, as sentences; `tables`: notebook -> {term: meaning}, in order."""
    rows = re.findall(r"^\| *(.+?) *\| *(.+?) *\| *\[[^]]*\]\(\.\./notebooks/(.+?)\) *\| *$", text, re.MULTILINE)
    terms = [term for term, _, _ in rows]
    yield from (f"{term!r} has to stand before {before!r}: the lines are in alphabetical order, each term once"
                for before, term in zip(terms, terms[1:], strict=False) if term.casefold() <= before.casefold())
    introduced, lines = {}, text.splitlines()
    for notebook, table in tables.items():
        for term, meaning in table.items():
            if first := introduced.get(term.casefold()):
                yield f"{notebook} introduces {term!r} again: {first} did; take it out of the table Words of {notebook}"
                continue
            introduced[term.casefold()] = notebook
            line = glossary_line(term, meaning, notebook)
            if line not in lines:
                before = max((other for other in terms if other.casefold() < term.casefold()), key=str.casefold, default=None)
                yield f"not as in {notebook}; {f'below {before!r}' if before else 'as its first line'} it needs the line\n    {line}"
    for term, _, notebook in rows:
        if introduced.get(term.casefold()) != notebook:
            yield f"{term!r} is not in a table Words of {notebook} in the new form: take its line out, or add it there"


def test_the_glossary_has_the_words_of_every_notebook_in_the_new_form():
    new = [path for path in [*MAIN, *DEEPER] if path.stem not in OLD_FORM]   # main first: nobody has to read a deeper one
    tables = {path.relative_to(NOTEBOOKS).as_posix(): words_table(nbformat.read(path, as_version=nbformat.NO_CONVERT)) for path in new}
    found = list(glossary_problems((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), tables))
    assert not found, "docs/glossary.md:\n" + "\n".join(found)


def test_only_main_notebooks_are_on_the_list_of_the_old_form():
    assert OLD_FORM <= {path.stem for path in MAIN}


@pytest.mark.parametrize("path", [*MAIN, *DEEPER], ids=lambda path: path.stem)
def test_every_notebook_keeps_the_rules(path):
    assert problems(nbformat.read(path, as_version=nbformat.NO_CONVERT), path, [each.name for each in MAIN]) == []


def test_notebooks_are_stripped_to_the_last_byte():
    command = [sys.executable, "-m", "nbstripout", "--verify", "--keep-id", *MAIN, *DEEPER, *EXAMPLES]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, f"Run: nbstripout --keep-id notebooks/*.ipynb notebooks/deeper/*.ipynb\n{result.stdout}"


def test_ruff_is_content_with_everything():
    result = subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", "."], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


@pytest.fixture
def good():
    """The smallest notebook that keeps every rule."""
    return new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
                  "gan_course": {"title": "The game", "question": "Who wins?", "minutes": 2, "hours": 1.5}},
        cells=[new_markdown_cell("# 02 · The game\n\n**Who wins?** About 2 minutes. It costs $x$, or \\$5, see `$HOME`."),
               new_code_cell("rounds: int = 5  # how long to play", metadata={"tags": ["parameters"]}),
               new_code_cell("plots.show(fig, alt='Two lines that cross.')\nclaim('They cross.', True)"),
               new_markdown_cell("arXiv:1406.2661 is at https://arxiv.org/abs/1406.2661.\n\n[P](01_a.ipynb) [N](03_c.ipynb)")])


BROKEN = {  # what is wrong: the cell it happens in, the text it has then
    "has a line of more than": (2, "x = '" + 100 * "a" + "'"),
    "not begin with '# 02 · The game'": (0, "# The game\n\nWho wins? 2 minutes"),
    "ask the question": (0, "# 02 · The game\n\n2 minutes"),
    "how many minutes": (0, "# 02 · The game\n\nWho wins?"),
    "formula that does not end": (0, "# 02 · The game\n\nWho wins? 2 minutes and $x"),
    "without its type": (1, "rounds = 5  # how long to play"),
    "without a comment": (1, "rounds: int = 5"),
    "more than 25 lines": (2, "x = 1\n" * 26 + "claim('', True)"),
    "a magic or a shell command": (2, "%pip install x"),
    "reaches for the network": (2, "open('https://example.org/x')"),
    "absolute path: /home/me/x": (2, "open('/home/me/x')"),
    "calls plt.show()": (2, "plt.show()"),
    "imports pyplot": (2, "import matplotlib.pyplot as plt"),
    "show(...) without an alt text": (2, "plots.show(fig)"),
    "explore(...) without an alt text": (2, "explore(draw, alt=' ')"),
    "names a device, 'cpu'": (2, "stream = data.batches(moons, 64, device='cpu')"),
    "names a device, 'cuda:1'": (2, "G = G.to('cuda:1')"),
    "imports ipywidgets": (2, "from ipywidgets import IntSlider"),
    "compares without atol=": (2, "assert torch.allclose(mine, theirs)"),
    "no claim(...)": (2, "x = 1"),
    "not of the form arXiv:": (3, "Read arXiv 1406.2661. [P](01_a.ipynb) [N](03_c.ipynb)"),
    "leads nowhere: 04_d.ipynb": (3, "[P](01_a.ipynb) [N](03_c.ipynb) [Q](04_d.ipynb)"),
    "neighbour 03_c.ipynb": (3, "[P](01_a.ipynb)"),
    "image without alt text": (3, "![](x.png) [P](01_a.ipynb) [N](03_c.ipynb)"),
    "has an absolute path": (3, "See ~/data. [P](01_a.ipynb) [N](03_c.ipynb)"),
}
NAMES = ["01_a.ipynb", "02_b.ipynb", "03_c.ipynb"]


def test_a_good_notebook_has_no_problems(good, tmp_path):
    assert problems(good, tmp_path / "02_b.ipynb", NAMES) == []


@pytest.mark.parametrize("said", BROKEN)
def test_a_broken_text_is_found(good, tmp_path, said):
    cell, text = BROKEN[said]
    good.cells[cell].source = text
    assert said in "\n".join(problems(good, tmp_path / "02_b.ipynb", NAMES))


@pytest.mark.parametrize("said, break_it", [
    ("not a valid notebook", lambda nb: nb.cells[0].pop("source")),
    ("kernel is not python3", lambda nb: nb.metadata.kernelspec.update(name="conda")),
    ("not unique", lambda nb: nb.cells[1].update(id=nb.cells[2].id)),
    ("gan_course has no minutes", lambda nb: nb.metadata.gan_course.pop("minutes")),
    ("gan_course has no hours", lambda nb: nb.metadata.gan_course.pop("hours")),
    ("0 cells are tagged parameters", lambda nb: nb.cells[1].metadata.pop("tags")),
    ("has outputs or a count", lambda nb: nb.cells[2].update(execution_count=1)),
    ("needs both tags", lambda nb: nb.cells[2].metadata.update(tags=["nbval-skip"])),
])
def test_a_broken_file_is_found(good, tmp_path, said, break_it):
    break_it(good)
    assert said in "\n".join(problems(good, tmp_path / "02_b.ipynb", NAMES))


@pytest.mark.parametrize("cell, place", [(0, "first"), (3, "last")])
def test_a_deeper_notebook_links_to_its_main_one(good, tmp_path, cell, place):
    path = tmp_path / "deeper" / "02_more.ipynb"
    path.parent.mkdir()
    for name in NAMES:
        (tmp_path / name).touch()
    good.cells[0].source += " More than [02](../02_b.ipynb)."
    good.cells[3].source = "Back to [02](../02_b.ipynb)."
    assert problems(good, path, NAMES) == []
    good.cells[cell].source = good.cells[cell].source.replace("../02_b.ipynb", "../01_a.ipynb")
    assert f"the {place} cell does not link to its main notebook, ../02_b.ipynb" in "\n".join(problems(good, path, NAMES))


# the form, and what breaks it

@pytest.fixture
def rebuilt(good, tmp_path):
    """The smallest main notebook 03 in the new form, and the path where it lies beside a deeper one."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.png").write_bytes(b"PNG")
    path = tmp_path / "notebooks" / "03_c.ipynb"
    good.cells = [
        new_markdown_cell("# 03 · The game\n\n**Who wins?** About 2 minutes to run on a laptop, 1.5 hours to study.\n\n"
                          "![Digits.](../docs/a.png)\n\nWho wins? Who pays? *What you see:* a game. See [more](deeper/03_more.ipynb)."),
        new_markdown_cell("A **game** is played.\n\n"
                          "```mermaid\nflowchart LR\n    accTitle: A game\n    accDescr: G and D.\n    G --> D\n```"),
        new_code_cell("from a import (\n    b,\n)\n\nx = 1"),
        new_code_cell("\n".join(f"exercises.check('03.{key}', {key})" for key in "abc")),
        new_code_cell("quiz.predict('03.blind_d')\nquiz.show('03')"),
        new_code_cell("claim('The losses meet.', True)"),
        new_markdown_cell("## Words\n\n| term | meaning |\n|---|---|\n| **game** | players and their losses |\n\n"
                          "## Further reading\n\n| a | b |")]
    return good, path


def test_a_notebook_in_the_new_form_has_no_problems(rebuilt):
    nb, path = rebuilt
    assert list(form(nb, path, ["03_more.ipynb", "02_other.ipynb"])) == []
    assert words_table(nb) == {"game": "players and their losses"}


UNFORMED = {  # what is wrong: the cell it happens in, what becomes of its text
    "cell 2: has 21 lines": (2, lambda text: text + "\nx += 1" * 16),
    "more than 8 lines": (2, lambda text: text + "\nx += 1" * 8),
    "has 9 claims": (5, lambda text: "\n".join([text] * 9)),
    "says 'heaps'": (1, lambda text: text + " Two heaps of sand."),
    "says 'shall'": (5, lambda text: text.replace("meet", "shall meet")),
    "says 'knows it by heart'": (1, lambda text: text + " D knows it by heart."),
    "says 'space of $z'": (1, lambda text: text + " Walk through the space of $z$."),
    "no question with Who or What: 'Who has tuned it is glad.'": (1, lambda text: text + "\n\nWho has tuned it is glad."),
    "no question with Who or What: 'What D says counts.'": (1, lambda text: text + " It moves. What D says counts. Why?"),
    "without accTitle": (1, lambda text: text.replace("accTitle: A game", "")),
    "without accTitle and accDescr": (1, lambda text: text.replace("accDescr: G and D.", "")),
    "has no Mermaid": (1, lambda text: "A **game** is played."),
    "how many hours to study it: 1.5 hours": (0, lambda text: text.replace("1.5 hours", "an hour")),
    "shows no picture": (0, lambda text: text.replace("![Digits.]", "[Digits.]")),
    "does not link to its deeper notebook: (deeper/03_more.ipynb)": (0, lambda text: text.replace("(deeper/03_more", "(03_more")),
    "no table under a heading Words": (6, lambda text: text.replace("## Words", "## Terms")),
    "no quiz.show('03')": (4, lambda text: "quiz.predict('03.blind_d')"),
    "asks 1 questions": (4, lambda text: "quiz.predict('03.blind_d')"),
    "checks 2 exercises": (3, lambda text: text.replace("'03.c'", "'03.a'")),
    "'game' of the table Words is nowhere bold": (1, lambda text: text.replace("**game**", "*game*")),
}


@pytest.mark.parametrize("said", UNFORMED)
def test_another_form_is_found(rebuilt, said):
    nb, path = rebuilt
    cell, change = UNFORMED[said]
    nb.cells[cell].source = change(nb.cells[cell].source)
    if said == "more than 8 lines":
        nb.cells[3:6] = [nb.cells[2]] * 3
    assert said in "\n".join(form(nb, path, ["03_more.ipynb"]))


def test_a_notebook_that_is_too_long_or_shows_too_large_a_picture_is_found(rebuilt):
    nb, path = rebuilt
    nb.cells += [new_markdown_cell("More.") for _ in range(69)]
    path.parent.mkdir()
    (path.parent.parent / "docs" / "a.png").write_bytes(bytes(MOST_BYTES + 1))
    said = "\n".join(form(nb, path, []))
    assert "has 76 cells, at most 75" in said and "../docs/a.png has 150,001 bytes" in said


def test_a_deeper_notebook_needs_short_cells_and_few_claims_and_no_more(rebuilt):
    nb, path = rebuilt
    deeper = path.parent / "deeper" / path.name
    nb.cells = [new_markdown_cell("# 03"), new_code_cell("x = 1\n" * 20), *[new_code_cell("claim('It is.', True)")] * 8]
    assert list(form(nb, deeper, [])) == []
    nb.cells += [new_code_cell("claim('It is.', True)\n" + "x = 1\n" * 20), new_markdown_cell("Whoever wins.")]
    assert "\n".join(form(nb, deeper, [])).splitlines() == [
        "cell 10: has 21 lines, at most 20", "has 9 claims, at most 8",
        "cell 11: says 'Whoever'; the field says if you, anyone who"]
    nb.cells = [nb.cells[0], *[new_code_cell("x = 1\n" * 9)] * 2]
    assert "have more than 8 lines" in "\n".join(form(nb, deeper, []))


GLOSSARY = """
| term | meaning | introduced in |
|---|---|---|
| Adam | an optimizer | [03](../notebooks/03_c.ipynb) |
| game | players and their losses | [02](../notebooks/02_b.ipynb) |
| sweep | many runs | [03, deeper](../notebooks/deeper/03_more.ipynb) |
"""


@pytest.fixture
def tables():
    return {"02_b.ipynb": {"game": "players and their losses"}, "03_c.ipynb": {"Adam": "an optimizer"},
            "deeper/03_more.ipynb": {"sweep": "many runs"}}


def test_a_good_glossary_has_no_problems(tables):
    assert list(glossary_problems(GLOSSARY, tables)) == []


@pytest.mark.parametrize("said, notebook, words", [
    ("below 'game' it needs the line\n    | logit | a number | [02](../notebooks/02_b.ipynb) |", "02_b.ipynb", {"logit": "a number"}),
    ("as its first line it needs the line\n    | a | b | [03, deeper](../notebooks/deeper/03_more", "deeper/03_more.ipynb", {"a": "b"}),
    ("below 'game' it needs the line\n    | sweep | another meaning | [03, deeper]", "deeper/03_more.ipynb", {"sweep": "another meaning"}),
    ("03_c.ipynb introduces 'Game' again: 02_b.ipynb did", "03_c.ipynb", {"Game": "another"}),
])
def test_a_glossary_that_lacks_a_line_is_told_which(tables, said, notebook, words):
    tables[notebook] |= words
    assert said in "\n".join(glossary_problems(GLOSSARY, tables))


def test_a_line_of_the_glossary_that_is_in_no_notebook_or_out_of_order_is_found(tables):
    del tables["03_c.ipynb"]["Adam"]
    assert "'Adam' is not in a table Words of 03_c.ipynb" in "\n".join(glossary_problems(GLOSSARY, tables))
    upside_down = "\n".join(GLOSSARY.splitlines()[::-1])
    assert "'game' has to stand before 'sweep'" in "\n".join(glossary_problems(upside_down, tables))


def test_a_wrong_name_is_found(good, tmp_path):
    assert "NN_topic.ipynb" in "\n".join(problems(good, Path("2-b.ipynb"), ["2-b.ipynb"]))
