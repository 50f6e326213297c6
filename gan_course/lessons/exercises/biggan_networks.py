"""The exercise of notebook 14 on BigGAN's generator: every layer hears a chunk of z and y."""
import torch
from torch import Tensor, nn

from gan_course.lessons.exercises import _sandbox
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, as_number
from gan_course.lessons.exercises._modules import NOT_A_MODULE, drawn, module_or
from gan_course.lessons.exercises.biggan import layer_inputs


class Generator(nn.Module):
    """z (N, z_dim), y (N,) -> images (N, 1, 16, 16): each layer reads a chunk of z, and y."""

    def __init__(self, z_dim, classes, width=32, dim=32):
        super().__init__()
        self.z_dim, self.classes, told = z_dim, classes, z_dim // 3 + dim
        self.embedding = nn.Embedding(classes, dim)
        self.first = nn.Linear(told, 2 * width * 4 * 4)
        self.norms = nn.ModuleList(nn.BatchNorm2d(c, affine=False) for c in (2 * width, width))
        self.affines = nn.ModuleList(nn.Linear(told, 2 * c) for c in (2 * width, width))
        sizes = ((2 * width, width), (width, 1))
        self.grow = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, 2, 1) for a, b in sizes)

    def forward(self, z, y):
        first, *others = layer_inputs(z, self.embedding(y), 3)
        h = self.first(first).view(len(z), -1, 4, 4)
        for u, norm, affine, grow in zip(others, self.norms, self.affines, self.grow, strict=True):
            gain, shift = affine(u)[:, :, None, None].chunk(2, dim=1)
            h = grow(((1 + gain) * norm(h) + shift).relu())
        return h.tanh()


# What is looked at

PARTS = ("embedding", "first", "norms", "affines", "grow")


@module_or
def generator_seen(G: nn.Module, inputs: dict) -> Seen:
    """Its parameters' shapes; if they are right, its images with given parameters, and where the
    gradient comes back.
    """
    right = Generator(**inputs)
    shapes, wanted = ({name: tuple(parameter.shape) for name, parameter in net.named_parameters()}
                      for net in (G, right))
    seen = {"it keeps z_dim and classes": (getattr(G, "z_dim", None), getattr(
        G, "classes", None)) == (inputs["z_dim"], inputs["classes"])}
    seen |= {f"the shape of {name}": str(shapes.get(name, "missing")) for name in wanted}
    if shapes != wanted:
        return seen | _of_the_shapes(G, shapes, wanted, inputs)
    with torch.no_grad():
        for number, (name, shape) in enumerate(sorted(wanted.items())):
            G.get_parameter(name).copy_(0.4 * drawn(number, *shape))
    z, y = drawn(50, 5, inputs["z_dim"]).double(), torch.arange(5) % inputs["classes"]
    forward = _sandbox.run(G.double(), [z, y])
    seen |= {"the images": as_number(forward.result), "_forward": forward}
    if isinstance(forward.result, Tensor):
        seen["the size of the images"] = str(tuple(forward.result.shape))
        seen["the gradient"] = _reached(G, forward.result)
    return seen


def _of_the_shapes(G: nn.Module, shapes: dict, wanted: dict, inputs: dict) -> Seen:
    """Clues to why the shapes differ."""
    chunk, dim = inputs["z_dim"] // 3, inputs["dim"]
    reads = {shapes.get(name, (0, 0))[-1] for name in ("first.weight", "affines.0.weight",
                                                       "affines.1.weight")}
    return {
        "_tables": sum(isinstance(part, nn.Embedding) for part in G.modules()),
        "_affine": any(name.startswith("norms.") for name in shapes),
        "_missing": [part for part in PARTS if not isinstance(getattr(G, part, None), nn.Module)],
        "_whole_z": inputs["z_dim"] + dim in reads or inputs["z_dim"] in reads,
        "_chunk_alone": chunk in reads,
        "_label_alone": dim in reads,
        "_half": shapes.get("affines.0.weight", (0,))[0] * 2 == wanted["affines.0.weight"][0],
        "_more": sorted(set(shapes) - set(wanted))}


