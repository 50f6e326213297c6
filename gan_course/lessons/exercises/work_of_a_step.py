"""The exercise of notebook deeper/15_cost: the work of a training step with penalties, counted in
forward passes.
"""
from collections.abc import Callable

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, number_called


def work_of_a_step(D, G, penalties):
    """The work of a step with 0, 1 or 2 penalties; D, G: that of a forward pass of each network."""
    move_of_D = G + 2 * (D + 2 * D) + penalties * (D + 2 * D)
    move_of_G = (G + 2 * G) + (D + D) + D
    return move_of_D + move_of_G


def step(penalties: int) -> Callable[[], dict]:
    return lambda: {"D": 101, "G": 10_007, "penalties": penalties}


def the_work(results: list, inputs: dict) -> Seen:
    return number_called("the work", results)


def of(G: int = 4, D: int = 9, penalty: int = 3) -> Callable:
    """So many passes of G and of D, and so many of D for each penalty."""
    def work_of_a_step(D_, G_, penalties):
        return G * G_ + (D + penalty * penalties) * D_
    return work_of_a_step


OF_THE_MOVES = (
    Mistake("always_two", "It has the work of two penalties in it even where there is none. "
            "`penalties` says how many there are.", like=of(D=15)),
    Mistake("one_batch", "In its own move D reads two mini-batches, a real one and the fakes, and "
            "learns from both.", like=of(D=6)),
    Mistake("forward_only", "D learns from both mini-batches in its own move, so it needs the "
            "gradients by its weights, and on the way down those by what its layers read.",
            like=of(D=5)),
    Mistake("two_short", "Two passes of D are missing. In its own move each of two mini-batches "
            "needs a forward pass and both kinds of gradients. In G's move there are the scores of "
            "the fakes and of real data, and the way back through those of the fakes.",
            like=of(D=7)),
    Mistake("one_short", "In G's move one pass of D is missing. The pairing loss needs the scores "
            "of the fakes and those of real data, and the gradient reaches G through the scores of "
            "the fakes.", like=of(D=8)),
    Mistake("too_many_of_D", "D gets too many passes. In G's move its weights stand still, and "
            "the gradient reaches G through the scores of the fakes alone.",
            like=(of(D=10), of(D=11), of(D=12))),
    Mistake("G_learns_twice", "The fakes in D's move are detached: no gradient flows into G there.",
            like=of(G=6)),
    Mistake("G_one_short", "One pass of G is missing. It draws fakes in both moves, and in its own "
            "it needs both kinds of gradients.", like=of(G=3)),
    Mistake("G_forward_only", "In its own move G needs the gradients by its weights, and on the "
            "way down those by what its layers read.", like=of(G=2)),
)
OF_THE_PENALTIES = (
    Mistake("no_penalties", "The penalties cost nothing here.", like=of(penalty=0)),
    Mistake("no_double_backward", "A penalty costs the slope, which is one backward pass, and then "
            "the gradient of this slope by the weights, which goes back through that pass. The "
            "second part is missing.", like=of(penalty=1)),
    Mistake("double_backward_of_one", "The way back through the slope's pass is a backward pass "
            "like every other: it gives gradients by what each layer read *and* by its weights.",
            like=of(penalty=2)),
    Mistake("one_too_many", "Each penalty has one pass too many. The slope is a gradient by the "
            "data, so nobody asks for gradients by the weights on the way to it; and the scores "
            "that it starts from are there already, since the loss has computed them.",
            like=of(penalty=4)),
)
FOR_ONE = (
    Mistake("not_for_one", "With two penalties it is right, and with one of them it is not.",
            when=lambda seen: True),
)


EXERCISES = (
    Exercise("15.work_of_a_step", work_of_a_step,
             (Probe(step(0), the_work, OF_THE_MOVES), Probe(step(2), the_work, OF_THE_PENALTIES),
              Probe(step(1), the_work, FOR_ONE)), (
                 "Take one move after the other, and in each one network after the other: which "
                 "forward passes are there, who learns, and where does the gradient travel only on "
                 "its way to somebody else?",
                 "D's move: G draws, D reads two mini-batches (forward, and back with both kinds "
                 "of gradients). Each penalty: a pass back by what is read, and one with both "
                 "kinds through that one. G's move: D reads two mini-batches, and the gradient "
                 "goes back through one of them.",
                 "D's move is `G + 2 * 3 * D + penalties * 3 * D`, G's move `3 * G + 3 * D`."),
             "Four passes of G, nine of D, and three more of D for each penalty."),
)
