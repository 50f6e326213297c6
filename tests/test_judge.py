"""The frozen judge: what is shipped, what it refuses, and how it is trained."""
import hashlib
import json
import math

import pytest
import torch
from safetensors import safe_open
from torch.nn.functional import avg_pool2d, interpolate, pad

from gan_course import data, judge, metrics, readers
from gan_course.data import glyphs
from gan_course.data.sets import scale
from gan_course.paths import DATA

SHAPES = {"digits": (1, 8, 8), "shapes": (3, 32, 32), "mnist": (1, 28, 28), "fashion_mnist": (1, 28, 28),
          "glyphs": (1, 28, 28), "glyphs_colour": (3, 32, 32), "letters": (1, 28, 28)}
CLASSES = {"shapes": 6, "letters": 26}                              # all others have 10
GLYPHS = ("glyphs", "glyphs_colour", "letters")


@pytest.fixture
def digits_judge():
    return judge.load("digits")


@pytest.fixture
def short_training(monkeypatch):
    monkeypatch.setitem(judge.EPOCHS, "digits", 1)


def images(split):
    dataset = data.load("digits", split)
    return scale(dataset.images), dataset.labels


def weights(name):
    return DATA / "judges" / f"{name}.safetensors"


def header(path) -> dict:
    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["judge"])


