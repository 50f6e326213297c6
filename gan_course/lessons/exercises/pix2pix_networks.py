"""The networks of notebook 10: the blocks of a U-Net, the U-Net, and the discriminator of patches.
"""
import torch
from torch import nn

from gan_course.lessons.exercises._checking import Mistake
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network


class Down(nn.Module):
    """Half the size: (N, a, s, s) -> (N, b, s/2, s/2)."""

    def __init__(self, a, b, norm=True):
        super().__init__()
        self.conv = nn.Conv2d(a, b, 4, stride=2, padding=1, bias=not norm)
        self.norm = nn.BatchNorm2d(b) if norm else nn.Identity()
        self.activation = nn.LeakyReLU(0.2)

    def forward(self, x):
        return self.activation(self.norm(self.conv(x)))


class Up(nn.Module):
    """Twice the size: (N, a, s, s) -> (N, b, 2s, 2s)."""

    def __init__(self, a, b, dropout=0.0):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(a, b, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(b),
            nn.Dropout(dropout),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)


class UNet(nn.Module):
    """A picture x (N, 3, s, s) -> a picture (N, 3, s, s) in [-1, 1]; s is a multiple of 16."""

    def __init__(self, width):
        super().__init__()
        w = width
        self.down1 = Down(3, w, norm=False)                         # 32 -> 16
        self.down2 = Down(w, 2 * w)                                 # 16 -> 8
        self.down3 = Down(2 * w, 4 * w)                             # 8 -> 4
        self.down4 = Down(4 * w, 4 * w, norm=False)                 # 4 -> 2
        self.up1 = Up(4 * w, 4 * w, dropout=0.5)                    # 2 -> 4
        self.up2 = Up(4 * w + 4 * w, 2 * w, dropout=0.5)            # 4 -> 8
        self.up3 = Up(2 * w + 2 * w, w)                             # 8 -> 16
        self.last = nn.ConvTranspose2d(w + w, 3, 4, stride=2, padding=1)    # 16 -> 32

    def forward(self, x):
        d1 = self.down1(x)
        d2 = self.down2(d1)
        d3 = self.down3(d2)
        d4 = self.down4(d3)
        u = torch.cat([self.up1(d4), d3], dim=1)
        u = torch.cat([self.up2(u), d2], dim=1)
        u = torch.cat([self.up3(u), d1], dim=1)
        return self.last(u).tanh()


class PatchDiscriminator(nn.Module):
    """A pair of pictures, six channels (N, 6, s, s) -> a logit for each patch, (N, 1, p, p)."""

    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(6, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1, bias=False),
            nn.InstanceNorm2d(2 * width), nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 4, stride=1, padding=1),
        )

    def forward(self, pair):
        return self.layers(pair)


# Wrong U-Nets, recognised by the layers they have or by the error they end in

class Hourglass(UNet):
    """Without skip connections: each block reads what the one before it gave."""

    def __init__(self, width):
        super().__init__(width)
        w = width
        self.up2, self.up3 = Up(4 * w, 2 * w, dropout=0.5), Up(2 * w, w)
        self.last = nn.ConvTranspose2d(w, 3, 4, stride=2, padding=1)

    def forward(self, x):
        u = self.down4(self.down3(self.down2(self.down1(x))))
        return self.last(self.up3(self.up2(self.up1(u)))).tanh()


class NotJoined(UNet):
    """Made for skip connections that `forward` does not have."""

    def forward(self, x):
        u = self.up1(self.down4(self.down3(self.down2(self.down1(x)))))
        return self.last(self.up3(self.up2(u))).tanh()


class Joined(UNet):
    """With skip connections that are right but for the way they are joined."""

    @staticmethod
    def join(u, d):
        return torch.cat([u, d], dim=1)

    @staticmethod
    def partners(d1, d2, d3, d4):
        return d3, d2, d1

    def forward(self, x):
        d1 = self.down1(x)
        d2 = self.down2(d1)
        d3 = self.down3(d2)
        d4 = self.down4(d3)
        u = d4
        for up, d in zip((self.up1, self.up2, self.up3), self.partners(d1, d2, d3, d4),
                         strict=True):
            u = self.join(up(u), d)
        return self.last(u).tanh()


def joined(join=None, partners=None) -> type[UNet]:
    """A U-Net whose skip connections are joined in another way."""
    changes = {"join": join, "partners": partners}
    return type("Wrong", (Joined,), {name: staticmethod(function)
                                     for name, function in changes.items() if function})


