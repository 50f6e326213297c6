"""Answers to the exercise of notebook deeper/17_selection, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
def share(right):
    return [sum(float(each) for each in row) / len(row) for row in right]


def by_hand(right_a, right_b):
    k = max(range(len(right_a)), key=lambda k: share(right_a)[k])
    return [share(right_a)[k], share(right_b)[k]]


def sort_first(right_a, right_b):
    order = right_a.sum(1).argsort(descending=True)
    return right_a[order[0]].double().mean(), right_b[order[0]].double().mean()


def both(right_a, right_b):
    k = (right_a.double().mean(1) + right_b.double().mean(1)).argmax()
    return right_a[k].double().mean(), right_b[k].double().mean()


RIGHT = {"17.choose": [by_hand, sort_first]}
WRONG = {
    "17.choose": {
        "not_two": [lambda right_a, right_b: by_hand(right_a, right_b)[1]],
        "best_of_both": [lambda right_a, right_b: (max(share(right_a)), max(share(right_b)))],
        "chosen_on_b": [lambda right_a, right_b: by_hand(right_b, right_a)[::-1]],
        "on_both": [both],
        "mean": [lambda right_a, right_b: (max(share(right_a)), right_b.float().mean())],
        "order": [lambda right_a, right_b: by_hand(right_a, right_b)[::-1]],
        "booleans": [lambda right_a, right_b: (right_a.mean(1).max(), right_b.mean(1).max())],
        "unknown": [lambda right_a, right_b: (min(share(right_a)), min(share(right_b)))],
    },
}
