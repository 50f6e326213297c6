"""Milestones: what is loaded is what was saved, it trains on, and what is not there is said."""
import hashlib
import json
import struct

import numpy as np
import pytest
import torch
from safetensors import safe_open

from gan_course import judge, latent, milestones, nets
from gan_course.data import captions, glyphs
from gan_course.paths import DATA
from gan_course.training import Training


def write_small_mnist(place):
    """A folder for GAN_COURSE_DATA with forty pictures of noise, in MNIST's format."""
    raw = place / "MNIST" / "raw"
    raw.mkdir(parents=True)
    pictures = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
    (raw / "train-images-idx3-ubyte").write_bytes(struct.pack(">4i", 0x803, 40, 28, 28) + pictures.tobytes())
    (raw / "train-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0x801, 40) + bytes(i % 10 for i in range(40)))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(milestones, "FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def short(folder, monkeypatch):
    """A milestone after two rounds and its training, gone on for one round more."""
    recipe = milestones.RECIPES["cyclegan_seasons"][0]
    monkeypatch.setitem(milestones.RECIPES, "cyclegan_seasons", (recipe, (0, 2)))
    training = Training(*recipe(device="cpu"))
    next(training)
    next(training)
    milestones.save(training, "cyclegan_seasons", milestones.file_of("cyclegan_seasons", 2))
    return training


def test_the_networks_are_those_that_were_saved_and_train_on(short):
    training = milestones.load("cyclegan_seasons", 2, device="cpu")
    for name, value in short.game.state_dict().items():
        assert name.startswith("pool_") or torch.equal(value.half().float(), training.game.state_dict()[name]), name
    assert training.game.pool_X.images.isnan().all(), "the pool begins anew"
    before = [parameter.clone() for parameter in training.game.G.parameters()]
    assert next(training)["round"] == 3
    assert not any(torch.equal(a, b) for a, b in zip(before, training.game.G.parameters(), strict=True) if a.numel() > 100)


def test_the_file_says_that_it_is_precomputed_and_how(short, folder):
    name = "cyclegan_seasons_seed_0_round_2.safetensors"
    with safe_open(folder / name, framework="pt") as file:
        about = json.loads(file.metadata()["milestone"])
    assert about["precomputed"] and (about["recipe"], about["round"]) == ("cyclegan_seasons", 2)
    assert [path.name for path in folder.iterdir()] == [name], "no temporary file is left"


def test_what_is_not_there_is_said(folder):
    with pytest.raises(ValueError, match="milestones of dcgan_glyphs, cyclegan_seasons, .*; got 'biggan'"):
        milestones.load("biggan", 500)
    with pytest.raises(ValueError, match="cyclegan_seasons after 0, 500, 5000 rounds; got 3"):
        milestones.load("cyclegan_seasons", 3)
    with pytest.raises(FileNotFoundError, match="python -m gan_course.milestones dcgan_glyphs --seed 7"):
        milestones.load("dcgan_glyphs", 6000, seed=7)


def test_of_a_text_to_image_gan_only_the_average_is_kept(folder, monkeypatch):
    recipe = milestones.RECIPES["text_to_image"][0]
    monkeypatch.setitem(milestones.RECIPES, "text_to_image", (recipe, (2,)))
    training = Training(*recipe(device="cpu"))
    next(training)
    next(training)
    path = milestones.file_of("text_to_image", 2)
    milestones.save(training, "text_to_image", path)
    G = milestones.generator("text_to_image")
    for name, value in training.game.G_ema.state_dict().items():
        assert torch.equal(value.half().float() if value.is_floating_point() else value, G.state_dict()[name]), name
    assert not G.training and not any(parameter.requires_grad for parameter in G.parameters())
    with safe_open(path, framework="pt") as file:
        assert len(file.keys()) == len(G.state_dict())
    with pytest.raises(ValueError, match=r"cannot be trained on. Take milestones.generator\('text_to_image'\)"):
        milestones.load("text_to_image", 2)


def test_a_generator_that_is_not_there_is_said(folder):
    with pytest.raises(ValueError, match="generators of text_to_image, dcgan_letters, dcgan_mnist, stylegan; got 'dcgan_shapes'"):
        milestones.generator("dcgan_shapes")
    with pytest.raises(FileNotFoundError, match="python -m gan_course.milestones text_to_image --seed 0"):
        milestones.generator("text_to_image")


def test_the_generator_that_comes_with_the_course_draws_what_is_asked_for():
    G, reader = milestones.generator("text_to_image"), judge.load("glyphs_colour")
    words = captions.describe(glyphs.glyphs_colour("test", n=400))
    images = nets.generate(G, latent.noise(G, 400), words)
    seen = captions.words_of(reader.read(images) | {"character": reader.probabilities(images).argmax(dim=1)})
    character, bold, family, ink, paper = (seen == words).double().mean(dim=0).tolist()
    assert min(character, bold, ink, paper) > 0.8 and family > 0.3, "chance is 0.1, 0.5, 0.25 and about 0.14"


def test_round_0_is_the_start_of_the_training(folder):
    begun, fresh = milestones.load("cyclegan_seasons", 0, device="cpu"), Training(*milestones.RECIPES["cyclegan_seasons"][0](device="cpu"))
    assert begun.round == 0
    assert all(torch.equal(value, fresh.game.state_dict()[name]) for name, value in begun.game.state_dict().items() if "pool" not in name)


def test_the_weights_that_come_with_the_course_are_those_that_the_readme_names():
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    files = sorted((DATA / "milestones").glob("*"))
    assert files, "data/milestones is empty"
    for path in files:
        assert hashlib.sha256(path.read_bytes()).hexdigest() in readme, path.name


@pytest.mark.parametrize("name", milestones.names())
def test_every_recipe_plays(name, tmp_path, monkeypatch):
    if name == "dcgan_mnist":                                       # which does not come with the course
        write_small_mnist(tmp_path)
        monkeypatch.setenv("GAN_COURSE_DATA", str(tmp_path))
    training = Training(*milestones.RECIPES[name][0](device="cpu"))
    assert all(abs(value) < 1e6 for value in next(training).values())
