"""Answers to the exercise of notebook deeper/16_inversion, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import torch


def difference(G, x, z):
    return G(z.flatten(0, 1)).view(z.shape[0], *x.shape) - x


def invert(G, x, z, steps, lr, *, start=lambda z: z.detach().clone().requires_grad_(True), make=lambda z, lr: torch.optim.Adam([z], lr), order="zbs",
           error=lambda d: (d ** 2).sum(dim=(2, 3, 4)), loss=torch.sum, differ=difference, give=lambda G, x, z, e: z[e.argmin(0), range(len(x))].detach()):
    z = start(z)
    optimizer = make(z, lr)
    for _ in range(steps):
        cost = loss(error(differ(G, x, z)))
        for letter in order:
            {"z": optimizer.zero_grad, "b": cost.backward, "s": optimizer.step}[letter]()
    return give(G, x, z, error(differ(G, x, z)))


def inverting(**changes):
    return lambda G, x, z, steps, lr: invert(G, x, z, steps, lr, **changes)


def start_by_start(G, x, z, steps, lr):
    """Each start in a training of its own; then the best is picked image by image."""
    ends = torch.cat([invert(G, x, each[None], steps, lr) for each in z]).view(z.shape)
    errors = torch.stack([((G(each) - x) ** 2).flatten(1).mean(1) for each in ends])
    return torch.stack([ends[errors[:, i].argmin(), i] for i in range(len(x))])


def never_moves(G, x, z, steps, lr):
    other = torch.zeros(1, requires_grad=True)
    return invert(G, x, z, steps, lr, make=lambda z, lr: torch.optim.Adam([other], lr))


def chosen_first(G, x, z, steps, lr):
    best = (difference(G, x, z) ** 2).sum(dim=(2, 3, 4)).argmin(0)
    return invert(G, x, z[best, range(len(x))][None], steps, lr)


RIGHT = {
    "16.invert": [invert, start_by_start, inverting(loss=lambda e: e.mean(0).sum())],
}
WRONG = {
    "16.invert": {
        "not_a_leaf": [inverting(start=lambda z: z.clone().requires_grad_(True) * 1.0)],
        "no_gradient": [inverting(start=torch.clone)],
        "scalar_needed": [inverting(loss=lambda e: e)],
        "starts_at_once": [inverting(differ=lambda G, x, z: G(z) - x), inverting(differ=lambda G, x, z: G(z).view(z.shape[0], *x.shape) - x)],
        "images": [inverting(give=lambda G, x, z, e: G(z[e.argmin(0), range(len(x))]).detach())],
        "all_starts": [inverting(give=lambda G, x, z, e: z.detach())],
        "errors": [inverting(give=lambda G, x, z, e: e.min(0).values.detach()), inverting(give=lambda G, x, z, e: e.argmin(0))],
        "did_not_move": [never_moves, inverting(order="zb")],
        "uphill": [inverting(loss=lambda e: -e.sum())],
        "one_start": [inverting(give=lambda G, x, z, e: z[0].detach()), inverting(give=lambda G, x, z, e: z[e.sum(1).argmin()].detach()), inverting(give=lambda G, x, z, e: z[-1].detach())],
        "worst": [inverting(give=lambda G, x, z, e: z[e.argmax(0), range(len(x))].detach())],
        "chosen_too_early": [chosen_first],
        "mean_of_starts": [inverting(give=lambda G, x, z, e: z.mean(0).detach())],
        "absolute": [inverting(error=lambda d: d.abs().sum(dim=(2, 3, 4)))],
        "zero_forgotten": [inverting(order="bs")],
        "new_start": [inverting(start=lambda z: torch.randn(z.shape).requires_grad_(True))],
        "sgd": [inverting(make=lambda z, lr: torch.optim.SGD([z], lr))],
        "graph_kept": [inverting(give=lambda G, x, z, e: z[e.argmin(0), range(len(x))])],
        "changed_inputs": [inverting(start=lambda z: z.requires_grad_(True))],
        "unknown": [inverting(make=lambda z, lr: torch.optim.Adam([z], lr / 2))],
        "error": [lambda G, x, z, steps, lr: G.layer(z).nothing],
    },
}
