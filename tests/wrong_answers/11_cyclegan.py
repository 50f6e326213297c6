"""Answers to the exercises of notebook 11, as learners write them."""
import torch
import torch.nn.functional as nnf

l1 = nnf.l1_loss


def cycled(G, F, x, y, loss=l1):
    return loss(F(G(x)), x) + loss(G(F(y)), y)


def without_gradients(answer):
    def inner(*arguments):
        with torch.no_grad():
            return answer(*arguments)
    return inner


def same(G, F, x, y, loss=l1):
    return loss(G(y), y) + loss(F(x), x)


def ones(score):
    return nnf.mse_loss(score, torch.ones_like(score))


def zeros(score):
    return nnf.mse_loss(score, torch.zeros_like(score))


def fool(G, F, D_X, D_Y, x, y, cost=ones):
    return cost(D_Y(G(x))) + cost(D_X(F(y)))


def tell(D, real, fake, r=ones, f=zeros):
    return 0.5 * r(D(real)) + 0.5 * f(D(fake))


RIGHT = {
    "11.cycle_loss": [cycled, lambda G, F, x, y: torch.mean(torch.abs(G(F(y)) - y)) + torch.mean(torch.abs(x - F(G(x))))],
    "11.identity_loss": [same, lambda G, F, x, y: torch.stack([(y - G(y)).abs().mean(), (x - F(x)).abs().mean()]).sum()],
    "11.adversarial_loss": [fool, lambda G, F, D_X, D_Y, x, y: ((1 - D_X(F(y))) ** 2).mean() + ((1 - D_Y(G(x))) ** 2).mean()],
    "11.discriminator_loss": [tell, lambda D, real, fake: (((D(real) - 1) ** 2).mean() + (D(fake.detach()) ** 2).mean()) / 2],
}
WRONG = {
    "11.cycle_loss": {
        "vector": [lambda G, F, x, y: (F(G(x)) - x).abs() + (G(F(y)) - y).abs(),
                   lambda G, F, x, y: (F(G(x)) - x).abs().mean((1, 2, 3)) + (G(F(y)) - y).abs().mean((1, 2, 3))],
        "one_way": [lambda G, F, x, y: l1(F(G(x)), x), lambda G, F, x, y: l1(G(F(y)), y)],
        "no_way_back": [lambda G, F, x, y: l1(G(x), x) + l1(F(y), y)],
        "pairs": [lambda G, F, x, y: l1(F(G(x)), y) + l1(G(F(y)), x), lambda G, F, x, y: l1(G(x), y) + l1(F(y), x)],
        "wrong_order": [lambda G, F, x, y: l1(G(F(x)), x) + l1(F(G(y)), y), lambda G, F, x, y: cycled(F, G, x, y)],
        "same_twice": [lambda G, F, x, y: l1(G(G(x)), x) + l1(F(F(y)), y)],
        "squared": [lambda G, F, x, y: cycled(G, F, x, y, nnf.mse_loss)],
        "signed": [lambda G, F, x, y: (F(G(x)) - x).mean() + (G(F(y)) - y).mean()],
        "sum": [lambda G, F, x, y: (F(G(x)) - x).abs().sum() + (G(F(y)) - y).abs().sum()],
        "half": [lambda G, F, x, y: cycled(G, F, x, y) / 2],
        "weight": [lambda G, F, x, y: 10 * cycled(G, F, x, y)],
        "number": [lambda G, F, x, y: cycled(G, F, x, y).item(), without_gradients(cycled)],
        "detached": [lambda G, F, x, y: l1(F(G(x).detach()), x) + l1(G(F(y).detach()), y),
                     lambda G, F, x, y: l1(F(G(x).detach()), x) + l1(G(F(y)), y),
                     lambda G, F, x, y: l1(F(G(x)), x) + l1(G(F(y).detach()), y)],
        "unknown": [lambda G, F, x, y: 3 * cycled(G, F, x, y)],
        "error": [lambda G, F, x, y: l1(F(G(x)).flatten(), x)],
    },
    "11.identity_loss": {
        "vector": [lambda G, F, x, y: (G(y) - y).abs() + (F(x) - x).abs()],
        "no_translation": [lambda G, F, x, y: l1(G(x), x) + l1(F(y), y)],
        "one_way": [lambda G, F, x, y: l1(G(y), y), lambda G, F, x, y: l1(F(x), x)],
        "pairs": [lambda G, F, x, y: l1(G(x), y) + l1(F(y), x)],
        "cycle": [cycled],
        "squared": [lambda G, F, x, y: same(G, F, x, y, nnf.mse_loss)],
        "signed": [lambda G, F, x, y: (G(y) - y).mean() + (F(x) - x).mean()],
        "sum": [lambda G, F, x, y: (G(y) - y).abs().sum() + (F(x) - x).abs().sum()],
        "half": [lambda G, F, x, y: 0.5 * same(G, F, x, y)],
        "weight": [lambda G, F, x, y: 5 * same(G, F, x, y)],
        "number": [lambda G, F, x, y: float(same(G, F, x, y)), without_gradients(same)],
        "unknown": [lambda G, F, x, y: same(G, F, x, y) + 1],
        "error": [lambda G, F, x, y: l1(G(y, x), y)],
    },
    "11.adversarial_loss": {
        "vector": [lambda G, F, D_X, D_Y, x, y: (D_Y(G(x)) - 1) ** 2 + (D_X(F(y)) - 1) ** 2],
        "wrong_judge": [lambda G, F, D_X, D_Y, x, y: fool(G, F, D_Y, D_X, x, y)],
        "one_judge": [lambda G, F, D_X, D_Y, x, y: fool(G, F, D_Y, D_Y, x, y), lambda G, F, D_X, D_Y, x, y: fool(G, F, D_X, D_X, x, y)],
        "one_way": [lambda G, F, D_X, D_Y, x, y: ones(D_Y(G(x))), lambda G, F, D_X, D_Y, x, y: ones(D_X(F(y)))],
        "to_zero": [lambda *a: fool(*a, cost=zeros)],
        "real_ones": [lambda G, F, D_X, D_Y, x, y: ones(D_Y(y)) + ones(D_X(x)), lambda G, F, D_X, D_Y, x, y: ones(D_Y(x)) + ones(D_X(y))],
        "log_loss": [lambda *a: fool(*a, cost=lambda s: nnf.binary_cross_entropy_with_logits(s, torch.ones_like(s)))],
        "sigmoid": [lambda *a: fool(*a, cost=lambda s: ones(torch.sigmoid(s)))],
        "critic": [lambda *a: fool(*a, cost=lambda s: -s.mean())],
        "half": [lambda *a: fool(*a) / 2],
        "sum": [lambda *a: fool(*a, cost=lambda s: ((s - 1) ** 2).sum())],
        "number": [lambda *a: fool(*a).item(), without_gradients(fool)],
        "detached": [lambda G, F, D_X, D_Y, x, y: ones(D_Y(G(x).detach())) + ones(D_X(F(y).detach()))],
        "unknown": [lambda *a: fool(*a, cost=lambda s: (s - 1).abs().mean())],
        "error": [lambda G, F, D_X, D_Y, x, y: ones(D_Y(torch.cat([x, G(x)], 1))) + ones(D_X(F(y)))],
    },
    "11.discriminator_loss": {
        "vector": [lambda D, real, fake: ((D(real) - 1) ** 2 + D(fake) ** 2) / 2],
        "labels": [lambda D, real, fake: tell(D, fake, real)],
        "both_one": [lambda D, real, fake: tell(D, real, fake, f=ones)],
        "real_only": [lambda D, real, fake: 0.5 * ones(D(real))],
        "fake_only": [lambda D, real, fake: 0.5 * zeros(D(fake))],
        "not_halved": [lambda D, real, fake: ones(D(real)) + zeros(D(fake))],
        "minus_one": [lambda D, real, fake: tell(D, real, fake, f=lambda s: ((s + 1) ** 2).mean())],
        "log_loss": [lambda D, real, fake: tell(D, real, fake, lambda s: nnf.softplus(-s).mean(), lambda s: nnf.softplus(s).mean()),
                     lambda D, real, fake: 2 * tell(D, real, fake, lambda s: nnf.softplus(-s).mean(), lambda s: nnf.softplus(s).mean())],
        "sigmoid": [lambda D, real, fake: tell(lambda x: D(x).sigmoid(), real, fake)],
        "sum": [lambda D, real, fake: tell(D, real, fake, lambda s: ((s - 1) ** 2).sum(), lambda s: (s ** 2).sum())],
        "number": [lambda *a: tell(*a).item(), without_gradients(tell)],
        "unknown": [lambda D, real, fake: tell(D, real, fake) / 3],
        "error": [lambda D, real, fake: tell(D, real[0], fake)],
    },
}
