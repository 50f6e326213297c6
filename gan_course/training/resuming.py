"""How to go on from a file that may be damaged, or come from another version or another device."""
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Inside, whatever a file that will not do makes `checkpoints.settings` or `Training.resume`
    raise becomes a ValueError in words; only a FileNotFoundError stays what it is.

    Raises:
        ValueError: the file is not a checkpoint, lacks something, belongs to another game, or was
            saved on another kind of device.
    """
    try:
        yield
    except (LookupError, AttributeError, TypeError, RuntimeError) as error:
        raise ValueError("The checkpoint lacks something that a training needs, or was saved on "
                         "another kind of device, a CPU or a GPU "
                         f"({type(error).__name__}: {error}).") from error
