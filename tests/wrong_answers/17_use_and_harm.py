"""Answers to the exercises of notebook 17, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import torch
import torch.nn.functional as F
from sklearn.metrics import roc_auc_score


def rows(x):
    return x.view(len(x), -1)


def nearest(a, b):
    return (rows(a)[:, None] - rows(b)[None]).norm(dim=2).min(dim=1).values


def ratio(samples, train, held_out, cut=True, middle=torch.median, nearest=nearest):
    held_out = held_out[:len(train)] if cut else held_out
    return middle(nearest(samples, train)) / middle(nearest(samples, held_out))


def drawn_at_random(samples, train, held_out):
    held_out = held_out[torch.arange(len(train))]
    return float(nearest(samples, train).median() / nearest(samples, held_out).median())


def by_hand(members, others):
    return sum(1.0 if m > o else 0.5 if m == o else 0.0 for m in members for o in others) / (len(members) * len(others))


def by_sklearn(members, others):
    return roc_auc_score([1] * len(members) + [0] * len(others), torch.cat([members, others]).numpy())


def invert(G, x, z, steps, lr, *, start=lambda z: z.clone().requires_grad_(True), make=None, order="zbs",
           score=lambda d: (d ** 2).sum(dim=(1, 2, 3)), last=True, finish=lambda s: s.detach()):
    z = start(z)
    optimizer = make(z, lr) if make else torch.optim.Adam([z], lr)
    for _ in range(steps):
        picture = G(z)
        loss = ((picture - x) ** 2).sum()
        for letter in order:
            {"z": optimizer.zero_grad, "b": loss.backward, "s": optimizer.step}[letter]()
    return finish(score((G(z) if last else picture) - x))


def inverting(**changes):
    return lambda G, x, z, steps, lr: invert(G, x, z, steps, lr, **changes)


def one_by_one(G, x, z, steps, lr):
    return torch.cat([invert(G, x[i:i + 1], z[i:i + 1], steps, lr) for i in range(len(x))])


def moves_the_weights(G, x, z, steps, lr):
    return invert(G, x, z, steps, lr, start=lambda z: z.clone().requires_grad_(True), make=lambda z, lr: torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr))


def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def step(loss=lambda r, f: bce(r, 0.0) + bce(f, 1.0), order="zbs", give=lambda loss: loss.item(), first=None, last=None):
    def detector_step(D, optimizer_D, real, fake):
        if first:
            first(D)
        value = loss(D(real), D(fake))
        for letter in order:
            {"z": optimizer_D.zero_grad, "b": value.backward, "s": optimizer_D.step}[letter]()
        if last:
            last(D)
        return give(value)
    return detector_step


def cut_first(D, optimizer_D, real, fake):
    loss = (bce(D(real), 0.0) + bce(D(fake), 1.0)).detach()
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss.item()


def in_one_batch(D, optimizer_D, real, fake):
    logits = torch.cat([D(real), D(fake)])
    target = torch.cat([torch.zeros(len(real)), torch.ones(len(fake))])
    loss = 2 * F.binary_cross_entropy_with_logits(logits, target)
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss.item()


def of_100_000(base_rate, caught, false_alarms):
    fakes = 100_000 * base_rate
    real = 100_000 - fakes
    return fakes * caught / (fakes * caught + real * false_alarms)


RIGHT = {
    "17.memory_ratio": [ratio, drawn_at_random],
    "17.attack_auc": [by_hand, by_sklearn],
    "17.anomaly_score": [invert, one_by_one],
    "17.detector_step": [step(), in_one_batch],
    "17.fake_if_flagged": [of_100_000, lambda base_rate, caught, false_alarms: 1 / (1 + (1 - base_rate) / base_rate * false_alarms / caught)],
}
WRONG = {
    "17.memory_ratio": {
        "unequal": [lambda samples, train, held_out: ratio(samples, train, held_out, cut=False)],
        "upside_down": [lambda samples, train, held_out: 1 / ratio(samples, train, held_out), lambda samples, train, held_out: 1 / ratio(samples, train, held_out, cut=False)],
        "from_the_images": [lambda samples, train, held_out: ratio(samples, train, held_out, nearest=lambda a, b: nearest(b, a))],
        "ratios_first": [lambda samples, train, held_out: (nearest(samples, train) / nearest(samples, held_out[:len(train)])).median()],
        "mean": [lambda samples, train, held_out: ratio(samples, train, held_out, middle=torch.mean)],
        "squared": [lambda samples, train, held_out: ratio(samples, train, held_out, nearest=lambda a, b: nearest(a, b) ** 2)],
        "all_distances": [lambda samples, train, held_out: ratio(samples, train, held_out, nearest=lambda a, b: torch.cdist(rows(a), rows(b)))],
        "rows_of_pixels": [lambda samples, train, held_out: torch.cdist(samples, train).amin(1).median() / torch.cdist(samples, held_out[:len(train)]).amin(1).median(), lambda samples, train, held_out: nearest(samples, train) / nearest(samples, held_out[:len(train)])],
        "unknown": [lambda samples, train, held_out: 2 * ratio(samples, train, held_out)],
    },
    "17.attack_auc": {
        "swapped": [lambda members, others: by_hand(others, members)],
        "ties": [lambda members, others: (members[:, None] > others).float().mean()],
        "threshold": [lambda members, others: ((members > 0).float().mean() + (others <= 0).float().mean()) / 2],
        "difference": [lambda members, others: members.mean() - others.mean()],
        "count": [lambda members, others: by_hand(members, others) * len(members) * len(others)],
        "one_by_one": [lambda members, others: (members > others).float().mean()],
        "booleans": [lambda members, others: (members[:, None] > others).mean()],
        "unknown": [lambda members, others: by_hand(members, others) ** 2],
        "error": [lambda members, others: members[9] > others],
    },
    "17.anomaly_score": {
        "not_a_leaf": [inverting(start=lambda z: z.clone().requires_grad_(True) * 1.0)],
        "no_gradient": [inverting(start=torch.clone)],
        "did_not_move": [moves_the_weights, inverting(order="zb"), lambda G, x, z, steps, lr: ((G(z) - x) ** 2).sum((1, 2, 3)).detach()],
        "per_batch": [inverting(score=lambda d: (d ** 2).sum())],
        "pixels": [inverting(score=lambda d: d ** 2)],
        "mean_of_pixels": [inverting(score=lambda d: (d ** 2).mean(dim=(1, 2, 3)))],
        "root": [inverting(score=lambda d: (d ** 2).sum(dim=(1, 2, 3)).sqrt())],
        "absolute": [inverting(score=lambda d: d.abs().sum(dim=(1, 2, 3)))],
        "zero_forgotten": [inverting(order="bs")],
        "before_the_step": [inverting(last=False)],
        "new_start": [inverting(start=lambda z: torch.randn(z.shape).requires_grad_(True))],
        "sgd": [inverting(make=lambda z, lr: torch.optim.SGD([z], lr))],
        "graph_kept": [inverting(finish=lambda s: s)],
        "unknown": [inverting(score=lambda d: 2 * (d ** 2).sum(dim=(1, 2, 3)))],
        "error": [lambda G, x, z, steps, lr: G(x)],
    },
    "17.detector_step": {
        "sign": [step(lambda r, f: bce(r, 1.0) + bce(f, 0.0))],
        "only_fakes": [step(lambda r, f: bce(f, 1.0))],
        "only_real": [step(lambda r, f: bce(r, 0.0))],
        "fools_itself": [step(lambda r, f: bce(r, 0.0) + bce(f, 0.0)), step(lambda r, f: bce(r, 1.0) + bce(f, 1.0))],
        "half": [step(lambda r, f: (bce(r, 0.0) + bce(f, 1.0)) / 2)],
        "sum": [step(lambda r, f: len(r) * (bce(r, 0.0) + bce(f, 1.0)))],
        "no_log": [step(lambda r, f: torch.sigmoid(r).mean() - torch.sigmoid(f).mean())],
        "cut_loss": [cut_first],
        "eval": [step(last=lambda D: D.eval())],
        "frozen": [step(last=lambda D: D.requires_grad_(False))],
        "backward_forgotten": [step(order="zs")],
        "step_forgotten": [step(order="zb")],
        "step_first": [step(order="zsb")],
        "zero_after_backward": [step(order="bzs")],
        "zero_after_step": [step(order="bsz")],
        "zero_forgotten": [step(order="bs")],
        "two_steps": [step(order="zbss")],
    },
    "17.fake_if_flagged": {
        "caught": [lambda base_rate, caught, false_alarms: caught],
        "one_minus": [lambda base_rate, caught, false_alarms: 1 - false_alarms],
        "no_base_rate": [lambda base_rate, caught, false_alarms: caught / (caught + false_alarms)],
        "base_rate_twice": [lambda base_rate, caught, false_alarms: base_rate * caught / (base_rate * caught + false_alarms)],
        "real_passed": [lambda base_rate, caught, false_alarms: base_rate * caught / (base_rate * caught + (1 - base_rate) * (1 - false_alarms))],
        "joint": [lambda base_rate, caught, false_alarms: base_rate * caught],
        "flagged": [lambda base_rate, caught, false_alarms: base_rate * caught + (1 - base_rate) * false_alarms],
        "real_if_flagged": [lambda base_rate, caught, false_alarms: 1 - of_100_000(base_rate, caught, false_alarms)],
        "unknown": [lambda base_rate, caught, false_alarms: of_100_000(base_rate, caught, false_alarms) / 2],
    },
}
