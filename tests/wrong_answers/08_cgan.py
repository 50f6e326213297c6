"""Answers to the exercises of notebook 08, as learners write them."""
import numpy as np
import torch
import torch.nn.functional as F

bce = F.binary_cross_entropy_with_logits


def d_loss(r, f):
    return bce(r, torch.ones_like(r)) + bce(f, torch.zeros_like(f))


def d_step(loss=d_loss, *, fake=lambda G, z, y: G(z, y).detach(), real=lambda D, x, y: D(x, y), beside=lambda y: y, order="zbs",
           give=lambda loss: loss.item(), first=None):
    """A move of D put together from parts: z zero_grad, b backward, s step; `beside` are the labels beside which D sees the fakes."""
    def discriminator_step(G, D, optimizer_D, x, y, z):
        if first:
            first(G, D)
        value = loss(real(D, x, y), D(fake(G, z, y), beside(y)))
        for letter in order:
            {"z": optimizer_D.zero_grad, "b": value.backward, "s": optimizer_D.step}[letter]()
        return give(value)
    return discriminator_step


def both_in_one_call(G, D, optimizer_D, x, y, z):
    with torch.no_grad():
        fake = G(z, y)
    real_logits, fake_logits = D(torch.cat([x, fake]), torch.cat([y, y])).chunk(2)
    loss = d_loss(real_logits, fake_logits)
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss


def own_labels(G, D, optimizer_D, x, y, z):
    wish = torch.randint(3, y.shape)
    loss = d_loss(D(x, y), D(G(z, wish).detach(), wish))
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss


def number_too_early(G, D, optimizer_D, x, y, z):
    loss = d_loss(D(x, y), D(G(z, y).detach(), y)).item()
    optimizer_D.zero_grad()
    torch.tensor(loss).backward()
    optimizer_D.step()
    return loss


def judges_without_gradients(G, D, optimizer_D, x, y, z):
    with torch.no_grad():
        loss = d_loss(D(x, y), D(G(z, y), y))
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss


def moves_G_as_well(G, D, optimizer_D, x, y, z):
    loss = d_loss(D(x, y), D(G(z, y), y))
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    torch.optim.SGD(G.parameters(), 0.1).step()
    return loss


def g_loss(f):
    return bce(f, torch.ones_like(f))


def g_step(loss=g_loss, *, fake=lambda G, z, y: G(z, y), beside=lambda y: y, order="zbs", give=lambda loss: loss.item(), first=None):
    """A move of G put together from parts."""
    def generator_step(G, D, optimizer_G, y, z):
        if first:
            first(G, D)
        value = loss(D(fake(G, z, y), beside(y)))
        for letter in order:
            {"z": optimizer_G.zero_grad, "b": value.backward, "s": optimizer_G.step}[letter]()
        return give(value)
    return generator_step


def asks_for_its_own(G, D, optimizer_G, y, z):
    wish = torch.randint(3, y.shape)
    loss = g_loss(D(G(z, wish), wish))
    optimizer_G.zero_grad()
    loss.backward()
    optimizer_G.step()
    return loss


def fake_without_gradient(G, z, y):
    with torch.no_grad():
        return G(z, y)


def number_too_early_for_G(G, D, optimizer_G, y, z):
    loss = g_loss(D(G(z, y), y)).item()
    optimizer_G.zero_grad()
    torch.tensor(loss).backward()
    optimizer_G.step()
    return loss


def moves_D_as_well(G, D, optimizer_G, y, z):
    loss = g_loss(D(G(z, y), y))
    optimizer_G.zero_grad()
    loss.backward()
    optimizer_G.step()
    torch.optim.SGD(D.parameters(), 0.1).step()
    return loss


def shuffled(y):
    return y[torch.tensor([3, 5, 0, 1, 2, 4])]


def psi(phi, w, b):
    return (phi * w).sum(1) + b


def with_loops(phi, y, w, b, V):
    return torch.stack([w @ p + b + V[k] @ p for p, k in zip(phi, y, strict=True)])


def both(row, finish=lambda term: term.sum(1)):
    return lambda phi, y, w, b, V: psi(phi, w, b) + finish(row(phi, y, V) * phi)


def counted(asked, drawn, classes):
    table = torch.zeros(classes, classes)
    for i, j in zip(asked, drawn, strict=True):
        table[i, j] += 1
    return table


def shares(table):
    return table / table.sum(1, keepdim=True)


def row_by_row(asked, drawn, classes):
    return torch.stack([torch.bincount(drawn[asked == k], minlength=classes) / (asked == k).sum() for k in range(classes)])


