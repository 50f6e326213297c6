"""Calibrations: made from the runs of a batch, stale when the code behind them changes, and good
enough to show.
"""

import ast
import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

from gan_course import cli
from gan_course.lessons import calibration, catalogue, fingerprint
from gan_course.lessons.calibration import PLAIN_ARITHMETIC, HoldRate
from gan_course.paths import ROOT
from gan_course.teaching import notebooks, outputs, parameter_cell
from gan_course.teaching.batch import calibrate, record

PARAMETERS = """rate: float = 0.1  # how fast
data: str = 'moons'  # what to learn
seed: int = 0  # where chance starts"""
PACKAGE = ROOT / "gan_course"


# which calibrations are good


def problems(found, notebook):
    """What is wrong with the calibration of a notebook, as sentences; of a provisional one only
    what is wrong with its form.
    """
    plain = sum(run.plain_arithmetic for run in found.runs)
    runs, plain_runs = calibration.needed(found.notebook)
    if found.provisional != (len(found.runs) < runs or plain < plain_runs):
        return [
            f"provisional is {found.provisional} with {len(found.runs)} runs, {plain} of them with "
            "plain arithmetic"
        ]
    if found.provisional:
        return []
    missed = [run.seed for run in found.runs if run.missed]
    said = [f"runs with a miss: {len(missed)} (seeds {missed}), at most one may have any"] * (
        len(missed) > 1
    )
    said += [f"no record of the claim {text!r}" for text in unrecorded(found, notebook)]
    said += ["a claim is recorded that no run judged"] * any(
        not rate.runs and not rate.precomputed for rate in found.claims.values()
    )
    own = {
        name: parameter.own
        for name, parameter in parameter_cell.parameters(nbformat.from_dict(notebook)).items()
        if name != "seed"
    }
    if own != found.settings:
        said.append(f"stale: the runs had the settings {found.settings}, the notebook has {own}")
    if fingerprint.fingerprint(json.dumps(notebook)) != found.code:
        said.append("stale: the notebook or the code that it uses has changed since the runs")
    return said


def unrecorded(found, notebook):
    """The claims in the notebook's code that have no record. In an f-string any text may stand for
    a value.
    """
    for cell in notebook["cells"]:
        for call in ast.walk(
            ast.parse("".join(cell["source"]) if cell["cell_type"] == "code" else "")
        ):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "claim":
                parts = (
                    call.args[0].values
                    if isinstance(call.args[0], ast.JoinedStr)
                    else call.args[:1]
                )
                pattern = "".join(
                    re.escape(part.value) if isinstance(part, ast.Constant) else ".*"
                    for part in parts
                )
                if not any(re.fullmatch(pattern, text) for text in found.claims) or pattern == ".*":
                    yield ast.unparse(call.args[0])


@pytest.mark.parametrize("entry", catalogue.notebooks(), ids=lambda entry: entry.path.stem)
def test_every_calibration_of_the_course_is_good(entry, record_property):
    file = calibration.FOLDER / f"{entry.path.stem}.json"
    found = calibration.read(file) if file.exists() else None
    if found is None or found.provisional:
        stale = ", stale" * bool(found and calibration.is_stale(found))
        record_property(
            "uncalibrated",
            entry.path.stem + (f" (provisional: {len(found.runs)} runs{stale})" if found else ""),
        )
    if found:
        assert found.notebook == entry.path.stem
        assert problems(found, json.loads(entry.path.read_text(encoding="utf-8"))) == []


def test_every_calibration_belongs_to_a_notebook_and_every_sentence_to_one():
    found = [calibration.read(file) for file in sorted(calibration.FOLDER.glob("*.json"))]
    assert {each.notebook for each in found} <= {entry.path.stem for entry in catalogue.notebooks()}
    texts = [text for each in found for text in each.claims]
    assert len(texts) == len(set(texts)), (
        "a claim is found by its sentence, so no two notebooks may make the same"
    )


BACK_TO_ITS_OWN = {
    "08_cgan": {"dataset"}
}  # a folder with one class: 08 goes on with digits, its own data


