"""Where the callbacks of buttons and sliders run: on the thread of the notebook's cells, one after
the other.

JupyterLab may deliver what happens to a widget on another thread (a "subshell" of the kernel), in
the middle of a round of a training or of another picture.
"""
import asyncio
import threading
from collections.abc import Callable


def in_turn(action: Callable[..., None]) -> Callable[..., None]:
    """A callback that always runs on the thread, and in the loop, of the cell that makes it.

    Args:
        action: what the callback does.

    Returns:
        The callback; where there is no asyncio loop, the action itself.
    """
    try:
        loop, thread = asyncio.get_running_loop(), threading.get_ident()
    except RuntimeError:  # no loop, as in a test or a script
        return action

    def run(*arguments):
        if threading.get_ident() == thread:
            action(*arguments)
        else:
            loop.call_soon_threadsafe(action, *arguments)

    return run
