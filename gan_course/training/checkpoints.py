"""A training in a file: tensors as safetensors, everything else as JSON in the same file's header.
Nothing in it can run code.

    game.<name>                       the networks' parameters and buffers
    optimizer.<player>.<i>.<name>     Adam's moments and step count for the player's i-th parameter
    random.<i>                        the states of the training's random generators
    batches.generator                 the state of the data's shuffle or draw

One file, so that it can be replaced as a whole: it is written under a temporary name and renamed.
"""
import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from gan_course import files

VERSION = 1


def save(training, path, settings: dict | None = None) -> None:
    """Write a training to a file, as a whole or not at all. `Training.save` calls it.

    Args:
        training: the `Training`.
        path: the file.
        settings: what the game was built with; values that JSON knows.

    Raises:
        OSError: the file cannot be written.
    """
    path = Path(path)
    tensors = {f"game.{name}": tensor for name, tensor in training.game.state_dict().items()}
    about = {
        "version": VERSION, "game": type(training.game).__name__, "round": training.round,
        "precision": training.precision, "optimizers": {}, "settings": settings or {}
    }
    for player, optimizer in training.optimizers.items():
        state = optimizer.state_dict()
        about["optimizers"][player] = state["param_groups"]
        for index, moments in state["state"].items():
            tensors |= {
                f"optimizer.{player}.{index}.{name}": tensor for name, tensor in moments.items()
            }
    tensors |= {f"random.{i}": tensor for i, tensor in enumerate(training.random.state)}
    stream = training.batches.state()
    tensors["batches.generator"] = stream.pop("generator")
    about["batches"] = stream
    write(path, tensors, {"gan_course": json.dumps(about)})


def settings(path) -> dict:
    """What the saved game was built with, as it was given to `Training.save`.

    Args:
        path: a file that `save` wrote.

    Returns:
        The settings; {} if none were given.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a checkpoint.
    """
    return _read(path)[1].get("settings", {})


def write(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    """Write one safetensors file, as a whole or not at all.

    Args:
        path: the file.
        tensors: by name, on any device.
        metadata: texts for the file's header.

    Raises:
        OSError: the file cannot be written.
    """
    # safetensors wants each tensor contiguous and in memory of its own
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    with files.written_whole(path) as temporary:
        try:
            save_file(tensors, temporary, metadata=metadata)
        except SafetensorError as error:        # "I/O error: Permission denied"
            raise OSError(str(error)) from error


def restore(training, path) -> None:
    """Put a training in the state that `save` wrote. `Training.resume` calls it.

    Args:
        training: a `Training` that has just begun, of a game built as it was then.
        path: a file that `save` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a checkpoint, or that of another game.
        RuntimeError: it was saved on another kind of device (a CPU or a GPU), whose random
            generators have states of another size; the training is of no use afterwards.
    """
    tensors, about = _read(path)
    if about.get("version") != VERSION:
        raise ValueError(f"{path} has format {about.get('version')}; this course reads format "
                         f"{VERSION}.")
    if about["game"] != type(training.game).__name__ or set(about["optimizers"]) != set(
            training.players):
        raise ValueError(f"{path} holds a {about['game']} with players "
                         f"{', '.join(about['optimizers'])}; "
                         f"this game is a {type(training.game).__name__} with players "
                         f"{', '.join(training.players)}.")
    try:
        training.game.load_state_dict(_under("game.", tensors))
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit this game: build it with the sizes it had when it "
                         f"was saved. {error}") from error
    for player, optimizer in training.optimizers.items():
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in _under(f"optimizer.{player}.", tensors).items():
            index, field = name.split(".")
            parameter = optimizer.param_groups[0]["params"][int(index)]
            # fused Adam needs moments in the parameter's memory order
            if tensor.shape == parameter.shape:
                tensor = torch.empty_like(parameter, requires_grad=False).copy_(tensor)
            moments.setdefault(int(index), {})[field] = tensor
        optimizer.load_state_dict({"state": moments, "param_groups": about["optimizers"][player]})
    training.random.state = [tensor for _, tensor in sorted(_under("random.", tensors).items())]
    training.batches.restore({"generator": tensors["batches.generator"], **about["batches"]})
    training.round = about["round"]
    training.precision = about.get("precision", "float32")          # older files do not say


def load_weights(path, game) -> int:
    """Put a game's networks alone in the state that `save` wrote, to draw with them.

    Args:
        path: a file that `save` wrote.
        game: a game built as it was then.

    Returns:
        The round in which it was saved.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a checkpoint, or its networks have other sizes.
    """
    tensors, about = _read(path)
    try:
        game.load_state_dict(_under("game.", tensors))
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit this game: build it with the sizes it had when it "
                         f"was saved. {error}") from error
    return about["round"]


def _under(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {
        name.removeprefix(prefix): tensor for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def _read(path) -> tuple[dict[str, torch.Tensor], dict]:
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})["gan_course"])
            return {name: file.get_tensor(name) for name in file.keys()}, about
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no checkpoint at {path}.") from None
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(
            f"{path} is not a checkpoint of this course, or it was cut short: {error}") from error
