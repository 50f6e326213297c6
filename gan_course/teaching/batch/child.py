"""The process of one run, with the kernel below it. `execute` starts it and watches it from
outside.

Its standard input is held open by the process that watches. When that one ends, however it ends,
the input ends too, and this process takes its kernel with it and clears up: nothing is left
running.
"""
import itertools
import json
import os
import shutil
import sys
import threading
from pathlib import Path

from gan_course import files
from gan_course.teaching import notebooks
from gan_course.teaching.batch.record import NOTEBOOK

ORDER, CELL, OUTCOME, SOURCE = "order.json", "cell.json", "outcome.json", "work/notebook.ipynb"


def main(folder: Path) -> None:
    """Run a notebook, and leave there what came of it: the executed notebook, its last cell and how
    it ended.

    Args:
        folder: the run's folder, with the notebook (`SOURCE`) and what to do with it (`ORDER`).
    """
    threading.Thread(target=_end_with_the_watcher, args=(folder,), daemon=True).start()
    order = json.loads((folder / ORDER).read_text(encoding="utf-8"))
    numbers = itertools.count(1)

    def note(cell, cell_index):
        files.write(folder / CELL,
                    json.dumps({"number": next(numbers), "source": cell.source}).encode())
    try:
        notebooks.run(folder / SOURCE, folder / NOTEBOOK, order["parameters"],
                      order["cell_seconds"], note)
        outcome = {"status": "ok", "message": ""}
    except notebooks.RunFailed as failed:
        outcome = {"status": failed.status, "message": failed.reason}
    except Exception as error:  # no kernel could be started, or it never answered
        outcome = {"status": "kernel died", "message": "The kernel could not be used: "
                                                       f"{type(error).__name__}: {error}"}
    files.write(folder / OUTCOME, json.dumps(outcome).encode())


def _end_with_the_watcher(folder: Path) -> None:
    os.read(0, 1)  # returns when nobody holds the other end any more
    import psutil

    for process in psutil.Process().children(recursive=True):
        process.kill()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
