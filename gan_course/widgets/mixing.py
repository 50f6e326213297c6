"""Style mixing and truncation with buttons and sliders, for a style-based generator.

    mixing(G)           # images of A, of B, and of both: the first layers read A, the others B
"""
import ipywidgets
import torch
from torch import Tensor, nn

from gan_course import latent, plots
from gan_course.profile import headless
from gan_course.style_networks import mix, truncate
from gan_course.widgets.callbacks import in_turn
from gan_course.widgets.cells import display, in_words
from gan_course.widgets.explore import Slider, selections

COLUMNS = 8
PSI = [0.0, 0.25, 0.5, 0.7, 0.85, 1.0, 1.25, 1.5]


class Mixer:
    """Eight pairs of styles and what G draws of them.

    Args:
        G: a `StyleGenerator`.
        seed: of the styles and of the noise.
    """

    def __init__(self, G: nn.Module, seed: int = 1):
        self.G, self.stream, self.centre = G, torch.Generator().manual_seed(seed), G.centre()
        self.noise_seed = seed
        self.a, self.b = self.draw(), self.draw()

    @torch.no_grad()
    def draw(self) -> Tensor:
        """Styles of eight new z: (8, layers, w_dim)."""
        return self.G.styles(torch.randn(COLUMNS, self.G.z_dim, generator=self.stream))

    @torch.no_grad()
    def images(self, crossover: int, psi: float) -> Tensor:
        """A, mixed and B, eight images each, with the same noise for all three.

        Args:
            crossover: how many of the first layers read A.
            psi: the truncation of all styles.

        Returns:
            (24, C, H, W) in [-1, 1], on the CPU.
        """
        noise = self.G.draw_noise(COLUMNS, self.noise_seed)
        rows = [self.G.synthesis(truncate(styles, self.centre, psi), noise)
                for styles in (self.a, mix(self.a, self.b, crossover), self.b)]
        return torch.cat(rows).clamp(-1, 1).cpu()


def mixing(G: nn.Module, *, seed: int = 1) -> None:
    """Eight pairs of images, and what comes out if the first layers read the style of A and the
    others that of B: with a slider for where the crossover lies, one for the truncation psi, and
    buttons for another A, another B and new noise.

    Without a front end it shows the start.

    Args:
        G: a `StyleGenerator`, on the CPU.
        seed: of the styles and of the noise; not that of the training, whose first numbers are the
            weights of the mapping network.
    """
    mixer, layers = Mixer(G, seed), len(G.layers)
    start = {"crossover": layers // 2, "psi": 1.0}
    picture = latent.Picture(mixer.images(**start), COLUMNS, ["A", "mixed", "B"])

    def alt(crossover: int, psi: float) -> str:
        return (f"Eight images of A, of B, and between them eight whose first {crossover} of "
                f"{layers} layers read A and the others B, at psi {psi:g}.")

    if headless():
        plots.show(picture.show(mixer.images(**start)), alt=alt(**start))
        return

    controls = selections({
        "crossover": Slider("layers that read A", list(range(layers + 1)), start["crossover"]),
        "psi": Slider("truncation ψ", PSI, start["psi"])})
    shown = ipywidgets.HTML()

    def redraw(change=None):
        values = {name: control.value for name, control in controls.items()}
        try:
            shown.value = plots.img(picture.show(mixer.images(**values)), alt(**values))
        except Exception as error:
            shown.value = in_words(error)
            raise

    def another_a(button):
        mixer.a = mixer.draw()
        redraw()

    def another_b(button):
        mixer.b = mixer.draw()
        redraw()

    def new_noise(button):
        mixer.noise_seed += 1
        redraw()

    buttons = []
    for name, action in {"Another A": another_a, "Another B": another_b,
                         "New noise": new_noise}.items():
        buttons.append(ipywidgets.Button(description=name))
        buttons[-1].on_click(in_turn(action))
    for control in controls.values():
        control.observe(in_turn(redraw), "value")
    redraw()
    display(ipywidgets.VBox([*controls.values(), ipywidgets.HBox(buttons), shown]))
