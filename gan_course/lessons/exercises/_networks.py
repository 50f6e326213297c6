"""How a network that a learner writes is judged: built at two sizes, run once, and compared.

A `Network` has a reference class and the sizes at which both are built. The questions come in the
order in which a mistake would hide the next ones: can it be built, does it run, is every layer
registered, does the right size come out, in the right range, with the layers asked for, and, with
equal parameters, the same numbers? The first that is answered with no gives the message.
"""
import inspect
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from gan_course.lessons.exercises import _faults, _sandbox
from gan_course.lessons.exercises._architecture import Said, architecture
from gan_course.lessons.exercises._checking import Mistake, is_unfinished
from gan_course.lessons.exercises._trace import Pass, Trace
from gan_course.lessons.exercises._words import in_short, short


@dataclass(frozen=True)
class Network:
    """A network to write. The `reference`'s source is the worked solution.

    Attributes:
        key: "03.Generator".
        reference: the course's own class.
        builds: the arguments of the constructor, one dict for each of two sizes.
        inputs: makes the arguments of `forward` for one of `builds`, N samples of each.
        role: "generator", "discriminator", "critic" or "features"; their known mistakes differ.
        fixed: whether the specification settles every layer. If not, size and range count alone.
        keeps: arguments of the constructor that the network keeps as attributes.
        std: the standard deviation that the specification asks of initial weights, if it does.
        over_batch: whether the output for a sample depends on the whole mini-batch.
        side_by_side: whether some layers read different inputs, so that it does not matter which
            of them is called first. Layers of one kind are still compared in the order of their
            calls.
        mistakes: wrong networks with the reference's layers, built as it is, with what to say of
            those who give the same numbers.
        looks_like: wrong networks, with what to say of those who end in the same error or have the
            same layers.
        hints: three, from a nudge to nearly there.
        well_done: a sentence for the learner who got it right.
    """

    key: str
    reference: type[nn.Module]
    builds: tuple[dict, dict]
    inputs: Callable[..., tuple[Tensor, ...]]
    role: str
    hints: tuple[str, str, str]
    fixed: bool = True
    keeps: tuple[str, ...] = ()
    std: float | None = None
    over_batch: bool = False
    side_by_side: bool = False
    mistakes: tuple[Mistake, ...] = ()
    looks_like: tuple[Mistake, ...] = ()
    well_done: str = ""


def assess(exercise: Network, answer: type) -> tuple[str, str, str, str]:
    """What to say of a learner's class: outcome, id of the message, message, and what it printed.

    The outcome is "right", "wrong" or "not yet". A right network may get a remark in its message.
    """
    with _sandbox.randomness_untouched():
        early = _before_building(exercise, answer)
        if early:
            return *early, ""
        printed, remarks = "", {}
        for build in exercise.builds:
            right = _run(exercise, exercise.reference, build, _sandbox.run_here)
            outcome = _attempt(exercise, answer, build)
            printed = printed or outcome.printed
            said = _looks_like(exercise, outcome, build)
            if said is None and isinstance(outcome.result, tuple):
                said = outcome.result
            if said is None:
                said = _first_fault(exercise, outcome.result, right, build)
            if said:
                told = "not yet" if said[0] == "stub" else "wrong"
                return told, *said, printed
            remarks |= dict(_faults.remarks(exercise, outcome.result))
    words = " ".join([exercise.well_done, *remarks.values()]).strip()
    return "right", next(iter(remarks), "right"), words, printed


def _first_fault(exercise: Network, mine: Pass, right: Pass, build: dict) -> Said | None:
    try:
        return next(_faults.found(exercise, mine, right, build), None)
    except Exception as error:
        return "error", ("It runs once in training mode, and stops when it is asked again, or in "
                         f"evaluation mode: {in_short(error)}.")


def evidence(exercise: Network, answer: type) -> list[dict]:
    """What a network does with the reference's parameters, for a judge who did not watch."""
    seen = []
    with _sandbox.randomness_untouched():
        for build in exercise.builds:
            right = _run(exercise, exercise.reference, build, _sandbox.run_here)
            outcome = _attempt(exercise, answer, build)
            if not isinstance(outcome.result, Pass):
                seen.append({"it runs": False})
            elif exercise.fixed and not next(
                    architecture(exercise, outcome.result, right), None):
                out = _faults.with_parameters_of(outcome.result, right)
                seen.append({"with equal parameters": out})
            else:
                seen.append({"the size": str(tuple(outcome.result.out.shape))})
    return seen


