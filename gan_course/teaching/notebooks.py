"""One notebook run from top to bottom with nobody watching.

`parameter_cell` has what is checked before, `outputs` what is read after.
"""
import contextlib
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from gan_course import files
from gan_course.lessons.results import Value
from gan_course.teaching.parameter_cell import parameterized

STARTS = 3  # how often a kernel may be started that dies at once
NO_MEMORY = (r"^(\w*MemoryError|\w*OutOfMemoryError)\b|can't allocate memory|not enough memory|"
             "CUDA out of memory")                  # in an error's words


class RunFailed(Exception):
    """A notebook did not run to its end.

    Args:
        status: how it ended, a status of `batch.record`.
        reason: why, in words.
        cell: the number and the source of the cell that failed, if one did.
    """

    def __init__(self, status: str, reason: str, cell: tuple[int, str] | None = None):
        super().__init__(status, reason, cell)
        self.status, self.reason, self.cell = status, reason, cell

    def __str__(self):
        if not self.cell:
            return self.reason
        number, source = self.cell
        lines = source.strip().splitlines()
        shown = "\n".join(f"    {line}" for line in lines[:5] + ["…"] * (len(lines) > 5))
        return f"Cell [{number}] failed:\n\n{shown}\n\n{self.reason}"


def run(path: Path, out: Path, values: dict[str, Value] | None = None,
        cell_seconds: float | None = None, on_cell: Callable | None = None,
        environment: dict[str, str] | None = None):
    """Run the notebook at `path` from top to bottom and write it to `out` when it has ended.

    While it runs it is written under a temporary name beside `out`: see `unfinished`.

    Args:
        path: the notebook.
        out: the file for the result.
        values: parameter values by name.
        cell_seconds: how long a cell may take.
        on_cell: called before each code cell as `on_cell(cell=…, cell_index=…)`.
        environment: variables for the kernel, beside those of this process.

    Returns:
        The notebook with its outputs.

    Raises:
        RunFailed: a cell failed or took too long, or the kernel died; `out` has what was done
            until there.
    """
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    out = out.absolute()
    notebook = parameterized(path, values or {})
    ours = {"GAN_COURSE_HEADLESS": "1", "PYTHONIOENCODING": "utf-8"}
    client = _client(notebook, unfinished(out), timeout=cell_seconds, on_cell_execute=on_cell)
    cell = None
    try:
        with _kernel(client, cwd=str(path.parent), env=os.environ | ours | (environment or {})):
            for index, cell in enumerate(_progress(notebook.cells)):
                client.execute_cell(cell, index)
    except CellExecutionError as error:
        reason = f"{error.ename}: {error.evalue}"
        status = "out of memory" if re.search(NO_MEMORY, reason) else "cell error"
        raise RunFailed(status, reason, (cell.execution_count, cell.source)) from None
    except CellTimeoutError:
        raise RunFailed("cell timeout",
                        f"A cell took longer than {cell_seconds:g} seconds.") from None
    except DeadKernelError:
        raise RunFailed("kernel died", "The kernel died (out of memory, or a crash in compiled "
                                       "code).") from None
    finally:
        client.set_widgets_metadata()
        files.write(out, _text(notebook))
        unfinished(out).unlink(missing_ok=True)
    return notebook


def unfinished(out: Path) -> Path:
    """Where the notebook that will be `out` is written while it runs."""
    return out.with_name(f".unfinished-{out.name}")


def _text(notebook) -> str:
    import nbformat

    return nbformat.writes(notebook)


def _client(notebook, file: Path, **how):
    """What runs the cells of `notebook`.

    It writes the notebook to `file` whenever the kernel says something, but takes at most a
    twentieth of the time for that.

    nbclient answers the messages of an Output widget on the socket where it waits for the cell's
    reply. When the reply arrives just before such an answer is sent, sending swallows the news of
    it, and the wait never ends. Asking the socket for its events tells them again.
    """
    import zmq
    from nbclient import NotebookClient

    class Client(NotebookClient):
        free = 0.0                                  # when the notebook may be written again

        def process_message(self, *message):
            try:
                return super().process_message(*message)
            finally:
                self.kc.shell_channel.socket.get(zmq.EVENTS)
                if (began := time.monotonic()) >= self.free:
                    files.write(file, _text(notebook))
                    self.free = began + 20 * (time.monotonic() - began)

    name = notebook.metadata.get("kernelspec", {}).get("name", "python3")
    client = Client(notebook, kernel_name=name, iopub_timeout=60, raise_on_iopub_timeout=True,
                    # a kernel asked politely answers Ctrl-C with a traceback
                    shutdown_kernel="immediate", extra_arguments=["--log-level=40"], **how)
    client.reset_execution_trackers()
    return client


@contextlib.contextmanager
def _kernel(client, **how):
    """A kernel for the client, as long as the context lasts.

    Its ports are chosen before it opens them. Another program can take one in between; then the
    kernel dies before it has answered, and a new one, with other ports, is started instead.
    """
    with contextlib.ExitStack() as stack:
        for more in reversed(range(STARTS)):
            try:
                stack.enter_context(client.setup_kernel(**how))
                break
            except RuntimeError:
                if not more:
                    raise
        yield


def _progress(cells: list):
    """The cells, with a progress bar where somebody watches."""
    from tqdm import tqdm

    return tqdm(cells, unit="cell", disable=not sys.stderr.isatty())