def histogram(asked, drawn, classes):
    table, *_ = np.histogram2d(asked.numpy(), drawn.numpy(), bins=[np.arange(classes + 1)] * 2)
    return table / table.sum(axis=1)[:, None]


def written_once(asked, drawn, classes):
    table = torch.zeros(classes, classes)
    table[asked, drawn] = table[asked, drawn] + 1
    return shares(table)


RIGHT = {
    "08.discriminator_step": [d_step(), d_step(give=lambda loss: loss), both_in_one_call,
                              d_step(order="bs", first=lambda G, D: D.zero_grad()),
                              d_step(lambda r, f: -F.logsigmoid(r).mean() - F.logsigmoid(-f).mean())],
    "08.generator_step": [g_step(), g_step(give=lambda loss: loss.detach()), g_step(lambda f: -F.logsigmoid(f).mean())],
    "08.projection_logit": [both(lambda phi, y, V: V[y]), with_loops,
                            lambda phi, y, w, b, V: (phi @ V.T)[torch.arange(len(y)), y] + phi @ w + b,
                            lambda phi, y, w, b, V: ((F.one_hot(y, len(V)).float() @ V + w) * phi).sum(dim=1) + b,
                            lambda phi, y, w, b, V: torch.einsum("nd,nd->n", V[y] + w, phi) + b,
                            lambda phi, y, w, b, V: F.linear(phi, w[None], b[None]).squeeze(1) + torch.diag(V[y] @ phi.T)],
    "08.obedience": [lambda a, d, k: shares(counted(a, d, k)), row_by_row, histogram,
                     lambda a, d, k: shares(torch.bincount(a * k + d, minlength=k * k).view(k, k).float()),
                     lambda a, d, k: shares(torch.zeros(k, k).index_put_((a, d), torch.ones(len(a)), accumulate=True))],
}
WRONG = {
    "08.discriminator_step": {
        "label_missing": [d_step(fake=lambda G, z, y: G(z).detach()), d_step(real=lambda D, x, y: D(x))],
        "no_grad": [judges_without_gradients],
        "cut_loss": [number_too_early],
        "eval": [d_step(first=lambda G, D: G.eval()), d_step(first=lambda G, D: D.eval())],
        "frozen": [d_step(first=lambda G, D: G.requires_grad_(False))],
        "backward_forgotten": [d_step(order="zs")],
        "moves_G": [moves_G_as_well],
        "step_forgotten": [d_step(order="zb")],
        "step_first": [d_step(order="zsb")],
        "zero_after_backward": [d_step(order="bzs")],
        "zero_after_step": [d_step(order="bsz")],
        "zero_forgotten": [d_step(order="bs")],
        "two_steps": [d_step(order="zbss")],
        "other_labels": [d_step(beside=shuffled), d_step(beside=lambda y: torch.randint(3, y.shape)), d_step(beside=torch.zeros_like),
                         d_step(fake=lambda G, z, y: G(z, torch.randint(3, y.shape)).detach()),
                         d_step(beside=lambda y: y.flip(0)[[1, 0, 2, 3, 4, 5]])],
        "real_labels": [d_step(real=lambda D, x, y: D(x, shuffled(y))), d_step(real=lambda D, x, y: D(x, 0 * y))],
        "own_labels": [own_labels],
        "labels": [d_step(lambda r, f: d_loss(f, r))],
        "ascends": [d_step(lambda r, f: -d_loss(r, f))],
        "sum": [d_step(lambda r, f: F.softplus(-r).sum() + F.softplus(f).sum())],
        "vector": [d_step(lambda r, f: F.softplus(-r) + F.softplus(f))],
        "half": [d_step(lambda r, f: 0.5 * d_loss(r, f))],
        "fake_only": [d_step(lambda r, f: F.softplus(f).mean())],
        "real_only": [d_step(lambda r, f: F.softplus(-r).mean())],
        "own_noise": [d_step(fake=lambda G, z, y: G(torch.randn(z.shape), y).detach())],
        "no_detach": [d_step(fake=lambda G, z, y: G(z, y))],
        "no_return": [d_step(give=lambda loss: None)],
        "unknown": [d_step(lambda r, f: 5 * d_loss(r, f))],
        "error": [d_step(fake=lambda G, z, y: G(y, z).detach())],
    },
    "08.generator_step": {
        "label_missing": [g_step(fake=lambda G, z, y: G(z))],
        "no_grad": [g_step(fake=fake_without_gradient)],
        "detached_fake": [g_step(fake=lambda G, z, y: G(z, y).detach())],
        "cut_loss": [number_too_early_for_G],
        "eval": [g_step(first=lambda G, D: D.eval())],
        "frozen": [g_step(first=lambda G, D: D.requires_grad_(False))],
        "backward_forgotten": [g_step(order="zs")],
        "moves_D": [moves_D_as_well],
        "step_forgotten": [g_step(order="zb")],
        "step_first": [g_step(order="zsb")],
        "zero_after_backward": [g_step(order="bzs")],
        "zero_after_step": [g_step(order="bsz")],
        "zero_forgotten": [g_step(order="bs")],
        "two_steps": [g_step(order="zbss")],
        "other_labels": [g_step(beside=shuffled), g_step(beside=torch.zeros_like)],
        "own_labels": [asks_for_its_own],
        "saturating": [g_step(lambda f: -F.softplus(f).mean())],
        "labels": [g_step(lambda f: bce(f, torch.zeros_like(f)))],
        "sign": [g_step(lambda f: -g_loss(f))],
        "sum": [g_step(lambda f: F.softplus(-f).sum())],
        "vector": [g_step(lambda f: F.softplus(-f))],
        "own_noise": [g_step(fake=lambda G, z, y: G(torch.randn(z.shape), y))],
        "no_return": [g_step(give=lambda loss: None)],
        "unknown": [g_step(lambda f: 5 * g_loss(f))],
        "error": [g_step(fake=lambda G, z, y: G(y, z))],
    },
    "08.projection_logit": {
        "all_classes": [lambda phi, y, w, b, V: psi(phi, w, b)[:, None] + phi @ V.T, lambda phi, y, w, b, V: phi @ V.T],
        "all_pairs": [lambda phi, y, w, b, V: psi(phi, w, b) + V[y] @ phi.T],
        "not_summed": [lambda phi, y, w, b, V: V[y] * phi + psi(phi, w, b)[:, None], lambda phi, y, w, b, V: V[y] * phi],
        "one_number": [lambda phi, y, w, b, V: (psi(phi, w, b) + (V[y] * phi).sum(1)).mean()],
        "over_batch": [both(lambda phi, y, V: V[y], torch.sum)],
        "mean": [both(lambda phi, y, V: V[y], lambda term: term.mean(dim=-1))],
        "no_psi": [lambda phi, y, w, b, V: torch.einsum("nd,nd->n", V[y], phi)],
        "no_bias": [lambda phi, y, w, b, V: ((V[y] + w) * phi).sum(1)],
        "blind": [lambda phi, y, w, b, V: psi(phi, w, b), lambda phi, y, w, b, V: psi(phi, w, b) + (phi @ V.T).max(dim=1).values],
        "other_class": [both(lambda phi, y, V: V[y - 1]), both(lambda phi, y, V: V[0])],
        "classifier": [lambda phi, y, w, b, V: psi(phi, w, b) - F.cross_entropy(phi @ V.T, y, reduction="none")],
        "sign": [lambda phi, y, w, b, V: psi(phi, w, b) - (V[y] * phi).sum(1)],
        "sigmoid": [lambda phi, y, w, b, V: torch.sigmoid(psi(phi, w, b) + (V[y] * phi).sum(1))],
        "cosine": [lambda phi, y, w, b, V: psi(phi, w, b) + F.cosine_similarity(phi, V[y])],
        "unknown": [lambda phi, y, w, b, V: 2 * psi(phi, w, b) + (V[y] * phi).sum(1)],
        "error": [lambda phi, y, w, b, V: psi(phi, w, b) + V * phi],
    },
    "08.obedience": {
        "accuracy": [lambda a, d, k: (a == d).float().mean()],
        "diagonal": [lambda a, d, k: shares(counted(a, d, k)).diagonal()],
        "counts": [counted],
        "transposed": [lambda a, d, k: shares(counted(a, d, k)).T, lambda a, d, k: counted(d, a, k)],
        "by_drawn": [lambda a, d, k: counted(a, d, k) / counted(a, d, k).sum(0), lambda a, d, k: shares(counted(d, a, k))],
        "of_all": [lambda a, d, k: counted(a, d, k) / len(a)],
        "equal_counts": [lambda a, d, k: counted(a, d, k) / (len(a) / k)],
        "wrong_axis": [lambda a, d, k: counted(a, d, k) / counted(a, d, k).sum(dim=1)],
        "counted_once": [written_once],
        "percent": [lambda a, d, k: 100 * row_by_row(a, d, k)],
        "disobedience": [lambda a, d, k: 1 - row_by_row(a, d, k)],
        "unknown": [lambda a, d, k: shares(counted(a, d, k)) ** 2],
        "error": [lambda a, d, k: shares(torch.bincount(a * k + d).view(k + 1, k))],
    },
}