def test_no_notebook_gives_a_parameter_another_value_later():
    """Claims compare the parameters with the notebook's own when they are made."""
    for entry in catalogue.notebooks():
        names = set(parameter_cell.parameters(entry.path)) - BACK_TO_ITS_OWN.get(entry.path.stem, set())
        for cell in json.loads(entry.path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", []):
                assert not names & set(assigned(ast.parse("".join(cell["source"])))), (
                    entry.path.name,
                    cell["id"],
                )


def assigned(node):
    """The names that a cell gives a value outside functions, classes and comprehensions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        if not isinstance(
            child,
            (
                ast.FunctionDef,
                ast.ClassDef,
                ast.Lambda,
                ast.ListComp,
                ast.SetComp,
                ast.DictComp,
                ast.GeneratorExp,
            ),
        ):
            yield from assigned(child)


# how a calibration is made


def a_notebook(*sources, parameters=PARAMETERS):
    cells = [
        new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        *map(new_code_cell, sources),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def a_record(seed=100, missed=(), height=0.5, **other):
    found = [
        record.ClaimRecord(
            text=text,
            held=text not in missed,
            judged=True,
            numbers={"height": height, "none": None},
        )
        for text in ("Pigs fly", "Water is wet")
    ]
    stored = record.ClaimRecord(
        text="Stored", held=True, judged=True, numbers={"height": 1.0}, precomputed=[0, 1, 2, 3, 4]
    )
    return record.RunRecord(
        **{
            "name": f"02-seed={seed}",
            "notebook": "02_own",
            "parameters": {"seed": seed},
            "axes": {"seed": seed},
            "profile": "laptop",
            "device": None,
            "limits": record.Limits(),
            "status": "claim failed" if missed else "ok",
            "seconds": 1.0,
            "overhead_seconds": 0.5,
            "started": datetime(2026, 3, 2, tzinfo=UTC),
            "peak_memory_mb": 1.0,
            "versions": {"torch": "2"},
            "hash": "0",
            "code": "c",
            "worker": "here",
            "claims": [*found, stored],
        }
        | other
    )


@pytest.fixture
def batch(tmp_path):
    """A function that writes these records as a batch, and gives its folder."""

    def write(*records):
        for one in records:
            folder = tmp_path / "out" / "runs" / one.name
            folder.mkdir(parents=True)
            (folder / record.NOTEBOOK).write_text(writes(a_notebook()))
            record.write(folder, one)
        return tmp_path / "out"

    return write


def twelve(**changes):
    """Twelve good runs; `changes` are of the run with that seed: s101={"missed": …}."""
    return [
        a_record(
            seed,
            **{"height": seed / 100, "environment": PLAIN_ARITHMETIC if seed > 108 else {}}
            | changes.get(f"s{seed}", {}),
        )
        for seed in range(100, 112)
    ]


def test_the_record_of_a_notebook(batch, tmp_path, capsys):
    out = batch(*twelve(s103={"missed": ["Pigs fly"]}))
    assert cli.main(["calibrate", str(out), "-o", str(tmp_path / "records")]) == 0
    said = capsys.readouterr().out
    assert (
        "every claim held in 11 of 12 runs\n  held in 11 of 12, not with seed 103: Pigs fly" in said
        and "provisional" not in said
    )
    found = calibration.read(tmp_path / "records" / "02_own.json")
    assert (
        not found.provisional
        and found.code == "c"
        and found.date == "2026-03-02"
        and found.versions == {"torch": "2"}
    )
    assert found.settings == {"rate": 0.1, "data": "moons"}
    assert found.claims["Pigs fly"] == HoldRate(
        11, 12, (103,), {"height": (1.0, 1.0275, 1.055, 1.0825, 1.11)}
    )
    assert found.claims["Stored"] == HoldRate(
        0, 0, (), {}, (0, 1, 2, 3, 4)
    )  # running it again is no evidence
    assert [run.seed for run in found.runs] == list(range(100, 112)) and [
        run.seed for run in found.runs if run.missed
    ] == [103]
    assert [run.seed for run in found.runs if run.plain_arithmetic] == [109, 110, 111]
    assert (
        calibration.of("Water is wet", tmp_path / "records") == found
        and calibration.of("Cows fly", tmp_path / "records") is None
    )


def test_few_runs_and_few_with_plain_arithmetic_are_provisional(batch):
    [found] = calibrate.calibrations(batch(*twelve()[:-1]))
    assert found.provisional


def test_for_a_deeper_notebook_four_runs_do_one_of_them_with_plain_arithmetic(
    batch, tmp_path, monkeypatch
):
    monkeypatch.setattr(calibration, "NOTEBOOKS", tmp_path)
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "02_own.ipynb").touch()
    out = batch(*twelve()[6:9])
    assert calibrate.calibrations(out)[0].provisional
    batch(twelve()[9])
    assert not calibrate.calibrations(out)[0].provisional


def test_twelve_runs_with_two_of_plain_arithmetic_are_provisional(batch):
    [found] = calibrate.calibrations(batch(*twelve(s109={"environment": {}})))
    assert found.provisional


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"status": "cell error"}, "02-seed=101 did not run to its end: cell error"),
        (
            {"profile": "smoke"},
            "02-seed=101 has the profile smoke; claims are calibrated on laptop",
        ),
        (
            {"parameters": {"seed": 101, "rate": 1.0}},
            "02-seed=101 sets seed, rate; a calibration varies the seed alone",
        ),
        ({"parameters": {}}, "sets nothing"),
        ({"code": None}, "was run by an earlier version"),
        ({"code": "d"}, "ran different code: the course was edited between them"),
        ({"parameters": {"seed": 102}}, r"have the same seed: \[102\]"),
    ],
)
def test_what_is_no_calibration_is_refused(batch, changes, said):
    out = batch(*twelve(s101=changes))
    with pytest.raises(ValueError, match=said):
        calibrate.calibrations(out)


def test_a_folder_without_runs_and_a_damaged_record_are_refused(tmp_path, capsys):
    assert (
        cli.main(["calibrate", str(tmp_path)]) == 2
        and "holds no run that has ended" in capsys.readouterr().err
    )
    for content in ("", "{}", '{"notebook": 3}', "[]"):
        (tmp_path / "02_own.json").write_text(content)
        with pytest.raises(ValueError, match="02_own.json is not the record of a calibration"):
            calibration.read(tmp_path / "02_own.json")


# what the rules find

CLAIMS = """claim('Pigs fly', True)
claim(f'Water is {how}', True)
claim('Stored', True, precomputed=range(5))"""


def good(batch, notebook):
    [found] = calibrate.calibrations(batch(*twelve()))
    return replace(found, code=fingerprint.fingerprint(json.dumps(notebook)))


FAULTS = {  # what is said: the notebook's claims, its parameters, what is done to the calibration
    "": (CLAIMS, PARAMETERS, lambda found: found),
    "no record of the claim \"'Cows fly'\"": (
        CLAIMS + "\nclaim('Cows fly', True)",
        PARAMETERS,
        lambda found: found,
    ),
    "no record of the claim 'words'": (
        CLAIMS + "\nclaim(words, True)",
        PARAMETERS,
        lambda found: found,
    ),
    "runs with a miss: 2 (seeds [100, 101])": (
        CLAIMS,
        PARAMETERS,
        lambda found: replace(
            found,
            runs=tuple(
                replace(run, missed=("Pigs fly",) if run.seed < 102 else ()) for run in found.runs
            ),
        ),
    ),
    "stale: the notebook or the code": (CLAIMS, PARAMETERS, lambda found: replace(found, code="0")),
    "stale: the runs had the settings {'rate': 0.1": (
        CLAIMS,
        PARAMETERS.replace("0.1", "0.2"),
        lambda found: found,
    ),
    "provisional is False with 11 runs": (
        CLAIMS,
        PARAMETERS,
        lambda found: replace(found, runs=found.runs[:-1]),
    ),
    "provisional is False with 12 runs, 0": (
        CLAIMS,
        PARAMETERS,
        lambda found: replace(
            found, runs=tuple(replace(run, plain_arithmetic=False) for run in found.runs)
        ),
    ),
    "provisional is True with 12 runs": (
        CLAIMS,
        PARAMETERS,
        lambda found: replace(found, provisional=True),
    ),
    "that no run judged": (
        CLAIMS,
        PARAMETERS,
        lambda found: replace(found, claims=found.claims | {"New": HoldRate(0, 0, (), {})}),
    ),
}


@pytest.mark.parametrize("said", FAULTS)
def test_a_calibration_that_is_not_good_is_found(batch, said):
    claims, parameters, change = FAULTS[said]
    notebook = json.loads(writes(a_notebook(claims, parameters=parameters)))
    told = problems(change(good(batch, notebook)), notebook)
    assert len(told) == bool(said) and said in "".join(told)


def test_one_run_of_twelve_may_miss(batch):
    notebook = json.loads(writes(a_notebook(CLAIMS)))
    found = good(batch, notebook)
    assert (
        problems(
            replace(
                found,
                runs=(replace(found.runs[0], missed=("Pigs fly", "Water is wet")), *found.runs[1:]),
            ),
            notebook,
        )
        == []
    )


# when it is stale

CODE = """from gan_course import data, losses
from gan_course.games.wgan_gp import WGAN_GP
from gan_course.widgets.lab import Lab
ring = data.load("ring")"""


def hash_of(*cells, **how):
    return fingerprint.fingerprint(writes(a_notebook(*cells, **how)))


def test_a_notebook_s_hash_is_of_its_code_alone():
    first = hash_of(CODE)
    other = a_notebook(
        "# a comment\n" + CODE + "  # another", parameters="rate: float = 3.0  # how fast"
    )
    other.cells += [new_markdown_cell("Prose."), new_code_cell("")]
    other.cells[1].execution_count = 3
    assert fingerprint.fingerprint(writes(other)) == first
    assert (
        len(
            {
                first,
                hash_of(CODE + "\nx = 1"),
                hash_of(CODE, "claim('It is so', True)"),
                hash_of(CODE, "claim('It is not so', True)"),
            }
        )
        == 4
    )
    for shown in ('lab("ä", alt={}, width=2)', 'p.show("ä", {}, width=2)', "explore(f, {}, width=2)"):
        assert (
            hash_of(shown.format("'Two dots, é.'"))
            == hash_of(shown.format("f'Three {dots} '\n  'in two lines.'"))
            != hash_of(shown.replace("width=2", "width=3").format("'Two dots, é.'"))
        )
    assert hash_of("x = 1", "y = 2") == hash_of("x = 1\n\ny = 2") != hash_of("y = 2", "x = 1")
    assert hash_of("print('# no comment')") != hash_of(
        "print('"
    )  # a half line is no comment either


def test_answers_to_exercises_do_not_count_and_what_uses_them_does():
    asked = "def f(x):\n    ...\n\n\nf = exercises.check('02.f', f)\nshown = f({})"
    assert (
        hash_of(asked.format(1))
        == hash_of(asked.format(1).replace("...", "y = 2 * x\n    return y"))
        != hash_of(asked.format(2))
    )


def test_the_files_that_decide_the_numbers():
    names = {file.relative_to(PACKAGE).as_posix() for file in fingerprint.used_files([CODE])}
    assert {
        "losses.py",
        "nets.py",
        "games/wgan_gp.py",
        "games/wgan.py",
        "games/gan.py",
        "games/__init__.py",
        "data/toy.py",
        "data/sets.py",
    } <= names
    assert (
        not {
            "data/glyphs.py",
            "data/__init__.py",
            "games/cyclegan.py",
            "judge.py",
            "plots/__init__.py",
            "plots/figures.py",
            "cli.py",
        }
        & names
    )
    assert not [name for name in names if name.startswith(("widgets/", "lessons/", "teaching/"))]
    scoring = fingerprint.used_files(["from gan_course.lessons.image_scores import ImageScores"])
    assert {PACKAGE / "lessons/image_scores.py", PACKAGE / "judge.py"} <= scoring
    assert PACKAGE / "data/digits.py" in fingerprint.used_files(
        ["from gan_course import data", "dataset: str = 'digits'"]
    )
    stored = fingerprint.used_files(["from gan_course import judge", "judge.load('digits')"])
    assert [file.name for file in stored if file.suffix == ".safetensors"] == ["digits.safetensors"]
    stored = fingerprint.used_files(["from gan_course import milestones", "load('animals_cycle')"])
    assert len({file.name for file in stored if file.suffix == ".safetensors"}) == 3
    assert fingerprint.used_files(["%pip install x", CODE]) == fingerprint.used_files([CODE])


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package in place of the course's: gan_course.a uses gan_course.b inside a function;
    gan_course.c stands alone.
    """
    folder = tmp_path / "gan_course"
    (folder / "widgets").mkdir(parents=True)
    for name, text in {
        "a": 'def f():\n    """Twice."""\n    from gan_course import b\n    return 2 * b.x',
        "b": "x = 1",
        "c": "y = 1",
        "widgets/w": "z = 1",
    }.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.setattr(fingerprint, "PACKAGE", folder)
    monkeypatch.setattr(fingerprint, "ROOT", tmp_path)
    return folder


@pytest.mark.parametrize(
    "file, text, stale",
    [
        ("b", "x = 2", True),
        ("a", "def f():\n    from gan_course import b\n    return 3 * b.x", True),
        ("b", '"""The module."""\n\nx = 1  # one', False),
        ("c", "y = 2", False),
        ("widgets/w", "z = 2", False),
        ("d", "", False),
        ("b", "x = 1\n\n\ndef unused():\n    return x\n\n\nclass Unused:\n    pass", False),
        ("b", "from functools import cache\n\nx = 1", False),
        ("b", "from operator import add\n\nx = add(1, 0)", True),
        ("b", "x = 1\nprint(x)", True),
        ("a", "def g():\n    return 2\n\n\ndef f():\n    from gan_course import b\n    return g() * b.x",
         True),
        (
            "a",
            'def f():\n    """Another.\n\n    More.\n    """\n    from gan_course import b\n    return 2 * b.x',
            False,
        ),
    ],
)
def test_only_code_behind_the_numbers_makes_a_record_stale(package, file, text, stale):
    code = "from gan_course import a\nfrom gan_course.widgets import w\nprint(a.f())"
    before = hash_of(code)
    (package / f"{file}.py").write_text(text)
    assert (hash_of(code) != before) == stale


def test_a_function_counts_if_used_code_names_it_through_others_or_as_a_text():
    source = "@cache\ndef f():\n    return g()\n\n\ndef g():\n    return 1\n\n\ndef h():\n    return f()"
    for cell in ("m.f()", "getattr(m, 'f')", "from m import f as mine"):
        assert [code.split("(")[0] for _, code in fingerprint.used_code({"m": source}, [cell])] == [
            "@cache\ndef f",
            "def g",
        ]
    assert fingerprint.used_code({"m": source}, ["m.other()"]) == []


def test_a_record_is_stale_once_its_notebook_has_changed(tmp_path, monkeypatch, batch):
    monkeypatch.setattr(calibration, "NOTEBOOKS", tmp_path / "notebooks")
    (tmp_path / "notebooks" / "deeper").mkdir(parents=True)
    notebook = json.loads(writes(a_notebook(CLAIMS)))
    found = good(batch, notebook)
    calibration._fingerprint_of.cache_clear()
    assert calibration.is_stale(found)  # nowhere
    (tmp_path / "notebooks" / "deeper" / "02_own.ipynb").write_text(json.dumps(notebook))
    calibration._fingerprint_of.cache_clear()
    assert not calibration.is_stale(found) and calibration.is_stale(replace(found, code="0"))
    calibration._fingerprint_of.cache_clear()


# in a kernel of its own

SHOWN = """from pathlib import Path
from gan_course.lessons import calibration
from gan_course.lessons.claims import claim, report
calibration.FOLDER = Path({folder!r})
claim("Pigs fly", False, height=0.3)
claim("Water is wet", True, height=0.3)"""


@pytest.mark.parametrize(
    "values, said",
    [
        ({}, "This run is one of the rare ones"),
        ({"seed": 5}, "This run is one of the rare ones"),
        ({"rate": 0.1}, "This run is one of the rare ones"),
        (
            {"rate": 0.2},
            "With your settings (rate 0.2 instead of 0.1) this sentence stops being true",
        ),
    ],
)
def test_a_running_notebook_knows_whether_its_settings_are_its_own(batch, tmp_path, values, said):
    [found] = calibrate.calibrations(batch(*twelve()))
    calibration.write(found, tmp_path / "records")
    nbformat.write(
        a_notebook(SHOWN.format(folder=str(tmp_path / "records")), "report()"),
        tmp_path / "02_own.ipynb",
    )
    ran = notebooks.run(
        tmp_path / "02_own.ipynb",
        tmp_path / "out.ipynb",
        values,
        environment={"GAN_COURSE_PROFILE": "laptop"},
    )
    texts = [
        output["data"]["text/plain"] for cell in ran.cells for output in cell.get("outputs", [])
    ]
    assert said in texts[0] and said in texts[-1] and "1 of 2 claims held in this run." in texts[-1]
    assert outputs.missed(outputs.claims(ran)) == ["Pigs fly"]
