"""Several small networks trained side by side as one: five seeds in hardly more time than one.

The rows of a batch are shared out: with S networks, rows 0 .. N/S - 1 belong to the first, and so
on. A game need not know. Its losses are means over all rows; each network's gradient is 1/S of what
it would be alone, and Adam does not care about such a factor. So the S trainings are independent of
each other, as if each ran alone on its own rows.
"""
import copy
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state


class Stacked(nn.Module):
    """S networks of one class as one: x (N, ...) -> y (N, ...), N a multiple of S.

    Row block s of a batch goes through network s. Any network without buffers and without
    dropout will do (a learner's own, for example): `torch.func` stacks the parameters and maps
    `forward` over the stack.

    Args:
        nets: the networks, alike but for their weights. They stay as they are; the stack has
            weights of its own.

    Raises:
        ValueError: the networks have buffers (BatchNorm does), which cannot be stacked here.
        RuntimeError: the networks are not alike; or, when they are called, they draw random
            numbers, as dropout does.
    """

    def __init__(self, nets: Sequence[nn.Module]):
        super().__init__()
        if any(True for _ in nets[0].buffers()):
            raise ValueError("Networks with buffers, such as those of BatchNorm, cannot be "
                             "stacked; train them one after the other.")
        self.size, self.z_dim = len(nets), getattr(nets[0], "z_dim", None)
        parameters, _ = stack_module_state(list(nets))
        self.names = list(parameters)
        self.weights = nn.ParameterList(parameters.values())        # (S, *shape) each
        self.pattern = [copy.deepcopy(nets[0])]  # in a list: its own weights are not trained

    def forward(self, x: Tensor) -> Tensor:
        """Each block of rows through its own network: (N, ...) -> (N, ...), N a multiple of S."""
        _check_rows(len(x), self.size)

        def network(weights: list[Tensor], rows: Tensor) -> Tensor:
            named = dict(zip(self.names, weights, strict=True))
            return functional_call(self.pattern[0], named, (rows,))

        rows = x.reshape(self.size, -1, *x.shape[1:])               # (S, N / S, ...)
        return torch.vmap(network)(list(self.weights), rows).flatten(0, 1)

    def member(self, s: int) -> nn.Module:
        """Network s by itself, with a copy of its weights."""
        net = copy.deepcopy(self.pattern[0])
        values = [weight[s].detach() for weight in self.weights]
        net.load_state_dict(dict(zip(self.names, values, strict=True)))
        return net


class CrowdLinear(nn.Module):
    """S linear layers at once, y_s = x_s W_s + b_s.

    Each begins as nn.Linear does, with weights and biases from U(-1/sqrt(a), 1/sqrt(a)).

    Args:
        size: S, the number of layers.
        a: the number of inputs of each.
        b: the number of outputs of each.
    """

    def __init__(self, size: int, a: int, b: int):
        super().__init__()
        bound = 1 / math.sqrt(a)
        self.weight = nn.Parameter(torch.empty(size, a, b).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(size, 1, b).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Each layer's own rows through that layer: (S, N, a) -> (S, N, b)."""
        return torch.baddbmm(self.bias, x, self.weight)


class CrowdGenerator(nn.Module):
    """Several generators like `nets.MLPGenerator`, without BatchNorm, side by side.

    Args:
        size: S, the number of generators.
        z_dim: the number of latent dimensions.
        data_shape: the shape of one x; three numbers are an image, which ends in tanh.
        width: the units in each hidden layer.
        depth: the number of hidden layers.
    """

    def __init__(self, size: int, z_dim: int, data_shape: tuple[int, ...], width: int = 128,
                 depth: int = 2):
        super().__init__()
        self.z_dim, self.size, self.data_shape = z_dim, size, tuple(data_shape)
        self.layers = _layers(size, [z_dim] + [width] * depth + [math.prod(data_shape)], nn.ReLU())
        self.squash = nn.Tanh() if len(data_shape) == 3 else nn.Identity()

    def forward(self, z: Tensor) -> Tensor:
        """z -> x: (N, z_dim) -> (N, *data_shape), N a multiple of S."""
        return self.squash(self.layers(shared_out(z, self.size))).view(-1, *self.data_shape)


class CrowdDiscriminator(nn.Module):
    """Several discriminators like `nets.MLPDiscriminator`, without dropout, side by side.

    Args:
        size: S, the number of discriminators.
        data_shape: the shape of one x.
        width: the units in each hidden layer.
        depth: the number of hidden layers.
    """

    def __init__(self, size: int, data_shape: tuple[int, ...], width: int = 128, depth: int = 2):
        super().__init__()
        self.size = size
        self.layers = _layers(size, [math.prod(data_shape)] + [width] * depth + [1],
                              nn.LeakyReLU(0.2))

    def forward(self, x: Tensor) -> Tensor:
        """x -> logits: (N, *data_shape) -> (N,), N a multiple of S."""
        return self.layers(shared_out(x.flatten(1), self.size)).flatten()


def shared_out(x: Tensor, size: int) -> Tensor:
    """The rows of a batch, shared out among several networks in order.

    Args:
        x: (N, d).
        size: S, the number of networks.

    Returns:
        The rows of each network, (S, N / S, d).

    Raises:
        ValueError: N is not a multiple of S.
    """
    _check_rows(len(x), size)
    return x.reshape(size, -1, x.shape[1])


def _check_rows(n: int, size: int) -> None:
    if n % size:
        raise ValueError(f"{n} rows cannot be shared out among {size} networks: use a batch size "
                         f"that is a multiple of {size}.")


def _layers(size: int, widths: list[int], activation: nn.Module) -> nn.Sequential:
    layers: list[nn.Module] = []
    for a, b in zip(widths, widths[1:], strict=False):
        layers += [CrowdLinear(size, a, b), activation]
    return nn.Sequential(*layers[:-1])