def _before_building(exercise: Network, answer) -> tuple[str, str, str] | None:
    name = exercise.reference.__name__
    if isinstance(answer, nn.Module):
        return ("wrong", "an_instance", f"Hand over the class itself, `{name}`, and not a network "
                "made from it: the check builds its own, in two sizes.")
    if not inspect.isclass(answer) or not issubclass(answer, nn.Module):
        return ("wrong", "not_a_module", f"`{name}` has to be a class derived from `nn.Module`: "
                f"`class {name}(nn.Module):`. That is how PyTorch finds its parameters.")
    if answer is exercise.reference:
        return ("not yet", "reference", "This is the course's own class, which stands in for "
                "yours. Run the cell that defines your class again, then check it.")
    if answer.forward is nn.Module.forward:
        return ("not yet", "stub", "It has no `forward` yet. Until you have written one, the "
                "notebook goes on with the course's network.")
    wanted = list(inspect.signature(exercise.reference).parameters)
    try:
        inspect.signature(answer).bind(**dict.fromkeys(wanted))
    except TypeError:
        return ("wrong", "arguments", f"It is built as `{name}({', '.join(wanted)})`, and yours "
                "does not take these arguments. Look at the line `def __init__`.")
    return None


def _run(exercise: Network, make: type, build: dict, run: Callable) -> Pass:
    """Build the reference and run it."""
    _sandbox.seed(1)
    net = make(**build)
    _sandbox.seed(2)                            # the same inputs, whatever the layers have drawn
    inputs = exercise.inputs(**build)
    with Trace() as trace:
        out = net(*inputs)
    return Pass(net, inputs, out, trace)


def _attempt(exercise: Network, answer: type, build: dict) -> _sandbox.Outcome:
    """Build and run the learner's class; the result is a `Pass` or what is to be said instead."""
    written = ", ".join(f"{name}={value}" for name, value in build.items())
    call = f"`{exercise.reference.__name__}({written})`"
    outcome = _sandbox.run(lambda: _run(exercise, answer, build, None), [])
    if outcome.endless:
        outcome.result = ("endless", f"{call} was still busy after {_sandbox.SECONDS:g} seconds. "
                          "Is there a loop whose end never comes?")
    elif outcome.error is not None:
        outcome.result = _in_words(outcome.error, call, build is not exercise.builds[0])
    elif outcome.result.out is None or outcome.result.out is ...:
        calls = outcome.result.trace.calls
        outcome.result = (("no_return", "`forward` computes something and gives nothing back. "
                           "What should its last line do?") if calls else
                          ("stub", "There is nothing in `forward` yet. Until you have written it, "
                           "the notebook goes on with the course's network."))
    elif not isinstance(outcome.result.out, Tensor):
        outcome.result = ("not_a_tensor", "`forward` should give back a tensor, and gives a "
                          f"`{type(outcome.result.out).__name__}`.")
    return outcome


def _looks_like(exercise: Network, outcome: _sandbox.Outcome, build: dict) -> Said | None:
    """The wrong network that ends in the same error, or has the same layers."""
    for mistake in exercise.looks_like:
        likes = mistake.like if isinstance(mistake.like, tuple) else (mistake.like,)
        if any(_appearance(outcome) == _appearance(_attempt(exercise, like, build))
               for like in likes):
            return mistake.id, mistake.says
    return None


def _appearance(outcome: _sandbox.Outcome) -> tuple | str:
    """The error that a network ended in, or the weights of its layers and the size that came out.
    """
    if not isinstance(outcome.result, Pass):
        return str(outcome.error)
    layers = [(stage.layer.name, tuple(stage.layer.weight.shape))
              for stage in outcome.result.stages]
    return (*layers, tuple(outcome.result.out.shape))


def _in_words(error: BaseException, call: str, second: bool) -> Said:
    text = " ".join(str(error).split())
    if is_unfinished(error):
        return "stub", ("There is still a `...` to fill in. Until that is done, the notebook goes "
                        "on with the course's network.")
    if "before Module.__init__() call" in text:
        return "no_super", ("The first line of `__init__` is missing: `super().__init__()`. "
                            "Without it PyTorch has no place to register the layers.")
    if second:
        return "one_size", (f"It works in one size and not in another: {call} stops with "
                            f"“{short(text, 200)}”. Is a number written where an argument of "
                            "`__init__` belongs?")
    if "Expected 2D (unbatched) or 3D (batched) input" in text:
        return "z_not_reshaped", ("A convolution in one dimension was given something else than "
                                  "signals: (N, channels, length). z of shape (N, z_dim) becomes "
                                  "(N, z_dim, 1), `z[:, :, None]`.")
    if "Expected 3D (unbatched) or 4D (batched) input" in text:
        return "z_not_reshaped", ("A convolution was given vectors, and it wants pictures: "
                                  "(N, channels, height, width). z of shape (N, z_dim) becomes "
                                  "(N, z_dim, 1, 1), or goes through a fully connected layer and "
                                  "`view` first.")
    if "mat1 and mat2 shapes cannot be multiplied" in text:
        return "layer_sizes", ("A fully connected layer was given another number of values than it "
                               f"was made for ({short(text, 200)}). Follow the sizes from layer to "
                               "layer; pictures have to be flattened first.")
    if "to have" in text and "channels" in text:
        return "layer_sizes", ("A convolution was given another number of channels than it was "
                               f"made for: {short(text, 200)}.")
    return "error", f"{call} stopped with an error: {type(error).__name__}: {short(text, 200)}."
