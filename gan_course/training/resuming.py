"""How to go on from a file that may be damaged, or come from another version or another device."""
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Inside, whatever a file that will not do makes `checkpoints.settings` or `Training.resume`
    raise becomes a ValueError in words; a FileNotFoundError and a lack of memory stay as they are.

    Raises:
        ValueError: the file is not a checkpoint, lacks something, belongs to another game, or was
            saved on another kind of device.
    """
    try:
        yield
    except torch.OutOfMemoryError:                                  # it says nothing about the file
        raise
    except (LookupError, AttributeError, TypeError, RuntimeError) as error:
        raise ValueError("The checkpoint lacks something that a training needs, or was saved on "
                         "another kind of device, a CPU or a GPU "
                         f"({type(error).__name__}: {error}).") from error