def _reached(G: nn.Module, images: Tensor) -> str:
    """Which parameters a gradient of the images reaches."""
    if not images.requires_grad:
        return "reaches nothing"
    (images * torch.linspace(-1, 1, images.numel()).view_as(images)).sum().backward()
    left = sorted({name.split(".")[0] for name, parameter in G.named_parameters()
                   if parameter.grad is None})
    return f"does not reach {', '.join(left)}" if left else "reaches all parameters"


# The mistakes

class _Styled(Generator):
    """A wrong one: `drawn` uses the two inputs, gain and shift in another way."""

    def chunks(self, z, y):
        return layer_inputs(z, self.embedding(y), 3)

    def styled(self, h, gain, shift):
        return ((1 + gain) * h + shift).relu()

    def forward(self, z, y):
        first, *others = self.chunks(z, y)
        h = self.first(first).view(len(z), -1, 4, 4)
        for u, norm, affine, grow in zip(others, self.norms, self.affines, self.grow, strict=True):
            gain, shift = affine(u)[:, :, None, None].chunk(2, dim=1)
            h = grow(self.styled(norm(h), gain, shift))
        return self.last(h)

    def last(self, h):
        return h.tanh()


class _OneChunk(_Styled):
    def chunks(self, z, y):
        return 3 * [super().chunks(z, y)[0]]


class _Backwards(_Styled):
    def chunks(self, z, y):
        return super().chunks(z, y)[::-1]


class _LabelFirst(_Styled):
    def chunks(self, z, y):
        return [torch.cat([self.embedding(y), chunk], dim=1) for chunk in z.chunk(3, dim=1)]


class _NoOne(_Styled):
    def styled(self, h, gain, shift):
        return (gain * h + shift).relu()


class _Swapped(_Styled):
    def styled(self, h, gain, shift):
        return ((1 + shift) * h + gain).relu()


class _NoReLU(_Styled):
    def styled(self, h, gain, shift):
        return (1 + gain) * h + shift


class _ReLUFirst(_Styled):
    def styled(self, h, gain, shift):
        return (1 + gain) * h.relu() + shift


class _NoTanh(_Styled):
    def last(self, h):
        return h


class _Sigmoid(_Styled):
    def last(self, h):
        return h.sigmoid()


class _NotNormalised(Generator):
    def forward(self, z, y):
        first, *others = layer_inputs(z, self.embedding(y), 3)
        h = self.first(first).view(len(z), -1, 4, 4)
        for u, affine, grow in zip(others, self.affines, self.grow, strict=True):
            gain, shift = affine(u)[:, :, None, None].chunk(2, dim=1)
            h = grow(((1 + gain) * h + shift).relu())
        return h.tanh()


def clue(name: str):
    return lambda seen: bool(seen.get(name))


SHAPE_MISTAKES = (
    NOT_A_MODULE,
    Mistake("kept", "The training and the lab ask the generator for its `z_dim` and its `classes`: "
            "`self.z_dim, self.classes = z_dim, classes` in `__init__`.",
            when=lambda seen: seen.get("it keeps z_dim and classes") is False),
    Mistake("own_tables", "Each layer has an embedding of its own. BigGAN's is shared: one table, "
            "`nn.Embedding(classes, dim)`, is read by all layers, and what differs from layer to "
            "layer is the fully connected layer behind it.",
            when=lambda seen: seen.get("_tables", 0) > 1),
    Mistake("names", "The check sets the parameters itself, so it needs the names of the table in "
            "the text: `embedding`, `first`, and the lists `norms`, `affines` and `grow`, each an "
            "`nn.ModuleList` of two layers.", when=clue("_missing")),
    Mistake("own_affine", "Its BatchNorms have a gain and a shift of their own, the same for every "
            "label. Here both come from what the layer reads: `affine=False`.",
            when=clue("_affine")),
    Mistake("whole_z", "A layer reads all of z. Each has a chunk of its own, a third of z, so that "
            "what a late chunk says cannot change what an early layer has drawn: "
            "`z_dim // 3 + dim` numbers.", when=clue("_whole_z")),
    Mistake("label_missing", "A layer reads its chunk of z and not the label. Each of the three "
            "reads the embedding behind its chunk: `z_dim // 3 + dim` numbers.",
            when=clue("_chunk_alone")),
    Mistake("chunk_missing", "A layer reads the label and no chunk of z. Each of the three reads "
            "both: `z_dim // 3 + dim` numbers.", when=clue("_label_alone")),
    Mistake("gain_or_shift", "A layer needs a gain *and* a shift for each of its channels, so its "
            "fully connected layer gives twice as many numbers as there are channels.",
            when=clue("_half")),
)


