"""Answers to the exercises of notebook 12, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import torch
import torch.nn.functional as nnf
from torch import nn


def one(logits):
    return nnf.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def zero(logits):
    return nnf.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))


def without_gradients(answer):
    def inner(*arguments):
        with torch.no_grad():
            return answer(*arguments)
    return inner


def step(*, real=lambda x, y: y, d_loss=lambda r, f: one(r) + zero(f), cut=lambda fake: fake.detach(),
         g_loss=lambda D, x, y, fake, adv: nnf.mse_loss(fake, y) + adv * one(D(fake)), fake_of_G=lambda G, x, fake: fake,
         order_D="zbs", order_G="zbs", G_first=False, give=lambda d, g: (d.item(), g.item()), last=lambda G, D: None):
    """An iteration put together from parts: z zero_grad, b backward, s step."""
    def training_step(G, D, optimizer_G, optimizer_D, x, y, adv):
        fake, losses = G(x), {}

        def move_D():
            losses["D"] = d_loss(D(real(x, y)), D(cut(fake)))
            for letter in order_D:
                {"z": optimizer_D.zero_grad, "b": losses["D"].backward, "s": optimizer_D.step}[letter]()

        def move_G():
            losses["G"] = g_loss(D, x, y, fake_of_G(G, x, fake), adv)
            for letter in order_G:
                {"z": optimizer_G.zero_grad, "b": losses["G"].backward, "s": optimizer_G.step}[letter]()

        for move in (move_G, move_D) if G_first else (move_D, move_G):
            move()
        last(G, D)
        return give(losses["D"], losses["G"])
    return training_step


def in_another_order(letters):
    """Both losses at the start of an iteration, and then what the letters say: D's in capitals, G's not."""
    def training_step(G, D, optimizer_G, optimizer_D, x, y, adv):
        fake = G(x)
        d = one(D(y)) + zero(D(fake.detach()))
        g = nnf.mse_loss(fake, y) + adv * one(D(fake))
        for letter in letters:
            {"Z": optimizer_D.zero_grad, "B": d.backward, "S": optimizer_D.step,
             "z": optimizer_G.zero_grad, "b": g.backward, "s": optimizer_G.step}[letter]()
        return d.item(), g.item()
    return training_step


def steps_of_one(G, D, optimizer_G, optimizer_D, x, y, adv):
    return step()(G, D, optimizer_D, optimizer_D, x, y, adv)


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.a, self.act, self.b = nn.Conv2d(width, width, 3, padding=1), nn.PReLU(), nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x):
        return self.b(self.act(self.a(x))) + x


class InPlace(Block):
    def forward(self, x):
        x += self.b(self.act(self.a(x)))
        return x


class WithoutAct(Block):
    def __init__(self, width):
        super().__init__(width)
        del self.act


class MadeInForward(WithoutAct):
    def forward(self, x):
        return self.b(nn.PReLU()(self.a(x))) + x


class FixedSlope(WithoutAct):
    def forward(self, x):
        return self.b(nnf.prelu(self.a(x), torch.tensor([0.25]))) + x


class Unpadded(Block):
    def __init__(self, width):
        super().__init__(width)
        self.a, self.b = nn.Conv2d(width, width, 3), nn.Conv2d(width, width, 3)


class UnpaddedSecond(Block):
    def __init__(self, width):
        super().__init__(width)
        self.b = nn.Conv2d(width, width, 3)

    def forward(self, x):
        return x + self.b(self.act(self.a(x)))


class Normalised(Block):
    def __init__(self, width):
        super().__init__(width)
        self.a = nn.Sequential(self.a, nn.BatchNorm2d(width))


class ByHand(Block):
    """A right block whose PReLU PyTorch does not know of."""

    def __init__(self, width):
        super().__init__(width)
        self.act, self.slope = None, nn.Parameter(torch.tensor(0.25))

    def forward(self, x):
        h = self.a(x)
        return self.b(torch.where(h > 0, h, self.slope * h)) + x


class StopsInEvaluation(Block):
    def forward(self, x):
        return self.b(self.act(self.a(x))) + (x if self.training else x @ x[0, 0, 0])


class NoSkip(Block):
    def forward(self, x):
        return self.b(self.act(self.a(x)))


class Minus(Block):
    def forward(self, x):
        return x - self.b(self.act(self.a(x)))


class AfterByTheSame(Block):
    def forward(self, x):
        return self.act(x + self.b(self.act(self.a(x))))


class After(Block):
    def __init__(self, width):
        super().__init__(width)
        self.end = nn.PReLU()

    def forward(self, x):
        return self.end(super().forward(x))


class Own(nn.Module):
    """A generator with layers of its own names; `up` and `end` can be exchanged."""

    def __init__(self, channels, width, blocks):
        super().__init__()
        self.first, self.act = nn.Conv2d(channels, width, 3, 1, 1), nn.PReLU()
        self.body = nn.ModuleList([Block(width) for _ in range(blocks)])
        self.ups = nn.ModuleList([nn.Conv2d(width, 4 * width, 3, padding=1) for _ in range(2)])
        self.acts = nn.ModuleList([nn.PReLU(), nn.PReLU()])
        self.last = nn.Conv2d(width, channels, 3, padding=1)

    def forward(self, x):
        x = self.act(self.first(x))
        for block in self.body:
            x = block(x)
        for up, act in zip(self.ups, self.acts, strict=True):
            x = act(nnf.pixel_shuffle(up(x), 2))
        return torch.tanh(self.last(x))


class OnePReLU(Own):
    """One learned slope in three places."""

    def __init__(self, channels, width, blocks):
        super().__init__(channels, width, blocks)
        self.acts = nn.ModuleList([self.act, self.act])


class Unbounded(Own):
    def forward(self, x):
        x = self.act(self.first(x))
        for block in self.body:
            x = block(x)
        for up, act in zip(self.ups, self.acts, strict=True):
            x = act(nnf.pixel_shuffle(up(x), 2))
        return self.last(x)


RIGHT = {
    "12.ResidualBlock": [Block],
    "12.Generator": [Own],
    "12.content_loss": [nnf.mse_loss, lambda fake, y: ((y - fake) ** 2).mean()],
    "12.adversarial_loss": [lambda D, fake: one(D(fake)), lambda D, fake: -nnf.logsigmoid(D(fake)).mean()],
    "12.training_step": [step(), step(fake_of_G=lambda G, x, fake: G(x))],
}
WRONG = {
    "12.ResidualBlock": {"no_skip": [NoSkip], "minus": [Minus], "activation": [After, ByHand], "shared": [AfterByTheSame], "changed_inputs": [InPlace],
                         "made_in_forward": [MadeInForward, FixedSlope], "error": [StopsInEvaluation],
                         "no_padding": [Unpadded, UnpaddedSecond], "batchnorm_at_the_edge": [Normalised]},
    "12.Generator": {"no_tanh": [Unbounded], "shared": [OnePReLU]},
    "12.content_loss": {
        "vector": [lambda fake, y: (fake - y) ** 2],
        "absolute": [nnf.l1_loss],
        "signed": [lambda fake, y: (fake - y).mean(), lambda fake, y: (y - fake).mean(), lambda fake, y: (fake - y).mean() ** 2],
        "sum": [lambda fake, y: ((fake - y) ** 2).sum()],
        "per_image": [lambda fake, y: ((fake - y) ** 2).sum(dim=(1, 2, 3)).mean()],
        "root": [lambda fake, y: torch.sqrt(nnf.mse_loss(fake, y))],
        "half": [lambda fake, y: 0.5 * nnf.mse_loss(fake, y)],
        "number": [lambda fake, y: nnf.mse_loss(fake, y).item(), without_gradients(nnf.mse_loss)],
        "unknown": [lambda fake, y: nnf.mse_loss(fake, y) + 1],
        "error": [lambda fake, y: nnf.mse_loss(fake, y[:, :1, :2])],
    },
    "12.adversarial_loss": {
        "unstable": [lambda D, fake: -D(fake).sigmoid().log().mean(), lambda D, fake: -torch.log(D(fake).sigmoid() + 1e-8).mean()],
        "vector": [lambda D, fake: nnf.softplus(-D(fake))],
        "d_target": [lambda D, fake: zero(D(fake))],
        "saturating": [lambda D, fake: torch.log(1 - torch.sigmoid(D(fake))).mean()],
        "critic": [lambda D, fake: -D(fake).mean()],
        "no_logarithm": [lambda D, fake: -torch.sigmoid(D(fake)).mean(), lambda D, fake: (1 - D(fake).sigmoid()).mean()],
        "sigmoid_forgotten": [lambda D, fake: -torch.log(D(fake)).mean(), lambda D, fake: nnf.binary_cross_entropy(D(fake), torch.ones_like(D(fake)))],
        "weighted": [lambda D, fake: 0.03 * one(D(fake)), lambda D, fake: 1e-3 * nnf.softplus(-D(fake)).mean()],
        "sigmoid_twice": [lambda D, fake: one(D(fake).sigmoid())],
        "sum": [lambda D, fake: nnf.softplus(-D(fake)).sum()],
        "number": [lambda D, fake: float(one(D(fake)))],
        "detached": [lambda D, fake: one(D(fake.detach()))],
        "unknown": [lambda D, fake: 2 * one(D(fake))],
        "error": [lambda D, fake: one(D(torch.cat([fake, fake], 1)))],
    },
    "12.training_step": {
        "no_detach": [step(cut=lambda fake: fake)],
        "cut_loss": [step(d_loss=lambda r, f: one(r.detach()) + zero(f.detach()))],
        "vector": [step(d_loss=lambda r, f: nnf.softplus(-r) + nnf.softplus(f))],
        "eval": [step(last=lambda G, D: G.eval())],
        "frozen": [step(last=lambda G, D: D.requires_grad_(False))],
        "graph_kept": [step(give=lambda d, g: (d, g))],
        "one_optimizer": [steps_of_one],
        "step_forgotten": [step(order_G="zb"), step(order_D="zb")],
        "step_first": [step(order_D="zsb")],
        "update_counts": [step(order_G="zbss")],
        "G_first": [step(G_first=True)],
        "old_logits": [in_another_order("ZBSzbs"), in_another_order("ZzBSbs")],
        "backward_forgotten": [step(order_D="zs"), step(order_G="zs"), *map(in_another_order, ("ZBzbSs", "zbZBSs", "ZzBbSs"))],
        "detached_fake": [step(fake_of_G=lambda G, x, fake: fake.detach())],
        "zero_between": [step(order_D="bzs"), step(order_G="bzs")],
        "zero_forgotten_both": [step(order_D="bs", order_G="bs"), step(order_D="bsz", order_G="bsz")],
        "zero_forgotten_D": [step(order_D="bs"), step(order_D="bsz")],
        "zero_forgotten_G": [step(order_G="bs"), step(order_G="bsz")],
        "both_want_fakes_real": [step(d_loss=lambda r, f: zero(r) + one(f))],
        "real_is_small": [step(real=lambda x, y: x)],
        "wrong_player": [step(g_loss=lambda D, x, y, fake, adv: nnf.mse_loss(fake, y) + adv * zero(D(fake)))],
        "to_x": [step(g_loss=lambda D, x, y, fake, adv: nnf.mse_loss(fake, x) + adv * one(D(fake)))],
        "no_weight": [step(g_loss=lambda D, x, y, fake, adv: nnf.mse_loss(fake, y) + one(D(fake)))],
        "weight_of_content": [step(g_loss=lambda D, x, y, fake, adv: adv * nnf.mse_loss(fake, y) + one(D(fake)))],
        "weight_of_both": [step(g_loss=lambda D, x, y, fake, adv: adv * (nnf.mse_loss(fake, y) + one(D(fake))))],
        "no_content": [step(g_loss=lambda D, x, y, fake, adv: adv * one(D(fake)))],
        "no_adversarial": [step(g_loss=lambda D, x, y, fake, adv: nnf.mse_loss(fake, y))],
        "half": [step(d_loss=lambda r, f: (one(r) + zero(f)) / 2)],
        "sigmoid_twice": [step(d_loss=lambda r, f: one(r.sigmoid()) + zero(f.sigmoid()))],
        "losses_swapped": [step(give=lambda d, g: (g.item(), d.item())), step(give=lambda d, g: d.item())],
        "unknown": [step(d_loss=lambda r, f: 3 * (one(r) + zero(f)))],
        "error": [step(d_loss=lambda r, f: one(r.nothing))],
    },
}
