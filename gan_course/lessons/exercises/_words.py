"""What a call was given, and where it went wrong, in words for the learner."""
import linecache
import traceback
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def say(value: Any) -> str:
    """A value for the eye: numbers with four digits, long vectors by their shape."""
    if not isinstance(value, Tensor | float | int) or isinstance(value, bool):
        return str(value)
    value = torch.as_tensor(value)
    if value.numel() > 8:
        return f"a tensor of shape {tuple(value.shape)}"
    numbers = [f"{number:.4g}" for number in value.flatten().tolist()]
    return numbers[0] if value.dim() == 0 else f"[{', '.join(numbers)}]"


def line_of(answer: Callable, error: BaseException) -> str:
    """The learner's own line in which an error came up, in words."""
    code = getattr(getattr(answer, "forward", answer), "__code__", None)
    file = getattr(code, "co_filename", None)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__)
             if frame.filename == file]
    text = linecache.getline(file, lines[-1]).strip() if lines else ""
    return f" in the line `{short(text, 120)}`" if text else ""


def in_short(error: BaseException) -> str:
    return f"{type(error).__name__}: {short(' '.join(str(error).split()), 240)}".rstrip(".")


def short(text: str, most: int) -> str:
    """The text, cut off after so many characters."""
    return text if len(text) <= most else text[:most - 1] + "…"


def given(inputs: dict[str, Any]) -> str:
    """The inputs of a call in words."""
    words = []
    for name, value in inputs.items():
        if isinstance(value, Tensor) and (value.dim() != 1 or value.numel() > 8):
            words.append(f"{name} of shape {tuple(value.shape)}")
        elif isinstance(value, Tensor | float | int):
            words.append(f"{name} = {say(value)}")
    return ", ".join(words)
