"""The exercises of notebook deeper/14_attention: the map of a self-attention layer, what the layer
gathers with it, and the layer with its gate.
"""
import torch
from torch import Tensor, nn

from gan_course.lessons.exercises import _modules, _sandbox
from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    as_number,
    number_called,
)
from gan_course.lessons.exercises._gradients import OF_A_LAYER, flowing_back


def attention_map(f, g):
    """Keys f and queries g (N, k, H, W) -> how much each position looks at each: (N, P, P)."""
    scores = g.flatten(2).transpose(1, 2) @ f.flatten(2)            # (N, P, P), P = H W
    return scores.softmax(dim=-1)


def gather(beta, h):
    """Map beta (N, P, P), values h (N, C, H, W) -> what each position gets, (N, C, H, W)."""
    return (h.flatten(2) @ beta.transpose(1, 2)).view(h.shape)


class SelfAttention(nn.Module):
    """x (N, channels, H, W) -> x + gamma * (what every position gathers), of the same shape."""

    def __init__(self, channels):
        super().__init__()
        self.f = nn.Conv2d(channels, channels // 8, 1)
        self.g = nn.Conv2d(channels, channels // 8, 1)
        self.h = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return x + self.gamma * gather(attention_map(self.f(x), self.g(x)), self.h(x))


def feature_maps(seed, **channels):
    """Feature maps of 2 x 3 positions for two images."""
    def inputs():
        draw = torch.Generator().manual_seed(seed)
        return {name: torch.randn(2, c, 2, 3, generator=draw) for name, c in channels.items()}
    return inputs


# The map

def mapped(rows=lambda each: each.flatten(2).transpose(1, 2), scale=1.0, dim=-1, swapped=False):
    """A wrong map: other rows for the positions, another scale, axis or order."""
    def attention_map(f, g):
        keys, queries = (g, f) if swapped else (f, g)
        scores = rows(queries) @ rows(keys).transpose(1, 2) * scale
        return scores if dim is None else scores.softmax(dim=dim)
    return attention_map


def over_all(f, g):
    """The softmax over a whole map at once."""
    scores = mapped(dim=None)(f, g)
    return scores.flatten(1).softmax(dim=1).view(scores.shape)


def over_channels(f, g):
    return (g.flatten(2) @ f.flatten(2).transpose(1, 2)).softmax(dim=-1)


MAP_MISTAKES = (
    Mistake("wrong_axis", "The columns add up to 1, and the rows should. Row j says how position j "
            "shares its look among all positions, so the softmax runs along the last dimension.",
            like=mapped(dim=1)),
    Mistake("swapped", "f and g are exchanged. Row j belongs to the query g at position j, and the "
            "keys f of all positions stand along the row.", like=mapped(swapped=True)),
    Mistake("both_swapped", "This is the transpose of the map: row j has to belong to the query g "
            "at position j, and each row adds up to 1.", like=mapped(dim=1, swapped=True)),
    Mistake("no_softmax", "These are the scores. A softmax makes shares of them that add up to 1.",
            like=(mapped(dim=None), mapped(dim=None, swapped=True))),
    Mistake("scaled", "The scores are divided by the square root of k. Transformers do that; the "
            "layer of SAGAN, which is asked for here, does not.",
            like=(mapped(scale=3 ** -0.5), mapped(scale=6 ** -0.5))),
    Mistake("mixed_up", "The feature maps were reshaped to (N, P, k) at once, which fills the rows "
            "with neighbouring positions of one channel. Flatten the positions first, to (N, k, "
            "P), and then exchange the two dimensions.",
            like=mapped(rows=lambda each: each.reshape(len(each), -1, each.shape[1]))),
    Mistake("columns_first", "The positions are numbered down the columns. `flatten(2)` goes along "
            "the rows, as images are read.",
            like=mapped(rows=lambda each: each.mT.flatten(2).transpose(1, 2))),
    Mistake("whole_map", "The softmax runs over the whole map at once, so that one position can "
            "take the look away from the others. Each row has a softmax of its own.",
            like=over_all),
    Mistake("over_channels", "It compares channels with each other. A position is compared with a "
            "position, so the map has P = H W rows.", like=over_channels),
)


def the_map(results, inputs):
    return number_called("the map", results)


# What it gathers

def gathered(back=lambda rows, h: rows.transpose(1, 2).reshape(h.shape),
             rows=lambda h: h.flatten(2).transpose(1, 2), weights=lambda beta: beta):
    """A wrong answer: other weights, or positions in another order on the way there or back."""
    return lambda beta, h: back(weights(beta) @ rows(h), h)


def mixed_rows(h):
    return h.reshape(len(h), -1, h.shape[1])


def mixed_back(rows, h):
    return rows.reshape(h.shape)


GATHER_MISTAKES = (
    Mistake("transposed", "The product is transposed: position j gets the sum of what *others* see "
            "in it. Its values are weighed with row j of beta, which adds up to 1.",
            like=gathered(weights=lambda beta: beta.transpose(1, 2))),
    Mistake("mixed_up", "A feature map was reshaped between (N, C, H, W) and (N, P, C) at once, "
            "which mixes channels with positions. Flatten the positions, then exchange the two "
            "dimensions, and the same way back.",
            like=(gathered(rows=mixed_rows), gathered(back=mixed_back),
                  gathered(back=mixed_back, rows=mixed_rows))),
    Mistake("columns_first", "The positions are numbered down the columns. `flatten(2)` goes along "
            "the rows.", like=gathered(back=lambda rows, h: rows.transpose(1, 2).reshape(
                *h.shape[:2], h.shape[3], h.shape[2]).mT,
                rows=lambda h: h.mT.flatten(2).transpose(1, 2))),
    Mistake("mean", "Every position gets the same: the map is not used.",
            like=gathered(weights=lambda beta: torch.full_like(beta, 1 / beta.shape[1]))),
    Mistake("not_a_feature_map", "The numbers are there, but not as a feature map: give back (N, "
            "C, H, W), as h has it.",
            when=lambda seen: isinstance(seen.get("what it gathers"), Tensor)
            and seen["what it gathers"].dim() != 4),
)


def what_it_gathers(results, inputs):
    return number_called("what it gathers", results)


def map_and_values(seed):
    def inputs():
        draw = torch.Generator().manual_seed(seed)
        beta = (2 * torch.randn(2, 6, 6, generator=draw)).softmax(dim=-1)
        return {"beta": beta, "h": torch.randn(2, 4, 2, 3, generator=draw)}
    return inputs


# The layer

def layer_seen(results, inputs):
    """What a layer for 16 channels does when it is new, and with parameters that we choose."""
    layer = results[0] if results else None
    if not isinstance(layer, nn.Module):
        return {"a layer": False}
    found = dict(layer.named_parameters())
    shapes = {name: (1,) if name == "gamma" and each.numel() == 1 else tuple(each.shape)
              for name, each in found.items()}
    x = torch.randn(2, 16, 2, 3, generator=torch.Generator().manual_seed(3))
    seen = {"the parameters": ", ".join(f"{name} {shapes[name]}" for name in sorted(shapes)),
            "_kernel": any(shape[2:] not in ((), (1, 1)) for name, shape in shapes.items()
                           if name != "gamma"),
            "_gamma": "gamma" in found}
    forward = _sandbox.run(layer, [x])
    if isinstance(forward.result, Tensor):
        seen["a new layer gives x back"] = torch.equal(as_number(forward.result), as_number(x))
        draw = torch.Generator().manual_seed(4)
        with torch.no_grad():
            for name in sorted(found):
                found[name].copy_(0.5 * torch.randn(found[name].shape, generator=draw) + 0.3)
        x.requires_grad_(True)
        forward = _sandbox.run(layer, [x.clone()])
        seen["the output with other parameters"] = as_number(forward.result)
        seen |= _modules.gradient_seen(layer, forward.result, [x])
    return seen | {"_forward": forward}


class _Other(SelfAttention):
    """A wrong layer, which begins with another gamma or joins x and the gathered in another way."""

    start, swapped = 0.0, False

    def __init__(self, channels):
        super().__init__(channels)
        nn.init.constant_(self.gamma, self.start)

    def forward(self, x):
        f, g = (self.g, self.f) if self.swapped else (self.f, self.g)
        return self.joined(x, gather(attention_map(f(x), g(x)), self.h(x)))

    def joined(self, x, o):
        return x + self.gamma * o


class _StartsAtOne(_Other):
    start = 1.0


class _Exchanged(_Other):
    swapped = True


class _NoValues(_Other):
    def forward(self, x):
        return self.joined(x, gather(attention_map(self.f(x), self.g(x)), x))


class _NoResidual(_Other):
    def joined(self, x, o):
        return self.gamma * o


class _GateOnX(_Other):
    def joined(self, x, o):
        return self.gamma * x + o


class _Ungated(_Other):
    def joined(self, x, o):
        return x + o


class _Mixed(_Other):
    def joined(self, x, o):
        return (1 - self.gamma) * x + self.gamma * o


LAYER_MISTAKES = (
    Mistake("not_a_layer", "`SelfAttention` has to be a class derived from `nn.Module`.",
            when=lambda seen: seen.get("a layer") is False),
    Mistake("kernel", "One of the convolutions has a kernel larger than 1x1. Each position makes "
            "its own query, key and value; the looking around is the map's work.",
            when=lambda seen: seen.get("_kernel", False)),
    Mistake("no_gamma", "There is no parameter called `gamma`. If it is a plain tensor, the "
            "optimizer does not find it, and the gate stays shut for ever: "
            "`nn.Parameter(torch.zeros(1))`.",
            when=lambda seen: not seen.get("_gamma", True)),
    Mistake("parameters", "It has other parameters than asked. f and g go from `channels` to "
            "`channels // 8`, h keeps `channels`, all three with a bias, and gamma has one "
            "element.", when=lambda seen: seen.get("the parameters", WANTED) != WANTED),
    Mistake("starts_open", "gamma does not start at 0. With 0 a new layer gives x back unchanged, "
            "and the network opens the gate when it has something to gather.", like=_StartsAtOne),
    Mistake("no_residual", "x is not added. Then a new layer, whose gamma is 0, would give zeros.",
            like=_NoResidual),
    Mistake("gate_on_x", "gamma weighs x, and it should weigh what is gathered.", like=_GateOnX),
    Mistake("ungated", "gamma is not used.", like=_Ungated),
    Mistake("mixed", "It mixes x and what is gathered. Asked is x itself, plus gamma times what is "
            "gathered.", like=_Mixed),
    Mistake("no_values", "It gathers x itself. What the map gathers are the values, `self.h(x)`.",
            like=_NoValues),
    Mistake("exchanged", "The keys come from `self.f` and the queries from `self.g`; here they are "
            "exchanged.", like=_Exchanged),
    *OF_A_LAYER,
)
WANTED = ("f.bias (2,), f.weight (2, 16, 1, 1), g.bias (2,), g.weight (2, 16, 1, 1), gamma (1,), "
          "h.bias (16,), h.weight (16, 16, 1, 1)")


EXERCISES = (
    Exercise("14.attention_map", attention_map,
             (Probe(feature_maps(1, f=3, g=3), the_map, MAP_MISTAKES),
              Probe(feature_maps(2, f=6, g=6), the_map, MAP_MISTAKES),
              flowing_back(Probe(feature_maps(1, f=3, g=3), the_map), "f", "g")),
             ("Flatten the positions: f and g become (N, k, P).",
              "Score (j, i) is the inner product of the query g at position j and the key f at "
              "position i, so the scores are one batched product of a (P, k) and a (k, P) matrix.",
              "`(g.flatten(2).transpose(1, 2) @ f.flatten(2)).softmax(dim=-1)`"),
             "Every row adds up to 1: each position shares its look among all positions."),
    Exercise("14.gather", gather,
             (Probe(map_and_values(1), what_it_gathers, GATHER_MISTAKES),
              Probe(map_and_values(2), what_it_gathers),
              flowing_back(Probe(map_and_values(1), what_it_gathers), "beta", "h")),
             ("For each image and each position j, it is a sum of the values at all positions i, "
              "weighed by row j of beta.",
              "With the values as (N, C, P), the sum over i is a product with beta transposed.",
              "`(h.flatten(2) @ beta.transpose(1, 2)).view(h.shape)`"),
             "In one layer, any position can read any other."),
    Exercise("14.SelfAttention", SelfAttention,
             (Probe(lambda: {"channels": 16}, layer_seen, LAYER_MISTAKES),),
             ("Three convolutions with 1x1 kernels, `self.f`, `self.g` and `self.h`, and a "
              "parameter `self.gamma`.",
              "`self.gamma = nn.Parameter(torch.zeros(1))` is 0 at the start, and is trained.",
              "`return x + self.gamma * gather(attention_map(self.f(x), self.g(x)), self.h(x))`"),
             "A new layer does nothing, so it can be put into any network without harm."),
)