FORWARD_MISTAKES = (
    Mistake("view", "A BatchNorm gets another number of channels than it was made for. The first "
            "layer's numbers become an image of 4 x 4 with `2 * width` channels: "
            "`view(len(z), -1, 4, 4)`.",
            when=lambda seen: any(words in seen.get("the error", "") for words in (
                "running_mean should contain", "expected 4D input"))),
    Mistake("broadcast", "Gain and shift have the shape (N, channels), and h has (N, channels, H, "
            "W). They need two more dimensions: `[:, :, None, None]`.",
            when=lambda seen: "must match" in seen.get("the error", "")),
    Mistake("no_gradient", "No gradient comes back from the images: `forward` cuts the graph "
            "(`.detach()`, `.data`, `torch.no_grad()`), so G could not learn.",
            when=lambda seen: seen.get("the gradient") == "reaches nothing"),
    Mistake("label_detached", "The images are right, and no gradient reaches the embedding, so the "
            "labels' vectors would stay as they were drawn. What cuts them loose (`.detach()`, "
            "`.data`, `torch.no_grad()`)?",
            when=lambda seen: seen.get("the gradient") == "does not reach embedding"),
    Mistake("idle", "Some layers are made in `__init__` and not used in `forward`, or are cut "
            "loose: no gradient reaches them.",
            when=lambda seen: "does not reach" in seen.get("the gradient", "")),
    Mistake("one_chunk", "All layers read the same chunk, and the rest of z has no effect.",
            like=_OneChunk),
    Mistake("backwards", "The chunks come in the opposite order. Chunk 0 goes into the first "
            "layer, chunk 2 into the last one.", like=_Backwards),
    Mistake("label_first", "The embedding stands before the chunk. `layer_inputs` puts it behind.",
            like=_LabelFirst),
    Mistake("not_normalised", "h is not normalised: gain and shift act on whatever mean and spread "
            "the layer before has left.", like=_NotNormalised),
    Mistake("no_one", "The gain itself multiplies the channels. Asked is 1 + gain, so that a gain "
            "near 0, as at the start, leaves the channels as they are.", like=_NoOne),
    Mistake("swapped", "Gain and shift have changed places: the first half of what the fully "
            "connected layer gives is the gain.", like=_Swapped),
    Mistake("no_relu", "The ReLU is missing behind gain and shift.", like=_NoReLU),
    Mistake("relu_first", "The ReLU comes before gain and shift. It comes behind them, so that the "
            "label can decide which features are cut off.", like=_ReLUFirst),
    Mistake("no_tanh", "The last step is missing: `tanh`. Real images lie in [-1, 1], and so "
            "should these.", like=(_NoTanh, _Sigmoid)),
    Mistake("size", "The images should be (N, 1, 16, 16): from 4 x 4 two transposed convolutions "
            "with kernel 4, stride 2 and padding 1 double twice.",
            when=lambda seen: seen.get("the size of the images", "(5, 1, 16, 16)")
                              != "(5, 1, 16, 16)"),
)


def built(z_dim, classes, width, dim):
    return lambda: {"z_dim": z_dim, "classes": classes, "width": width, "dim": dim}


MISTAKES = SHAPE_MISTAKES + FORWARD_MISTAKES

EXERCISES = (
    Exercise("14.Generator", Generator,
             (Probe(built(12, 5, 4, 7), generator_seen, MISTAKES),
              Probe(built(9, 3, 5, 4), generator_seen, MISTAKES)),
             ("What do all layers share, what does each of them have for itself? The table in the "
              "text names five parts, and the formula of section 1 is the body of the loop.",
              "`layer_inputs(z, self.embedding(y), 3)` gives three tensors of z_dim // 3 + dim "
              "columns. The first goes through `first` and becomes an image of 4 x 4; with the "
              "second and third go one norm, one affine layer and one transposed convolution each.",
              "`gain, shift = affine(u)[:, :, None, None].chunk(2, dim=1)`, then "
              "`h = grow(((1 + gain) * norm(h) + shift).relu())`, twice; at the end `h.tanh()`."),
             "One table of labels, three chunks of z, and every layer hears both."),
)
