"""What a notebook that has run tells: its claims, numbers, curves and pictures, the errors inside
its widgets, and its time.
"""
import math
from datetime import datetime

from gan_course.lessons.claims import MIME as CLAIMS
from gan_course.lessons.results import MIME as RESULTS


def seconds(notebook) -> float:
    """How long the cells of the notebook took together."""
    times = [cell.metadata.get("execution", {}) for cell in notebook.cells]
    return sum((datetime.fromisoformat(each["iopub.status.idle"])
                - datetime.fromisoformat(each["iopub.status.busy"])).total_seconds()
               for each in times if {"iopub.status.busy", "iopub.status.idle"} <= each.keys())


def hidden_errors(notebook) -> list[str]:
    """Errors that happened inside Output widgets: the run passes over them, the saved widget state
    has them.
    """
    state = notebook.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json",
                                                     {}).get("state", {})
    return [
        f"{output['ename']}: {output['evalue']}" for model in state.values()
        for output in model["state"].get("outputs", []) if output["output_type"] == "error"
    ]


def claims(notebook) -> list[dict]:
    """The claims that a notebook made in its run.

    Args:
        notebook: as it was executed.

    Returns:
        {"text", "held", "judged", "numbers", "precomputed"} of each, in order; a repeated one as
        last made.
    """
    return list({
        claim["text"]: claim for shown in _displayed(notebook, CLAIMS)
        for claim in shown.get("claims", [])
    }.values())


def numbers(notebook) -> dict[str, float | None]:
    """The numbers that a notebook collected for a batch.

    Args:
        notebook: as it was executed.

    Returns:
        By name, a repeated one as last given; None for one that is not finite.
    """
    return {
        name: value for shown in _displayed(notebook, RESULTS)
        for name, value in shown.get("numbers", {}).items()
    }


def curves(notebook) -> dict[str, dict]:
    """The curves that the notebook collected for a batch, by name, as {"x": […], "y": […]}."""
    found = [shown["curve"] for shown in _displayed(notebook, RESULTS) if "curve" in shown]
    return {curve["name"]: {"x": curve["x"], "y": curve["y"]} for curve in found}


def images(notebook) -> dict[str, str]:
    """The pictures that the notebook collected for a batch, by name, each a PNG in base64."""
    return {
        name: png for shown in _displayed(notebook, RESULTS)
        for name, png in shown.get("images", {}).items()
    }


def _displayed(notebook, mime: str) -> list[dict]:
    """What the cells of the notebook have put out under this MIME type, in order."""
    return [
        output["data"][mime] for cell in notebook.cells for output in cell.get("outputs", [])
        if mime in output.get("data", {})
    ]


def missed(found: list[dict]) -> list[str]:
    """The sentences of the claims that were judged and did not hold."""
    return [claim["text"] for claim in found if claim["judged"] and not claim["held"]]


def summary(found: list[dict]) -> str:
    """The claims as lines for a terminal: verdict, sentence, numbers."""
    lines = []
    for claim in found:
        verdict = ("held" if claim["held"] else "MISSED") if claim["judged"] else "not judged"
        numbers = ", ".join(f"{name} {math.nan if value is None else value:.4g}"
                            for name, value in claim["numbers"].items())
        lines.append(f"  {verdict:<10} {claim['text']}" + (f" ({numbers})" if numbers else ""))
    return "\n".join(lines)
