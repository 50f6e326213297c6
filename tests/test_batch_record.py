"""What a notebook hands to a batch, and the record of a run: written whole, read back as it was, refused when damaged."""
import base64
import io
import math
from datetime import datetime

import pytest
import torch
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from gan_course.lessons import results
from gan_course.teaching import outputs
from gan_course.teaching.batch import record
from gan_course.teaching.batch.record import Limits, RunRecord


def a_record(**changes):
    return RunRecord(**{"name": "03-lr=0.001", "notebook": "03_first_gan", "parameters": {"lr": 1e-3, "n": 2, "on": True, "set": "digits"},
                     "axes": {"lr": 1e-3}, "profile": "smoke", "device": None, "limits": Limits(cell_seconds=5.0), "status": "ok",
                     "started": datetime.now().astimezone().replace(microsecond=0), "seconds": 3.5, "overhead_seconds": 1.5,
                     "peak_memory_mb": 200.0, "versions": {"python": "3.11"}, "hash": "0" * 64, "worker": "here"} | changes)


def test_a_notebook_s_numbers_and_curves_are_read_back(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(new_output("display_data", data=bundle)))
    results.collect(coverage=torch.tensor(0.5), fid=9)
    results.collect(fid=math.inf, kid=1)
    results.collect_curve("loss of D", range(3), torch.tensor([1.5, math.nan, 0.5]))
    results.collect_images("samples", torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1), columns=2)
    notebook = new_notebook(cells=[new_code_cell("", outputs=shown)])
    assert outputs.numbers(notebook) == {"coverage": 0.5, "fid": None, "kid": 1.0}
    assert outputs.curves(notebook) == {"loss of D": {"x": [0.0, 1.0, 2.0], "y": [1.5, None, 0.5]}}
    with Image.open(io.BytesIO(base64.b64decode(outputs.images(notebook)["samples"]))) as picture:
        assert [picture.getpixel((x, 0)) for x in range(3)] == [(0, 0, 0), (255, 255, 255), (255, 255, 255)]  # black, the line, white
    assert notebook.cells[0].outputs[0].data["text/plain"] == "Collected: coverage 0.5, fid 9"
    assert outputs.claims(notebook) == []


def test_a_curve_with_as_many_x_as_y_or_none():
    with pytest.raises(ValueError, match="'loss' has 3 x and 2 y"):
        results.collect_curve("loss", [1, 2, 3], [1, 2])


def test_a_record_is_read_back_as_it_was_written(tmp_path):
    written = a_record(metrics={"fid": math.nan, "kid": 0.5}, curves={"loss": {"x": [0.0, 1.0], "y": [1.0, math.inf]}})
    record.write(tmp_path, written)
    found = record.read(tmp_path)
    assert found == written and found.metrics == {"fid": None, "kid": 0.5} and found.curves["loss"].y == [1.0, None]
    assert {name: type(value) for name, value in found.parameters.items()} == {"lr": float, "n": int, "on": bool, "set": str}
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_runs_that_have_ended_are_those_with_a_record(tmp_path):
    for name in ("b", "a", "unfinished"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    for name in "ba":
        record.write(tmp_path / "runs" / name, a_record(name=name))
    assert [found.name for found in record.read_all(tmp_path)] == ["a", "b"]
    assert record.read(tmp_path / "runs" / "unfinished") is None


@pytest.mark.parametrize("content", ["", "[]", '{"version": 1}', '{"version": 2}'])
def test_a_damaged_record_is_named(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(ValueError, match="run.json is not a record of a run.*Delete it"):
        record.read(tmp_path)
