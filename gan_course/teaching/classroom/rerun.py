"""The process in which a learner's whole notebook runs again, the capstone: every cell in order, up
to the first that fails. Like `replay` it is not trusted: it says what the notebook claims *here*.

    in    JSON: {"allowed", "cells": [source …], "folder": where the notebook's pictures lie}
    out   lines of JSON: {"ready": …}, {"cell": …} and {"claim": …} in turns, {"stopped": why} if a
          cell fails, {"done": true}

There is no kernel and no socket: the cells run in IPython's shell, in this process. Trainings that
the notebook would play side by side are played one after the other.
"""
import json
import os
import sys

from gan_course.teaching.classroom import confine, replay


def main() -> None:
    """Read the task, set the limits, and run the cells."""
    task = json.loads(sys.stdin.buffer.read())
    say = replay.channel()
    try:
        import joblib
        from IPython.core.displaypub import CapturingDisplayPublisher
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        from gan_course.lessons import exercises
        from gan_course.lessons.claims import MIME

        exercises.prepare()
        joblib.parallel_config("sequential")
        shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
        shell.display_pub = shown = CapturingDisplayPublisher()
        limited = confine.limit(confine.Allowance(**task["allowed"]))
    except Exception as error:
        say({"failed": f"{type(error).__name__}: {error}"[:1000]})
        raise
    say({"ready": {"limits": limited}})
    os.chdir(task["folder"])
    for place, source in enumerate(task["cells"]):
        say({"cell": place})
        shown.outputs.clear()
        outcome = shell.run_cell(source)
        for output in shown.outputs:
            for claim in output["data"].get(MIME, {}).get("claims", []):
                say({"claim": claim})
        if error := outcome.error_before_exec or outcome.error_in_exec:
            say({"stopped": f"{type(error).__name__}: {error}"[:1000]})
            break
    say({"done": True})
    os._exit(0)                                     # whatever threads the notebook has left behind