def test_there_is_a_judge_for_each_of_these_sets():
    assert set(judge.EPOCHS) == set(judge.WIDTH) == set(SHAPES) <= set(data.names())
    assert {path.stem for path in (DATA / "judges").iterdir()} == set(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
def test_the_shipped_weights_are_small_and_are_those_that_the_readme_lists(name):
    assert weights(name).stat().st_size < 500_000
    row, = (line for line in (DATA / "README.md").read_text(encoding="utf-8").splitlines() if f"judges/{name}.safetensors" in line)
    assert hashlib.sha256(weights(name).read_bytes()).hexdigest() in row
    about = header(weights(name))
    assert about["data"] == name and about["seed"] == 0 and "Adam" in about["recipe"]
    assert f"{about['accuracy']:.1%}".replace("%", " %") in row and f"{weights(name).stat().st_size / 1000:.0f} kB" in row


@pytest.mark.parametrize("name", SHAPES)
def test_a_judge_needs_no_data(name, monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_COURSE_DATA", str(tmp_path))
    monkeypatch.setattr(data, "load", None)                         # whoever asks for data now fails
    loaded = judge.load.__wrapped__(name)
    x = torch.rand(50, *SHAPES[name], generator=torch.Generator().manual_seed(0)) * 2 - 1
    about = (loaded.data_shape, loaded.classes, loaded.accuracy)
    assert about == (SHAPES[name], CLASSES.get(name, 10), header(weights(name))["accuracy"])
    assert loaded.features(x).shape == (50, 64) and loaded.features(x).min() >= 0
    assert torch.allclose(loaded.probabilities(x).sum(dim=1), torch.ones(50))
    assert not list(tmp_path.iterdir())


def test_the_judge_of_mnist_reads_other_peoples_digits():
    """MNIST itself may not be there; the 8x8 scans are, and are drawn here as MNIST is: 20 pixels high, in a frame of 28."""
    x, y = images("test")
    x = pad(interpolate(x, size=(20, 20), mode="bicubic", align_corners=False).clamp(-1, 1), (4, 4, 4, 4), value=-1.0)
    accuracy = (judge.load("mnist").probabilities(x).argmax(dim=1) == y).double().mean().item()
    assert accuracy > 0.8


@pytest.mark.parametrize(("number", "what", "boxes"), [             # boxes: top, bottom, left, right
    (1, "trousers", [(1, 5, 9, 19), (1, 27, 9, 13), (1, 27, 15, 19)]),
    (0, "a T-shirt", [(3, 26, 8, 20), (3, 10, 2, 26)]),
    (3, "a dress", [(1, 27, 10, 18)]),
    (8, "a bag", [(11, 25, 2, 26), (4, 6, 8, 20), (4, 11, 8, 10), (4, 11, 18, 20)]),
    (9, "an ankle boot", [(4, 24, 14, 26), (16, 24, 2, 26)]),
], ids=lambda value: value if isinstance(value, str) else "")
def test_the_judge_of_fashion_mnist_knows_clothes_drawn_by_hand(number, what, boxes):
    x = torch.full((1, 1, 28, 28), -1.0)
    for top, bottom, left, right in boxes:
        x[:, :, top:bottom, left:right] = 0.5
    assert judge.load("fashion_mnist").probabilities(x)[0, number] > 0.6


def test_the_judge_of_shapes_sees_form_as_well_as_colour():
    """Colour alone would name every kind; this judge also names them in grey, and minds a blur and a colour of another kind."""
    held_out, the_judge = data.load("shapes", "test"), judge.load("shapes")
    x, y = scale(held_out.images), held_out.labels
    grey = x.mean(dim=1, keepdim=True).expand_as(x)
    assert [(the_judge.probabilities(view).argmax(dim=1) == y).double().mean().item() > 0.97 for view in (x, grey)] == [True, True]
    half, other = x[::2], x[1::2]
    floor = judge.frechet_classifier_distance(the_judge, half, other)
    for changed in (other[:, [2, 0, 1]], avg_pool2d(pad(other, (1, 1, 1, 1), value=1.0), 3, stride=1), other[y[1::2] != 3]):
        assert judge.frechet_classifier_distance(the_judge, half, changed) > 2 * floor


# --- glyphs and letters: judges that read factors ----------------------------------------------

@pytest.mark.parametrize("name", GLYPHS)
def test_a_judge_of_characters_reads_how_they_were_drawn(name):
    """On pictures of another seed than those it was measured on: the same scores, and high ones."""
    the_judge, fresh = judge.load(name), getattr(glyphs, name)("test", n=1040, seed=7)
    assert (the_judge.probabilities(scale(fresh.images)).argmax(dim=1) == fresh.labels).double().mean() > 0.98
    least = {"bold": 0.98, "family": 0.85, "slant": 0.8, "width": 0.84, "rotation": 0.84}
    if name == "letters":                                           # wide letters were narrowed
        least["width"] = 0.8
    if name == "glyphs_colour":
        least |= {"ink_hue": 0.95, "paper_hue": 0.95}
    scores = readers.scores(the_judge.read(scale(fresh.images)), fresh.factors)
    assert {factor for factor, score in scores.items() if score < least[factor]} == set()
    assert the_judge.scores == header(weights(name))["scores"]
    assert scores == pytest.approx(the_judge.scores, abs=0.04)


def test_what_is_read_follows_the_factor_alone():
    """One 5, slanted from left to right: the judge's slant follows, and what stays is read as staying."""
    still = {"family": "DejaVu Serif", "bold": 1, "italic": 0, "width": 1, "height": 1, "rotation": 0, "x": 0, "y": 0}
    five = glyphs.glyphs(characters="5", n=100, present=still | {"slant": (-0.4, 0.4)})
    read = judge.load("glyphs").read(scale(five.images))
    assert set(read) == {"bold", "family", "slant", "width", "rotation"}
    assert torch.corrcoef(torch.stack([read["slant"], five.factors["slant"]]))[0, 1] > 0.98
    assert read["bold"].min() > 0.8 and read["bold"].max() <= 1
    assert (read["family"] == 2).float().mean() > 0.8
    assert (read["width"] - 1).abs().mean() < 0.1 and read["rotation"].abs().mean() < 4


def test_plain_glyphs_share_the_judge_of_glyphs():
    the_judge, plain = judge.load("glyphs_plain"), data.load("glyphs_plain", "test")
    assert the_judge is judge.load("glyphs")
    assert (the_judge.probabilities(scale(plain.images)).argmax(dim=1) == plain.labels).double().mean() > 0.99
    scores = readers.scores(the_judge.read(scale(plain.images)), plain.factors)
    assert scores["slant"] > 0.85 and scores["width"] > 0.9
    assert math.isnan(scores["rotation"])                           # it does not vary


def test_a_reader_without_weights_pays_what_guessing_costs():
    """log 2 for bold, log 4 for the family, squared standard deviations for numbers, 1 for a hue."""
    factors, untrained = glyphs.glyphs_colour(n=100).factors, readers.Readers(64, 4, colour=True)
    for parameter in untrained.parameters():
        torch.nn.init.zeros_(parameter)
    known = {name: factors[name] for name in untrained}
    numbers = sum((((factors[name] - mean) / sd) ** 2).mean() for name, (mean, sd) in readers.NUMBERS.items())
    assert set(known) == {"bold", "family", *readers.NUMBERS, *readers.HUES}
    assert untrained.loss(torch.rand(100, 64), known).item() == pytest.approx(
        math.log(2) + math.log(4) + numbers.item() + 2, rel=1e-5)


def test_the_script_says_how_well_factors_are_read(tmp_path, capsys):
    judge.main(["glyphs", "--out", str(tmp_path), "--epochs", "0"])
    assert "bold 0." in (said := capsys.readouterr().out) and "slant -" in said and "hue" not in said
    assert header(tmp_path / "glyphs.safetensors")["scores"].keys() == {"bold", "family", *readers.NUMBERS}


def test_hues_are_compared_around_the_circle():
    factors = data.load("glyphs_colour", "test").factors
    hue, slant = factors["ink_hue"], factors["slant"]

    def score(off):
        return readers.scores({"ink_hue": (hue + off) % 360}, factors)["ink_hue"]
    assert score(0) == pytest.approx(1) and score(2) > 0.99 and score(180) < -2
    guessed = readers.scores({"slant": slant.mean().expand_as(slant), "bold": torch.ones_like(slant)}, factors)
    assert guessed["slant"] == pytest.approx(0, abs=1e-5)
    assert guessed["bold"] == pytest.approx(0.5, abs=0.05)


def test_pictures_of_another_kind_are_not_read():
    with pytest.raises(ValueError, match=r"of shape \(N, 3, 32, 32\)"):
        judge.load("glyphs_colour").read(torch.zeros(2, 1, 28, 28))
    with pytest.raises(ValueError, match="reads no factors; those of glyphs and letters do"):
        judge.load("digits").read(torch.zeros(2, 1, 8, 8))


def test_the_judge_of_glyphs_tells_a_collapse_from_a_second_sample():
    """Its distance to itself is small; without a class, or in one face only, it is many times that."""
    train, test = glyphs.glyphs("train"), glyphs.glyphs("test")
    the_judge, x = judge.load("glyphs"), scale(test.images)
    floor = judge.frechet_classifier_distance(the_judge, train.take(2000), x)
    no_nine, one_face = x[test.labels != 9], x[(test.factors["family"] == 3) & (test.factors["bold"] == 1)]
    for poor in (no_nine, one_face):
        assert judge.frechet_classifier_distance(the_judge, train.take(2000), poor) > 3 * floor


def test_the_accuracy_in_the_file_is_the_accuracy_on_the_held_out_digits(digits_judge):
    x, y = images("test")
    accuracy = (digits_judge.probabilities(x).argmax(dim=1) == y).double().mean().item()
    assert digits_judge.accuracy == pytest.approx(accuracy, abs=0.003)                              # another machine rounds otherwise
    assert accuracy > 0.98


def test_a_judge_is_frozen_and_there_is_one_of_it(digits_judge):
    assert judge.load("digits") is digits_judge
    assert not any(module.training for module in digits_judge.modules())
    assert not any(parameter.requires_grad for parameter in digits_judge.parameters())


def test_features_probabilities_and_logits_belong_together(digits_judge):
    x, _ = images("test")
    features, probabilities = digits_judge.features(x), digits_judge.probabilities(x)
    assert features.shape == (500, 64) and features.min() == 0      # after the ReLU
    assert (features.amax(dim=0) > 0).all()                         # every feature is alive
    assert probabilities.shape == (500, 10)
    assert torch.allclose(digits_judge.head(features).softmax(dim=1), probabilities)
    assert torch.allclose(digits_judge(x).softmax(dim=1), probabilities, atol=1e-6)


def test_many_images_are_judged_like_few(digits_judge, monkeypatch):
    x, _ = images("test")
    whole = digits_judge.features(x)
    monkeypatch.setattr(judge, "ROWS", 7)
    assert torch.allclose(digits_judge.features(x), whole, atol=1e-5)
    assert torch.allclose(digits_judge.features(x[:1]), whole[:1], atol=1e-5)                       # nor do they depend on each other


def test_images_may_come_in_any_precision(digits_judge):
    x = images("test")[0][:5]
    assert torch.equal(digits_judge.features(x.double()), digits_judge.features(x))


@pytest.mark.parametrize("wrong", [torch.zeros(2, 1, 28, 28), torch.zeros(2, 3, 8, 8), torch.zeros(1, 8, 8),
                                   torch.zeros(2, 1, 8, 8, dtype=torch.uint8)])
def test_images_of_another_kind_are_refused(digits_judge, wrong):
    for look in (digits_judge.features, digits_judge.probabilities):
        with pytest.raises(ValueError, match=r"needs floats in \[-1, 1\] of shape \(N, 1, 8, 8\); got torch\.\w+ of shape"):
            look(wrong)


def test_a_data_set_without_a_judge_is_refused_in_words():
    with pytest.raises(ValueError, match="There is no judge for 'ring'. There is one for: digits, shapes, mnist, fashion_mnist, glyphs"):
        judge.load("ring")


def test_missing_weights_are_named_with_the_command_that_makes_them(monkeypatch, tmp_path):
    monkeypatch.setattr(judge, "FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match="python -m gan_course.judge digits"):
        judge.load.__wrapped__("digits")


def test_the_classifier_distance_is_the_frechet_distance_of_the_features(digits_judge):
    (train, labels), (test, _) = images("train"), images("test")
    floor = judge.frechet_classifier_distance(digits_judge, train, test)
    assert floor == metrics.frechet_distance(digits_judge.features(train), digits_judge.features(test))
    few_classes = judge.frechet_classifier_distance(digits_judge, train[labels < 3], test)
    noise = torch.rand(500, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert floor < 1 and few_classes > 20 * floor
    assert judge.frechet_classifier_distance(digits_judge, noise, test) > 20 * floor


def test_the_seed_decides_the_training():
    first, same, other = (judge.train("digits", epochs=1, seed=seed) for seed in (0, 0, 1))
    assert first.accuracy == same.accuracy > 0.5
    assert all(torch.equal(a, b) for a, b in zip(first.state_dict().values(), same.state_dict().values(), strict=True))
    assert not torch.equal(first.head.weight, other.head.weight)


def test_the_held_out_digits_are_not_learned_from(monkeypatch):
    seen = []
    monkeypatch.setattr(judge, "shifted", lambda x, paper: seen.append(x) or x)
    judge.train("digits", epochs=1)
    distance, _ = metrics.nearest_distance(torch.cat(seen), images("train")[0])
    assert distance.max() == 0


def test_shifts_move_by_one_pixel_at_most_and_bring_in_black():
    torch.manual_seed(0)
    x = torch.full((300, 1, 8, 8), -1.0)
    x[:, :, 3, 4] = 1.0
    moved = judge.shifted(x)
    places = {(index // 8, index % 8) for index in moved.flatten(1).argmax(dim=1).tolist()}
    assert places == {(i, j) for i in (2, 3, 4) for j in (3, 4, 5)}
    assert moved.flatten(1).sum(dim=1).eq(-62).all()
    corner = judge.shifted(torch.ones(300, 1, 8, 8)).flatten(1).sum(dim=1)
    assert set(corner.tolist()) == {64.0, 64.0 - 2 * 8, 64.0 - 2 * 15}
    white = torch.ones(300, 3, 8, 8)
    assert torch.equal(judge.shifted(white, paper=1.0), white)


def test_about_half_of_the_images_lose_their_colour():
    torch.manual_seed(0)
    x = torch.rand(400, 3, 2, 2)
    seen = judge.half_grey(x)
    grey = (seen[:, 0] == seen[:, 1]).flatten(1).all(dim=1)
    assert 150 < grey.sum() < 250 and torch.equal(seen[~grey], x[~grey])
    assert torch.allclose(seen[grey], x[grey].mean(dim=1, keepdim=True).expand(-1, 3, -1, -1))


def test_the_script_trains_saves_and_says_how_good_the_judge_is(short_training, tmp_path, capsys):
    judge.main(["digits", "--out", str(tmp_path), "--seed", "3"])
    said = capsys.readouterr().out
    path, = tmp_path.iterdir()                                      # and nothing beside it
    assert "of the held-out digits named rightly" in said and hashlib.sha256(path.read_bytes()).hexdigest() in said
    about = header(path)
    assert about["seed"] == 3 and about["epochs"] == 1 and f"{about['accuracy']:.1%}" in said


def test_the_script_trains_as_long_as_it_is_told(monkeypatch, tmp_path):
    told = []
    monkeypatch.setattr(judge, "train", lambda name, **how: told.append(how) or judge.Judge((1, 8, 8), 10))
    for given in ([], ["--epochs", "7"], ["--epochs", "0"]):
        judge.main(["digits", "--out", str(tmp_path), *given])
        assert header(tmp_path / "digits.safetensors")["epochs"] == told[-1]["epochs"]
    assert [how["epochs"] for how in told] == [60, 7, 0]


def test_what_was_trained_is_what_is_loaded(short_training, tmp_path, monkeypatch):
    judge.main(["digits", "--out", str(tmp_path)])
    monkeypatch.setattr(judge, "FOLDER", tmp_path)
    loaded, trained, (x, _) = judge.load.__wrapped__("digits"), judge.train("digits"), images("test")
    assert loaded.accuracy == trained.accuracy
    assert torch.equal(loaded.probabilities(x), trained.probabilities(x))


def test_saving_that_is_cut_short_leaves_the_old_weights(digits_judge, tmp_path, monkeypatch):
    path = tmp_path / "digits.safetensors"
    path.write_bytes(b"old")

    def full_disk(tensors, target, metadata):
        target.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(judge.checkpoints, "save_file", full_disk)
    with pytest.raises(OSError, match="No space left"):
        judge.save(digits_judge, path)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_the_script_knows_which_judges_there_are(capsys):
    with pytest.raises(SystemExit):
        judge.main(["ring"])
    assert "invalid choice: 'ring'" in capsys.readouterr().err