LOOKS_LIKE = (
    Mistake("skip_forgotten", "These are the layers of an hourglass without skip connections: each "
            "up block reads only the channels that the block before it gave. With a skip "
            "connection it reads twice as many, those and the channels that the down block of the "
            "same size gave, side by side (`torch.cat`, nothing is added up).",
            like=Hourglass),
    Mistake("not_joined", "The layers are made for skip connections, and `forward` does not have "
            "them: a block expects twice as many channels as it gets. Keep what each down block "
            "gives, and put it beside what the up block of the same size gives.",
            like=(NotJoined, joined(join=lambda u, d: u + d))),
    Mistake("wrong_axis", "`torch.cat` joins along the wrong dimension. Dimension 0 is the "
            "mini-batch, 2 and 3 are height and width. The skip connection adds *channels*, "
            "dimension 1.",
            like=tuple(joined(join=lambda u, d, dim=dim: torch.cat([u, d], dim)) for dim in
                       (0, 2, 3))),
    Mistake("wrong_partner", "A skip connection joins two pictures of different sizes. The first "
            "up block gives 4x4, so its partner is the *last* down block that gave 4x4: the way up "
            "uses them in reverse order.",
            like=(joined(partners=lambda d1, d2, d3, d4: (d1, d2, d3)),
                  joined(partners=lambda d1, d2, d3, d4: (d4, d3, d2)))),
)
SAME_LAYERS = (
    Mistake("skip_first", "The two parts of a skip connection are exchanged. It would learn as "
            "well, but then its weights fit no other U-Net: first what comes from below, then what "
            "was seen on the way down.",
            like=joined(join=lambda u, d: torch.cat([d, u], dim=1))),
    Mistake("skip_to_itself", "The way up is joined to a copy of itself, so nothing from the way "
            "down gets past the narrow part.",
            like=joined(join=lambda u, d: torch.cat([u, u], dim=1))),
)


class Unconditional(PatchDiscriminator):
    """Made for one picture instead of a pair."""

    def __init__(self, width):
        super().__init__(width)
        self.layers[0] = nn.Conv2d(3, width, 4, stride=2, padding=1)


NOT_CONDITIONAL = (
    Mistake("not_conditional", "This D is made for one picture of three channels. It has to see "
            "the *pair*, x and its partner, as one picture of six channels. A D that does not see "
            "x accepts any good-looking answer, whatever was asked.",
            like=Unconditional),
)


def pictures(a=3, **_):
    """N pictures of 32x32."""
    return (torch.randn(N, a, 32, 32),)


def pairs(**_):
    """N pairs of pictures of 32x32."""
    return (torch.randn(N, 6, 32, 32),)


EXERCISES = (
    Network("10.Down", Down, ({"a": 3, "b": 8, "norm": False}, {"a": 5, "b": 11, "norm": True}),
            pictures, "features", (
                "Three things in a row: a convolution, BatchNorm (if `norm` is true), LeakyReLU.",
                "A 4x4 convolution with stride 2 and padding 1 halves the size. With `norm=False` "
                "there is nothing between the convolution and LeakyReLU: `nn.Identity()` does "
                "nothing.",
                "`nn.Conv2d(a, b, 4, stride=2, padding=1)`, then `nn.BatchNorm2d(b)` or nothing, "
                "then `nn.LeakyReLU(0.2)`."),
            well_done="Half the size, and as many channels as were asked for."),
    Network("10.Up", Up, ({"a": 6, "b": 8, "dropout": 0.5}, {"a": 5, "b": 11, "dropout": 0.0}),
            pictures, "features", (
                "Four things in a row; `nn.Sequential` takes them in order.",
                "`nn.ConvTranspose2d` with kernel 4, stride 2 and padding 1 doubles the size.",
                "Then `nn.BatchNorm2d(b)`, `nn.Dropout(dropout)` and `nn.ReLU()`, in this order."),
            well_done="Twice the size."),
    Network("10.UNet", UNet, ({"width": 8}, {"width": 5}), pictures, "generator", (
                "Write the way down first, and keep the result of each block under a name of its "
                "own: the way up needs them again.",
                "`torch.cat([u, d3], dim=1)` puts two tensors of the same size behind each other "
                "along the channels. So the block behind it reads twice as many channels.",
                "The channels that the layers on the way up read are 4w, 4w + 4w, 2w + 2w and "
                "w + w. The last layer is a plain `nn.ConvTranspose2d(2 * w, 3, 4, 2, 1)`, and "
                "`tanh` ends it."),
            looks_like=LOOKS_LIKE, mistakes=SAME_LAYERS,
            well_done="Down, up, and three ways past the narrow part."),
    Network("10.PatchDiscriminator", PatchDiscriminator, ({"width": 8}, {"width": 5}), pairs,
            "discriminator", (
                "Three convolutions. The first one reads six channels, the last one gives one.",
                "The first two halve the size: 4x4, stride 2, padding 1. InstanceNorm stands "
                "behind the second alone, LeakyReLU with slope 0.2 behind both.",
                "The last one is `nn.Conv2d(2 * width, 1, 4, stride=1, padding=1)`, with nothing "
                "behind it. Nothing is flattened: its picture of logits is the output."),
            looks_like=NOT_CONDITIONAL,
            well_done="A picture of logits, one for each patch of the pair."),
)
