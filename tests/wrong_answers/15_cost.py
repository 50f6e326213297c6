"""Answers to the exercise of notebook deeper/15_cost, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line


def line_by_line(D, G, penalties):
    work = G                            # the fakes for D
    for _ in ("real", "fake"):
        work += D                       # scores
        work += 2 * D                   # by the weights, and by what each layer read
    for _ in range(penalties):
        work += D                       # the slope
        work += 2 * D                   # back through it
    work += G + 2 * D                   # new fakes, and the scores of a pair
    work += D + 2 * G                   # back through D, and through G
    return float(work)


RIGHT = {"15.work_of_a_step": [line_by_line, lambda D, G, penalties: 4 * G + 3 * (3 + penalties) * D]}
WRONG = {
    "15.work_of_a_step": {
        "always_two": [lambda D, G, penalties: 4 * G + 15 * D],
        "one_batch": [lambda D, G, penalties: G + 3 * D + 3 * penalties * D + 3 * G + 3 * D],
        "forward_only": [lambda D, G, penalties: G + 2 * D + 3 * penalties * D + 3 * G + 3 * D],
        "two_short": [lambda D, G, penalties: G + 2 * (D + D) + 3 * penalties * D + 3 * G + 3 * D, lambda D, G, penalties: G + 6 * D + 3 * penalties * D + 3 * G + D],
        "one_short": [lambda D, G, penalties: G + 6 * D + 3 * penalties * D + 3 * G + 2 * D],
        "too_many_of_D": [lambda D, G, penalties: G + 6 * D + 3 * penalties * D + 3 * G + 2 * D + 2 * D, lambda D, G, penalties: 4 * G + (6 + 3 * penalties) * D + 6 * D],
        "G_learns_twice": [lambda D, G, penalties: 3 * G + 6 * D + 3 * penalties * D + 3 * G + 3 * D],
        "G_one_short": [lambda D, G, penalties: 6 * D + 3 * penalties * D + 3 * G + 3 * D],
        "G_forward_only": [lambda D, G, penalties: G + 6 * D + 3 * penalties * D + G + 3 * D],
        "no_penalties": [lambda D, G, penalties: 4 * G + 9 * D],
        "no_double_backward": [lambda D, G, penalties: 4 * G + 9 * D + penalties * D],
        "double_backward_of_one": [lambda D, G, penalties: 4 * G + 9 * D + penalties * (D + D)],
        "one_too_many": [lambda D, G, penalties: 4 * G + 9 * D + penalties * (2 * D + 2 * D)],
        "not_for_one": [lambda D, G, penalties: 4 * G + 9 * D + (6 * D if penalties else 0)],
        "unknown": [lambda D, G, penalties: 5 * G + 5 * D],
    },
}
