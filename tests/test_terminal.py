"""`gan-course train`, `sample` and `evaluate`, as a learner gives them, on real pictures: crops of scikit-learn's two photographs."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from gan_course import cli, data, jobs, nets, saving
from gan_course.paths import ROOT
from gan_course.terminal import card, evaluate, keeping, recipes, settings
from gan_course.terminal import run as run_module
from gan_course.training import checkpoints

SMALL = ["--width", "4", "--latent-dim", "4", "--batch-size", "8", "--precision", "float32"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder with the folders china and flower, and two whose names are trainA and trainB: 24 crops in each."""
    from sklearn.datasets import load_sample_images

    home, dice = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for names, photo in zip((("china", "sides/trainA"), ("flower", "sides/trainB")), load_sample_images().images, strict=True):
        for name in names:
            (home / name).mkdir(parents=True)
            for i in range(24):
                top, left = dice.integers(0, photo.shape[0] - 80), dice.integers(0, photo.shape[1] - 80)
                Image.fromarray(photo[top:top + 80, left:left + 80]).save(home / name / f"{i:02}.png")
    return home


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    monkeypatch.setenv("GAN_COURSE_DEVICE", "cpu")


def dcgan(photos, out, *more):
    return ["train", "dcgan", "--data", str(photos / "flower"), "--size", "32", *SMALL, "-o", str(out), *map(str, more)]


def picture(path):
    """The pixels of a file: (height, width) or (height, width, 3)."""
    with Image.open(path) as opened:
        return np.asarray(opened)


def losses(out):
    return (out / keeping.LOSSES).read_text().splitlines()


def same_training(one, other):
    """Whether two runs have the same losses, and the same weights, moments and random streams."""
    first, second = (load_file(out / keeping.CHECKPOINT) for out in (one, other))
    return losses(one) == losses(other) and first.keys() == second.keys() and all(
        torch.equal(first[name].nan_to_num(7), second[name].nan_to_num(7)) for name in first)     # NaN: an empty place in a pool


def started(command, rounds=3):
    """A training in a process of its own that has played some rounds."""
    out = command[command.index("-o") + 1]
    process = subprocess.Popen([sys.executable, "-m", "gan_course.cli", *command], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        if len(list((Path(out) / keeping.SAMPLES).glob("*.png"))) > rounds:
            return process
        time.sleep(0.02)
    process.kill()
    pytest.fail(f"no checkpoint: {process.communicate()[0]}")


# training on a folder

def test_a_training_that_was_stopped_and_resumed_equals_one_that_was_not(photos, tmp_path, capsys):
    assert cli.main(dcgan(photos, tmp_path / "whole", "--rounds", 9)) == 0
    assert cli.main(dcgan(photos, tmp_path / "parts", "--rounds", 4)) == 0
    said = capsys.readouterr().out
    assert "20 pictures of 32x32" in said and f"go on     gan-course train --resume -o {tmp_path / 'parts'} --rounds 8" in said
    assert cli.main(dcgan(photos, tmp_path / "parts", "--rounds", 7)) == 0     # the same command, and another goal
    assert "Going on at round 4" in capsys.readouterr().out
    assert cli.main(["train", "--resume", "-o", str(tmp_path / "parts"), "--rounds", "9"]) == 0
    assert same_training(tmp_path / "whole", tmp_path / "parts")
    assert losses(tmp_path / "parts")[0] == "round,D/real,D/fake,G/adv"
    assert [int(row.split(",")[0]) for row in losses(tmp_path / "parts")[1:]] == list(range(1, 10))
    sheets = sorted(path.name for path in (tmp_path / "parts" / "samples").iterdir())
    assert sheets == [f"round_{number:06}.png" for number in (0, 4, 7, 9)]
    assert picture(tmp_path / "parts" / "real.png").shape == (4 * 33 - 1, 5 * 33 - 1, 3)
    assert picture(tmp_path / "parts" / "samples" / sheets[-1]).shape == (8 * 33 - 1, 8 * 33 - 1, 3)


def test_ctrl_c_ends_the_round_saves_and_says_how_to_go_on(photos, tmp_path, capfd):
    process = started(dcgan(photos, tmp_path / "out", "--minutes", 20, "--every", 0.05))
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and "Stopped and saved: round " in said and "Traceback" not in said
    assert f"gan-course train --resume -o {tmp_path / 'out'}" in said
    reached = int(re.search(r"Stopped and saved: round ([\d,]+)", said)[1].replace(",", ""))
    assert int(losses(tmp_path / "out")[-1].split(",")[0]) == reached
    assert cli.main(dcgan(photos, tmp_path / "out", "--rounds", reached + 2)) == 0
    assert cli.main(dcgan(photos, tmp_path / "whole", "--rounds", reached + 2)) == 0
    assert same_training(tmp_path / "whole", tmp_path / "out")


def test_a_training_that_is_killed_goes_on_from_its_last_checkpoint(photos, tmp_path):
    process = started(dcgan(photos, tmp_path / "out", "--rounds", 100_000, "--every", 0.05))
    process.kill()
    process.communicate(timeout=60)
    with open(tmp_path / "out" / keeping.LOSSES, "a") as table:         # as if it had been killed a moment later
        table.write("99998,0.1,0.2,0.3\n99999,0.1,0.")
    reached = settings.read(tmp_path / "out").rounds and int(sorted((tmp_path / "out" / "samples").iterdir())[-1].stem[6:])
    assert cli.main(dcgan(photos, tmp_path / "out", "--rounds", reached + 30)) == 0
    assert cli.main(dcgan(photos, tmp_path / "whole", "--rounds", reached + 30)) == 0
    assert same_training(tmp_path / "whole", tmp_path / "out")


def test_minutes_count_over_all_sittings(photos, tmp_path, capsys):
    assert cli.main(dcgan(photos, tmp_path / "out", "--minutes", "0.01")) == 0
    first = len(losses(tmp_path / "out"))
    assert cli.main(["train", "--resume", "-o", str(tmp_path / "out")]) == 0
    assert len(losses(tmp_path / "out")) == first > 1               # its time is over
    assert cli.main(["train", "--resume", "-o", str(tmp_path / "out"), "--minutes", "0.02"]) == 0
    assert len(losses(tmp_path / "out")) > first
    assert settings.read(tmp_path / "out").minutes == 0.02


def test_augment_seed_and_rates_reach_the_training(photos, tmp_path):
    for name, more in {"plain": [], "augmented": ["--augment"], "seed": ["--seed", 1], "rates": ["--lr", "1e-4", "3e-3"]}.items():
        assert cli.main(dcgan(photos, tmp_path / name, "--rounds", 2, *more)) == 0
    tables = {tuple(losses(tmp_path / name)) for name in ("plain", "augmented", "seed", "rates")}
    assert len(tables) == 4
    assert settings.read(tmp_path / "augmented").augment == "colour,translation,cutout"
    assert settings.read(tmp_path / "rates").lr == [1e-4, 3e-3]


@pytest.mark.parametrize(("fit", "corner", "red"), [("crop", "red", 1.0), ("pad", "white", 0.5), ("stretch", "black", 0.5)])
def test_what_becomes_of_oblong_pictures_is_chosen_and_kept(tmp_path, capsys, fit, corner, red):
    """Pictures twice as wide as high: a red square between two black bars."""
    (tmp_path / "wide").mkdir()
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, 20:60, 0] = 255
    for i in range(40):
        Image.fromarray(pixels).save(tmp_path / "wide" / f"{i:02}.png")
    command = ["train", "dcgan", "--data", str(tmp_path / "wide"), "--size", "32", *SMALL, "--rounds", "1", "-o", str(tmp_path / "out")]
    assert cli.main([*command, "--fit", fit]) == 0
    first = picture(tmp_path / "out" / keeping.REAL)[:32, :32]
    assert tuple(first[2, 2]) == {"red": (255, 0, 0), "white": (255, 255, 255), "black": (0, 0, 0)}[corner]
    assert abs((first[16] == (255, 0, 0)).all(axis=1).mean() - red) < 0.1
    assert cli.main(["train", "--resume", "-o", str(tmp_path / "out"), "--rounds", "2"]) == 0
    other = "pad" if fit != "pad" else "crop"
    assert cli.main([*command, "--fit", other]) == 2
    assert f"fit {other} (the run has {fit})" in capsys.readouterr().err


@pytest.mark.parametrize("game", [name for name, how in recipes.RECIPES.items() if how.needs in ("pictures", "classes")])
def test_every_game_trains_and_draws_by_its_name(game, tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_COURSE_PROFILE", "smoke")
    z = ["--latent-dim", "6"]                                       # BigGAN's is a multiple of 3
    assert cli.main(["train", game, "--data", "digits", *SMALL, *z, "--rounds", "2", "-o", str(tmp_path)]) == 0
    assert cli.main(["sample", str(tmp_path), "-n", "3"]) == 0
    assert [picture(path).shape for path in sorted((tmp_path / "drawn").iterdir())] == [(8, 8)] * 3


@pytest.mark.parametrize("game", ["srgan", "lapgan", "biggan", "ssgan", "r3gan", "stylegan", "vae", "diffusion"])
def test_newer_games_go_on_and_are_scored(game, photos, tmp_path, capsys):
    small = ["--size", "16", *SMALL, "--latent-dim", "6"]
    command = ["train", game, "--data", str(photos), *small, "-o"]
    if game != "biggan":
        command[3] = str(photos / "flower")
    else:
        (tmp_path / "classes").mkdir()
        for name in ("china", "flower"):
            shutil.copytree(photos / name, tmp_path / "classes" / name)
        command[3] = str(tmp_path / "classes")
    for out, rounds in (("whole", 3), ("parts", 1)):
        assert cli.main([*command, str(tmp_path / out), "--rounds", str(rounds)]) == 0
    assert f"{20 if game != 'biggan' else 40} pictures of 16x16" in capsys.readouterr().out
    assert cli.main(["train", "--resume", "-o", str(tmp_path / "parts"), "--rounds", "3"]) == 0
    if game != "biggan":                                            # its rates fall towards the goal
        assert same_training(tmp_path / "whole", tmp_path / "parts")
    assert cli.main(["sample", str(tmp_path / "parts"), "-n", "4", "--gif"]) == 0
    assert (tmp_path / "parts" / "walk.gif").exists() == (game != "srgan")
    assert cli.main(["evaluate", str(photos / "flower"), str(tmp_path / "parts" / "drawn")]) == 0
    assert "sliced Wasserstein" in capsys.readouterr().out


@pytest.mark.parametrize("game, terms", [("vae", "VAE/reconstruction,VAE/kl"), ("diffusion", "denoiser/denoising")])
def test_a_game_of_one_player_has_one_learning_rate_and_its_own_losses(game, terms, photos, tmp_path, capsys):
    command = ["train", game, "--data", str(photos / "flower"), "--size", "16", *SMALL, "--rounds", "2"]
    assert cli.main([*command, "--lr", "1e-3", "2e-3", "-o", str(tmp_path / "refused")]) == 2
    assert "--lr was given 2 numbers" in capsys.readouterr().err and not (tmp_path / "refused").exists()
    for out, more in (("usual", []), ("other", ["--lr", "0.02"])):
        assert cli.main([*command, *more, "-o", str(tmp_path / out)]) == 0
    assert losses(tmp_path / "usual")[0] == f"round,{terms}"
    assert losses(tmp_path / "usual") != losses(tmp_path / "other")
    assert settings.read(tmp_path / "other").lr == [0.02]
    assert cli.main(["card", str(tmp_path / "other")]) == 0
    assert "| learning rate | 0.02 |" in (tmp_path / "other" / card.FILE).read_text()


def test_the_command_of_a_vae_stopped_by_ctrl_c_goes_on_and_equals_one_that_was_not(photos, tmp_path):
    command = ["train", "vae", "--data", str(photos / "flower"), "--size", "16", *SMALL, "-o"]
    process = started([*command, str(tmp_path / "out"), "--rounds", "100000", "--every", "0.05"])
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    reached = int(losses(tmp_path / "out")[-1].split(",")[0])
    for out in ("out", "whole"):
        assert cli.main([*command, str(tmp_path / out), "--rounds", str(reached + 5)]) == 0
    assert same_training(tmp_path / "whole", tmp_path / "out")


def test_srgan_shows_shrunk_pictures_enlarged_ones_and_the_truth(photos, tmp_path):
    flower = str(photos / "flower")
    assert cli.main(["train", "srgan", "--data", flower, "--size", "16", *SMALL, "--rounds", "1", "-o", str(tmp_path)]) == 0
    for named, n in ((["--data", flower], 24), ([], 4)):            # a whole folder, or the sixth that was held out
        assert cli.main(["sample", str(tmp_path), "-n", "50", *named]) == 0
        assert len(list((tmp_path / "drawn").iterdir())) == n
        shutil.rmtree(tmp_path / "drawn")
    sheet = picture(tmp_path / "sheet.png")
    truth = data.load_images(flower, "test", 16).images
    assert np.array_equal(sheet[34:50, :16], truth[0].permute(1, 2, 0).numpy())
    blocks = sheet[:16, :16].reshape(4, 4, 4, 4, 3).swapaxes(1, 2).reshape(16, 16, 3)
    assert (blocks == blocks[:, :1]).all()                          # one colour in each block of 4x4


@pytest.mark.parametrize("words, found", [
    ("biggan --data digits --latent-dim 4", "multiple of 3"), ("stylegan --data glyphs", "8, 16, 32"),
    ("lapgan --data flower --size 15", "has to be even"), ("srgan --data flower --size 18", "multiple of 4"),
    ("lapgan --data digits --augment", "--augment does not go with lapgan"),
    ("ssgan --data digits --augment", "--augment does not go with ssgan"),
    ("pacgan --data digits --augment", "--augment does not go with pacgan"),
    *((f"{game} --data digits --{option} x.py:Net", f"{game} .*, so it takes no --{option}. dcgan takes")
      for game, option in recipes.COURSE_ONLY),
    ("vae --data digits --discriminator x.py:D", "vae has no discriminator"),
    ("diffusion --data digits --augment", "diffusion has no discriminator"),
    ("dcgan --data digits --lr 1e-3 1e-3 1e-3", "one for D and one for G")])
def test_sizes_and_options_that_a_newer_game_cannot_take_are_refused(photos, tmp_path, capsys, words, found, monkeypatch):
    monkeypatch.setenv("GAN_COURSE_PROFILE", "smoke")
    named = words.replace("flower", str(photos / "flower")).split()
    assert cli.main(["train", *named, "--rounds", "1", "-o", str(tmp_path / "out")]) == 2
    assert re.search(found, capsys.readouterr().err)


@pytest.mark.parametrize("game", ["sngan", "ssgan", "biggan", "wgan_gp", "r3gan", "stylegan"])
def test_the_discriminators_that_must_not_mix_the_pictures_of_a_batch_have_no_batchnorm(game):
    how = recipes.recipe(game)
    wish = settings.Settings(game=game, data=["digits"], batch_size=8, lr=list(how.lr), width=4, latent_dim=6, x_shape=(1, 8, 8),
                             data_shape=(1, 8, 8), classes=["a", "b"], pictures=100, checksum="")
    D = recipes.build(wish).D
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in D.modules())


# two sides and pairs

@pytest.mark.parametrize("how", ["one folder", "two folders"])
def test_cyclegan_takes_two_folders_or_one_with_two_sides(photos, tmp_path, how):
    named = ["--data", str(photos / "sides")] if how == "one folder" else [
        "--data", str(photos / "china"), "--data", str(photos / "flower")]
    small = ["--width", "4", "--batch-size", "2", "--precision", "float32", "--size", "16"]
    command = ["train", "cyclegan", *named, *small, "-o"]
    assert cli.main([*command, str(tmp_path / "whole"), "--rounds", "4"]) == 0
    assert settings.read(tmp_path / "whole").classes == (["A", "B"] if how == "one folder" else ["china", "flower"])
    process = started([*command, str(tmp_path / "out"), "--rounds", "100000", "--every", "0.05"], rounds=1)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    process.communicate()
    assert cli.main(["sample", str(tmp_path / "out"), "-n", "3", "--gif"]) == 0
    assert len(list((tmp_path / "out" / "drawn").iterdir())) == 3 and not (tmp_path / "out" / "walk.gif").exists()
    assert picture(tmp_path / "out" / "sheet.png").shape == (3 * 17 - 1, 3 * 17 - 1, 3)     # x, G(x), F(G(x))
    assert cli.main(["sample", str(tmp_path / "out"), "--data", str(photos / "flower"), "-n", "100"]) == 0
    assert len(list((tmp_path / "out" / "drawn").iterdir())) == 24  # all of them, none held out


def test_a_resumed_cyclegan_whose_rates_fall_equals_one_that_was_not_stopped(photos, tmp_path, monkeypatch):
    small = ["--width", "4", "--batch-size", "2", "--precision", "float32", "--size", "16", "--rounds", "8", "--every", "1e-6"]
    command = ["train", "cyclegan", "--data", str(photos / "sides"), *small, "-o"]
    assert cli.main([*command, str(tmp_path / "whole")]) == 0

    class AtFive(list):
        """Requests to stop, of which there are none until it was asked five times."""

        def __bool__(self):
            self.append(1)
            return len(self) > 5

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "requests_to_stop", lambda: nullcontext(AtFive()))
        assert cli.main([*command, str(tmp_path / "parts")]) == 130
    assert len(losses(tmp_path / "parts")) == 6
    assert cli.main([*command, str(tmp_path / "parts")]) == 0
    assert same_training(tmp_path / "whole", tmp_path / "parts")


def test_pix2pix_learns_from_pairs_and_shows_the_true_partners(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_COURSE_PROFILE", "smoke")
    small = ["--width", "4", "--batch-size", "2", "--precision", "float32"]
    assert cli.main(["train", "pix2pix", "--data", "edges", *small, "--rounds", "2", "-o", str(tmp_path)]) == 0
    assert cli.main(["sample", str(tmp_path), "-n", "4"]) == 0
    truth = data.load("edges", "test").y[:4]
    sheet = picture(tmp_path / "sheet.png")
    assert sheet.shape == (3 * 33 - 1, 4 * 33 - 1, 3)
    assert np.array_equal(sheet[66:98, :32], truth[0].permute(1, 2, 0).expand(-1, -1, 3).numpy())


def test_pix2pix_learns_from_two_folders_with_equal_names(photos, tmp_path):
    for side, name in zip("AB", ("china", "flower"), strict=True):
        shutil.copytree(photos / name, tmp_path / "mine" / side)
    small = ["--size", "32", "--width", "4", "--batch-size", "2", "--precision", "float32"]
    assert cli.main(["train", "pix2pix", "--data", str(tmp_path / "mine"), *small, "--rounds", "2", "-o", str(tmp_path / "out")]) == 0
    assert cli.main(["sample", str(tmp_path / "out"), "-n", "4"]) == 0
    truth = data.load_pairs(tmp_path / "mine", "test").y[:4]
    assert np.array_equal(picture(tmp_path / "out" / "sheet.png")[66:98, :32], truth[0].permute(1, 2, 0).numpy())



# classes of the learner's own

OWN = """import torch
from torch import nn

print("this file was run")

class Generator(nn.Module):
    def __init__(self, latent_dim, data_shape, width=3):
        super().__init__()
        self.data_shape = data_shape
        self.layers = nn.Sequential(nn.Linear(latent_dim, width), nn.ReLU(), nn.Linear(width, data_shape[0] * data_shape[1] ** 2))

    def forward(self, z):
        return torch.tanh(self.layers(z)).view(-1, *self.data_shape)

class Flat(Generator):
    def forward(self, z):
        return self.layers(z)

class Greedy(Generator):
    def __init__(self, latent_dim, data_shape, appetite):
        super().__init__(latent_dim, data_shape)

class Broken(Generator):
    def forward(self, z):
        return z @ z

class Judge(nn.Module):
    def __init__(self, channels, size):
        super().__init__()
        self.layer = nn.Linear(channels * size * size, 1)

    def forward(self, x):
        return self.layer(x.flatten(1)).squeeze(1)
"""


def test_networks_of_the_learners_own_are_trained_and_their_file_is_run_only_when_it_is_named(photos, tmp_path, capsys):
    file, out = tmp_path / "mine.py", tmp_path / "out"
    file.write_text(OWN)
    mine = ["--generator", f"{file}:Generator", "--discriminator", f"{file}:Judge"]
    assert cli.main(dcgan(photos, out, "--rounds", 2, *mine)) == 0
    said = capsys.readouterr().out
    assert "this file was run" in said and "--generator FILE.py:Generator --discriminator FILE.py:Judge" in said
    assert load_file(out / keeping.CHECKPOINT)["game.G.layers.0.weight"].shape == (4, 4)
    assert str(file) not in (out / settings.FILE).read_text()       # nothing in the folder leads to code
    for command in (["sample", str(out)], ["train", "--resume", "-o", str(out), "--rounds", "3"]):
        assert cli.main(command) == 2
        heard = capsys.readouterr()
        assert "--generator FILE.py:Generator" in heard.err and "this file was run" not in heard.out
        assert cli.main([*command, *mine]) == 0
        assert "this file was run" in capsys.readouterr().out


@pytest.mark.parametrize("where, found", [
    ("nothere.py:Generator", "There is no file nothere.py"), ("{}:Nobody", "no network class 'Nobody'. It has: Generator, Flat, Greedy"),
    ("{}:Greedy", "wants appetite, which the command does not know"), ("{}:Flat", r"draws \(3072,\) for each z; the pictures are \(3, 32, 32\)"),
    ("{}:Broken", "failed when it was to draw two pictures: RuntimeError"), ("Generator", "give a file and a class in it")])
def test_a_class_that_does_not_fit_is_refused_before_the_training(photos, tmp_path, capsys, where, found):
    file = tmp_path / "mine.py"
    file.write_text(OWN)
    assert cli.main(dcgan(photos, tmp_path / "out", "--rounds", 2, "--generator", where.format(file))) == 2
    assert re.search(found, capsys.readouterr().err) and not (tmp_path / "out").exists()


def test_a_conditional_game_shows_a_discriminator_of_ones_own_the_classes_before_the_training(tmp_path, capsys):
    file = tmp_path / "mine.py"
    file.write_text(OWN)
    command = ["train", "cgan", "--data", "digits", *SMALL, "-o", str(tmp_path / "out"), "--rounds", "1"]
    assert cli.main([*command, "--discriminator", f"{file}:Judge"]) == 2
    assert "Your discriminator failed when it was shown two pictures: TypeError" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_file_of_ones_own_may_import_a_file_beside_it(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "my_own_layers.py").write_text(OWN)
    file = tmp_path / "mine.py"
    file.write_text("from my_own_layers import Generator\n")
    assert cli.main(dcgan(photos, tmp_path / "out", "--rounds", 1, "--generator", f"{file}:Generator")) == 0


def test_a_file_of_ones_own_that_ends_the_program_is_refused_in_words(photos, tmp_path, capsys):
    file = tmp_path / "mine.py"
    file.write_text(f"{OWN}\nraise SystemExit(0)\n")
    assert cli.main(dcgan(photos, tmp_path / "out", "--rounds", 1, "--generator", f"{file}:Generator")) == 2
    assert "mine.py could not be run: SystemExit" in capsys.readouterr().err


# what may go wrong, in words

@pytest.mark.parametrize("words, found", [
    (["wombat", "--data", "digits"], "no game called 'wombat'.*dcgan.*cyclegan"),
    (["dcgan", "--data", "nowhere"], "no data set and no folder called '.*nowhere'.*glyphs"),
    (["dcgan", "--data", "ring"], "ring is a density of points, and pictures are needed"),
    (["dcgan", "--data", "stacked_digits"], "stacked_digits has 2 channels, which are no colours"),
    (["cyclegan", "--data", "digits", "--data", "stacked_digits"], "stacked_digits has 2 channels"),
    (["dcgan", "--data", "{empty}"], "There are no pictures in .*empty"),
    (["dcgan", "--data", "{photos}/flower", "--size", "50"], "8, 16, 28, 32, 64 pixels a side; got 50"),
    (["dcgan", "--data", "digits", "--size", "32"], "pictures of digits are 8 pixels high and cannot be loaded at 32"),
    (["dcgan", "--data", "digits", "--data", "shapes"], "--data was given 2 times"),
    (["dcgan", "--data", "{photos}/flower", "--batch-size", "200"], "fewer than one batch of 200"),
    (["dcgan", "--data", "{photos}/sides"], "two sides"),
    (["cgan", "--data", "{photos}/flower"], "one class, so there is nothing to ask"),
    (["cyclegan", "--data", "digits"], "no two sides"),
    (["pix2pix", "--data", "digits"], "no pairs"),
    (["infogan", "--data", "digits", "--augment"], "--augment does not go with infogan"),
    (["dcgan", "--data", "digits", "--augment", "blur"], "no augmentation 'blur'"),
    (["dcgan"], "Say which game to train and on which pictures"),
    (["--resume"], "no run in .* to go on with"),
])
def test_a_request_that_cannot_be_met_is_refused_in_words_and_leaves_nothing_behind(photos, tmp_path, capsys, words, found):
    (tmp_path / "empty").mkdir()
    words = [word.format(empty=tmp_path / "empty", photos=photos) for word in words]
    assert cli.main(["train", *words, "-o", str(tmp_path / "out"), "--rounds", "1"]) == 2
    assert re.search(found, capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_a_folder_with_another_run_or_other_files_is_left_alone(photos, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main(dcgan(photos, out, "--rounds", 1)) == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert cli.main(dcgan(photos, out, "--rounds", 1, "--seed", 4, "--lr", "1e-3")) == 2
    said = capsys.readouterr().err
    assert "another run: dcgan on flower, 32x32, seed 0" in said and "seed 4 (the run has 0)" in said
    assert "lr 0.001 0.001 (the run has 0.0003 0.002)" in said
    command = dcgan(photos, out, "--rounds", 1)
    place = command.index("--batch-size")
    assert cli.main(command[:place] + command[place + 2:]) == 2     # without a word it would be 16
    assert "batch-size 16 (the run has 8)" in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert cli.main(dcgan(photos, photos / "china", "--rounds", 1)) == 2
    assert "holds other files and no run" in capsys.readouterr().err


def test_pictures_that_have_changed_are_noticed(photos, tmp_path, capsys):
    own = tmp_path / "own"
    own.mkdir()
    for path in (photos / "flower").iterdir():
        (own / path.name).write_bytes(path.read_bytes())
    command = ["train", "dcgan", "--data", str(own), *SMALL, "-o", str(tmp_path / "out"), "--rounds"]
    assert cli.main([*command, "1"]) == 0
    next(own.iterdir()).unlink()
    assert cli.main([*command, "2"]) == 2
    assert "have changed since the run" in capsys.readouterr().err


@pytest.mark.parametrize("file, content, found", [
    (keeping.CHECKPOINT, b"\0" * 100, "is damaged, or belongs to another run.*delete the file"),
    (keeping.CHECKPOINT, None, "is damaged, or belongs to another run.*delete the file"),
    (settings.FILE, b"{", "is damaged or comes from another version"),
    (settings.FILE, b'{"game": "dcgan"}', "is damaged or comes from another version.*data: Field required")])
def test_a_damaged_file_is_named_with_what_to_do(photos, tmp_path, capsys, file, content, found):
    out = tmp_path / "out"
    assert cli.main(dcgan(photos, out, "--rounds", 1)) == 0
    (out / file).write_bytes((out / file).read_bytes()[:-100] if content is None else content)
    assert cli.main(["train", "--resume", "-o", str(out), "--rounds", "2"]) == 2
    assert re.search(f"(?s){file}.*{found}", capsys.readouterr().err)
    assert cli.main(["sample", str(out)]) == 2


def test_a_checkpoint_that_lacks_something_or_is_of_another_device_is_refused_in_words(photos, tmp_path, capsys):
    file = tmp_path / "out" / keeping.CHECKPOINT
    assert cli.main(dcgan(photos, file.parent, "--rounds", 1)) == 0
    tensors = load_file(file)
    with safe_open(file, framework="pt") as opened:
        about = json.loads(opened.metadata()["gan_course"])
    for change, found in [({"optimizers": None}, "is damaged, or belongs to another run: The checkpoint lacks something"),
                          ({"settings": about["settings"] | {"device": "cuda"}}, "was trained on cuda and goes on only there")]:
        checkpoints.write(file, tensors, {"gan_course": json.dumps(about | change)})
        assert cli.main(["train", "--resume", "-o", str(file.parent), "--rounds", "2"]) == 2
        assert found in capsys.readouterr().err


def rewritten(path, about=lambda about: about, tensors=lambda tensors: tensors):
    """Put other content into a checkpoint."""
    with safe_open(path, framework="pt") as file:
        metadata = json.loads(file.metadata()["gan_course"])
    checkpoints.write(path, tensors(load_file(path)), {"gan_course": json.dumps(about(metadata))})


CHANGED = {
    "no round": {"about": lambda about: {key: value for key, value in about.items() if key != "round"}},
    "a path for a round": {"about": lambda about: about | {"round": "../../x"}},
    "a round below 0": {"about": lambda about: about | {"round": -1}},
    "a list": {"about": lambda about: [1]},
    "words for seconds": {"about": lambda about: about | {"settings": {"seconds": "x"}}},
    "a list of settings": {"about": lambda about: about | {"settings": [1]}},
    "no random states": {"tensors": lambda tensors: {key: value for key, value in tensors.items() if not key.startswith("random.")}},
    "random states of another size": {"tensors": lambda tensors: tensors | {"random.0": torch.zeros(3, dtype=torch.uint8)}},
    "no state of the data": {"tensors": lambda tensors: {key: value for key, value in tensors.items() if not key.startswith("batches.")}},
    "moments of a parameter that is not there": {"tensors": lambda tensors: tensors | {"optimizer.D.999.exp_avg": torch.zeros(1)}},
}


@pytest.fixture(scope="module")
def one_round(photos, tmp_path_factory):
    """A finished run of one round."""
    out = tmp_path_factory.mktemp("one_round") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_COURSE_DEVICE", "cpu")
        assert cli.main(dcgan(photos, out, "--rounds", 1)) == 0
    return out


@pytest.mark.parametrize("change", CHANGED)
def test_a_checkpoint_with_other_content_is_refused_in_words(one_round, tmp_path, capsys, change):
    out = tmp_path / "out"
    shutil.copytree(one_round, out)
    rewritten(out / keeping.CHECKPOINT, **CHANGED[change])
    assert cli.main(["train", "--resume", "-o", str(out), "--rounds", "2"]) == 2
    assert re.search(f"(?s){keeping.CHECKPOINT} is damaged, or belongs to another run: .*delete the file", capsys.readouterr().err)
    if "round" in change or change == "a list":
        for command in ("sample", "card"):
            assert cli.main([command, str(out)]) == 2
            assert f"{keeping.CHECKPOINT} is damaged" in capsys.readouterr().err


def test_spoilt_rows_of_the_losses_are_left_out_and_the_run_goes_on(one_round, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(one_round, out)
    whole = losses(out)
    with open(out / keeping.LOSSES, "ab") as file:
        file.write(b"\xff\xfe" + b"," * whole[0].count(",") + b"\n" + b"x" + b"," * whole[0].count(",") + b"\n")
    assert cli.main(["train", "--resume", "-o", str(out), "--rounds", "2"]) == 0
    assert losses(out)[:2] == whole and len(losses(out)) == 3


@pytest.mark.parametrize("name, value", [("data", []), ("latent_dim", 10**12), ("width", 10**12), ("batch_size", 10**12),
                                         ("data_shape", [3, 10**12, 32]), ("seed", 2**32)])
def test_settings_that_no_machine_can_hold_are_refused_in_words(one_round, tmp_path, capsys, name, value):
    shutil.copytree(one_round, tmp_path / "out")
    file = tmp_path / "out" / settings.FILE
    file.write_text(json.dumps(json.loads(file.read_text()) | {name: value}))
    assert cli.main(["sample", str(tmp_path / "out")]) == 2
    assert f"is damaged or comes from another version of the course: {name}" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--seed", "-1"], ["--seed", str(2**32)], ["--seed", "x"], ["--width", "65537"]])
def test_numbers_out_of_range_are_refused_by_the_name_of_their_option(photos, tmp_path, capsys, words):
    with pytest.raises(SystemExit) as end:
        cli.main(dcgan(photos, tmp_path / "out", *words))
    assert end.value.code == 2 and f"argument {words[0]}" in capsys.readouterr().err


def test_a_run_that_was_killed_while_it_wrote_its_settings_can_begin_again(photos, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".settings.json.1.part").write_bytes(b"{")
    assert cli.main(dcgan(photos, tmp_path / "out", "--rounds", 1)) == 0


def test_a_closed_pipe_is_not_taken_for_a_full_disk(photos, tmp_path, capsys, monkeypatch):
    def nobody_reads(*_, **__):
        raise BrokenPipeError("Broken pipe")

    monkeypatch.setattr(run_module.Run, "_losses", nobody_reads)
    assert cli.main(dcgan(photos, tmp_path / "out", "--rounds", 9, "--every", "1e-6")) == 2
    said = capsys.readouterr().err
    assert "Broken pipe" in said and "Not saved" not in said


def test_the_samples_that_are_watched_are_the_same_each_time_with_noise_inside_the_generator(tmp_path):
    how = recipes.recipe("stylegan")
    wish = settings.Settings(game="stylegan", data=["digits"], batch_size=8, lr=list(how.lr), width=4, latent_dim=4,
                             x_shape=(1, 8, 8), data_shape=(1, 8, 8), pictures=100, checksum="")
    game = recipes.build(wish)
    for layer in game.modules():
        if hasattr(layer, "strength"):
            nn.init.ones_(layer.strength)
    draw = keeping.watching(game, None)
    G, inputs = saving.finished(game), game.inputs(4)
    assert not torch.equal(nets.generate(G, *inputs), nets.generate(G, *inputs))            # it has noise inside
    assert np.array_equal(draw(), draw())
    pages = saving.walk(G, *inputs)
    assert all(map(np.array_equal, pages, saving.walk(G, *inputs)))


def test_a_full_disk_ends_the_training_and_keeps_the_last_checkpoint(photos, tmp_path):
    resource = pytest.importorskip("resource", reason="this system has no limits on the size of a file")
    assert resource.RLIMIT_FSIZE
    out = tmp_path / "out"
    assert cli.main(dcgan(photos, out, "--rounds", 3)) == 0
    before = (out / keeping.CHECKPOINT).read_bytes()
    full = f"import resource, sys; from gan_course import cli; resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) // 2},) * 2); " \
           f"sys.exit(cli.main({dcgan(photos, out, '--rounds', 6)}))"
    done = subprocess.run([sys.executable, "-c", full], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert "Not saved, because a file cannot be written" in done.stderr and "of round 3, is whole. Make room" in done.stderr
    assert (out / keeping.CHECKPOINT).read_bytes() == before
    assert cli.main(dcgan(photos, out, "--rounds", 6)) == 0
    assert cli.main(dcgan(photos, tmp_path / "whole", "--rounds", 6)) == 0
    assert same_training(out, tmp_path / "whole")


def test_a_loss_that_is_not_finite_ends_the_training_in_words(photos, tmp_path, capsys):
    assert cli.main(dcgan(photos, tmp_path / "out", "--rounds", 400, "--lr", "1e30")) == 1
    assert re.search("is (nan|inf|-inf) in round.*last checkpoint is that of round 0.*lower --lr", capsys.readouterr().err, re.S)


def test_two_trainings_do_not_share_a_folder(photos, tmp_path, capsys):
    with jobs.only_one(tmp_path / "out", "training"):
        assert cli.main(dcgan(photos, tmp_path / "out", "--rounds", 1)) == 2
    assert "Another training is at work in" in capsys.readouterr().err


# drawing

@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of a conditional game on the digits."""
    out = tmp_path_factory.mktemp("run") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_COURSE_DEVICE", "cpu")
        assert cli.main(["train", "cgan", "--data", "digits", *SMALL, "--rounds", "3", "--every", "1e-6", "-o", str(out)]) == 0
    return out


def test_samples_lie_beside_each_other_and_one_in_each_file(run, tmp_path):
    assert cli.main(["sample", str(run), "-n", "9", "-o", str(tmp_path)]) == 0
    files = sorted((tmp_path / "drawn").iterdir())
    assert [path.name for path in files] == [f"{number:04}.png" for number in range(1, 10)]
    sheet = picture(tmp_path / "sheet.png")[..., 0]
    assert sheet.shape == (26, 26)
    assert np.array_equal(sheet[9:17, 18:26], picture(files[5]))
    before = files[0].read_bytes()
    assert cli.main(["sample", str(run), "-n", "2", "-o", str(tmp_path)]) == 0
    assert len(list((tmp_path / "drawn").iterdir())) == 2           # none left from before
    assert cli.main(["sample", str(run), "-n", "9", "--seed", "1", "-o", str(tmp_path)]) == 0
    assert files[0].read_bytes() != before


def test_a_class_is_drawn_by_its_name(run, tmp_path, capsys, monkeypatch):
    asked = []
    monkeypatch.setattr(recipes.CGAN, "sample", lambda game, n, y=None: asked.append(y) or torch.zeros(n, 1, 8, 8))
    assert cli.main(["sample", str(run), "-n", "2", "--class", "7", "-o", str(tmp_path)]) == 0
    assert asked == [7]
    assert cli.main(["sample", str(run), "--class", "x", "-o", str(tmp_path)]) == 2
    assert "no class 'x'. Classes: 0, 1" in capsys.readouterr().err


def test_films_show_the_training_and_a_walk_that_comes_back(run, tmp_path):
    assert cli.main(["sample", str(run), "-n", "1", "--gif", "-o", str(tmp_path)]) == 0
    with Image.open(tmp_path / "training.gif") as training, Image.open(tmp_path / "walk.gif") as walk:
        assert training.n_frames == 4 and training.width >= 256 and walk.info["loop"] == 0
        pages = []
        for number in range(walk.n_frames):
            walk.seek(number)
            pages.append(np.asarray(walk.convert("RGB"), dtype=float))
    steps = [np.abs(page - after).mean() for page, after in zip(pages, pages[1:], strict=False)]
    assert 10 < len(pages) <= saving.STOPS * saving.STEPS
    assert np.abs(pages[0] - pages[-1]).mean() <= max(steps)        # the last step closes the round


def test_without_ffmpeg_there_is_a_gif_and_a_sentence(run, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(saving, "ffmpeg", lambda: None)
    assert cli.main(["sample", str(run), "-n", "1", "--mp4", "-o", str(tmp_path)]) == 0
    assert "no ffmpeg on this machine" in capsys.readouterr().err
    assert (tmp_path / "walk.gif").exists() and not (tmp_path / "walk.mp4").exists()


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for ffmpeg is a shell script")
def test_an_mp4_is_packed_by_ffmpeg_from_pages_with_even_sides(tmp_path, monkeypatch):
    program = tmp_path / "ffmpeg"
    program.write_text('#!/bin/sh\nfor last; do :; done\necho "$@" > "$last"\nwc -c >> "$last"\n')
    program.chmod(0o755)
    monkeypatch.setattr(saving, "ffmpeg", lambda: str(program))
    saving.save_film(tmp_path / "film.mp4", [np.zeros((301, 257, 3), np.uint8)] * 8, seconds=2)
    said, count = (tmp_path / "film.mp4").read_text().splitlines()
    assert "-s 258x302 -r 4.0" in said and int(count) == 8 * 258 * 302 * 3
    program.write_text("#!/bin/sh\necho no such codec >&2\nexit 1\n")
    with pytest.raises(OSError, match="no such codec"):
        saving.save_film(tmp_path / "film.mp4", [np.zeros((2, 2, 3), np.uint8)] * 2)


def test_pictures_of_an_earlier_time_go_and_all_other_files_stay(tmp_path):
    own = ["00003.png", "2024.png", "notes.png"]
    for name in [*own, "0002.png", "0003.png", "0004.png"]:
        (tmp_path / name).write_bytes(b"from before")
    saving.save_each(tmp_path, torch.zeros(2, 1, 4, 4))
    assert {file.name for file in tmp_path.iterdir()} == {"0001.png", "0002.png", *own}
    assert (tmp_path / "0002.png").read_bytes() != b"from before"


def test_sampling_needs_neither_the_data_nor_another_word(photos, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    for path in (photos / "flower").iterdir():
        (own / path.name).write_bytes(path.read_bytes())
    assert cli.main(["train", "dcgan", "--data", str(own), "--augment", *SMALL, "-o", str(tmp_path / "out"), "--rounds", "1"]) == 0
    for path in own.iterdir():
        path.unlink()
    assert cli.main(["sample", str(tmp_path / "out"), "-n", "2"]) == 0


# scoring

def scored(capsys, *words):
    """The numbers of `evaluate`: name -> (generated, floor)."""
    assert cli.main(["evaluate", *map(str, words)]) == 0
    said = capsys.readouterr().out
    number = r"([\d.e+-]+) ± [\d.e+-]+"
    return {name.strip(): (float(fake), float(floor)) for name, fake, floor in re.findall(rf"(?m)^(.{{44}})\s*{number}\s*{number}", said)}, said


def test_other_pictures_score_worse_than_real_ones_and_copies_are_found(photos, tmp_path, capsys):
    same, _ = scored(capsys, photos / "china", photos / "sides" / "trainA", "--size", 32)
    other, said = scored(capsys, photos / "china", photos / "flower", "--size", 32, "--nearest", tmp_path / "near.png")
    name = "sliced Wasserstein distance of pixels"
    assert other[name][0] > 2 * same[name][0] and same[name][0] < 2 * same[name][1]
    assert "12 of each in every comparison" in said and "no Frechet distance" in said
    assert picture(tmp_path / "near.png").shape == (2 * 33 - 1, 10 * 33 - 1, 3)
    copied, _ = scored(capsys, photos / "china", photos / "china", "--size", 32)
    assert copied["copies, %"] == (100, 1) and other["copies, %"][0] == 0


def test_new_samples_of_the_same_distribution_are_not_taken_for_copies_however_few_they_are():
    real, fresh = torch.randn(1500, 1, 2, 2).split([1000, 500])
    for n in (20, 500):
        rows, _ = evaluate.compare(real, fresh[:n], None)
        copies = {row.name: row.fake[0] for row in rows}["copies, %"]
        assert copies <= 5
    rows, _ = evaluate.compare(real, torch.cat([real[:50], fresh[:50]]), None)
    assert 50 <= {row.name: row.fake[0] for row in rows}["copies, %"] <= 55


def test_a_first_picture_that_cannot_be_read_is_named(photos, tmp_path, capsys, monkeypatch):
    own = tmp_path / "own"
    shutil.copytree(photos / "flower", own)
    (own / "00.png").write_bytes(b"no picture")
    assert cli.main(["evaluate", str(photos / "china"), str(own)]) == 2
    assert re.search("00.png cannot be read .* Remove it, or set --size", capsys.readouterr().err)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)             # Pillow refuses twice as many
    assert cli.main(["evaluate", str(photos / "china"), str(photos / "flower")]) == 2
    assert re.search("00.png cannot be read .*decompression bomb.* Remove it, or set --size", capsys.readouterr().err)


def test_a_judge_that_nobody_asked_for_and_that_does_not_fit_is_left_out(photos, tmp_path, capsys):
    _, said = scored(capsys, "digits", "digits")
    assert "Frechet distance under the judge" in said
    _, said = scored(capsys, "digits", photos / "flower", "--size", 8)
    assert "No judge of the course fits these pictures" in said


def test_the_judge_of_a_data_set_gives_a_frechet_distance(run, tmp_path, capsys):
    assert cli.main(["sample", str(run), "-n", "80", "-o", str(tmp_path)]) == 0
    capsys.readouterr()
    for words in (["digits", tmp_path / "drawn"], [tmp_path / "drawn", "digits", "--judge", "digits"]):
        numbers, said = scored(capsys, *words)
        fake, floor = numbers["Frechet distance under the judge"]
        assert fake > 3 * floor > 0 and "64 features" in said


@pytest.mark.parametrize("words, found", [
    (["{photos}/nowhere", "digits"], "There is no folder"), (["digits", "{photos}/flower", "--size", "16"], "Set --size"),
    (["{photos}/flower", "{photos}/china", "--size", "32", "--judge", "mnist"], "judge of mnist reads grey pictures.*in colour. Choose"),
    (["digits", "digits", "--judge", "mnist"], "judge of mnist reads pictures of 28x28 pixels, and these are 8x8. Set --size 28"),
    (["stacked_digits", "digits"], "stacked_digits has 2 channels"),
    (["{photos}/flower", "{photos}/china", "--judge", "wombat"], "no judge for 'wombat'")])
def test_what_cannot_be_scored_is_said(photos, capsys, words, found):
    assert cli.main(["evaluate", *(word.format(photos=photos) for word in words)]) == 2
    assert re.search(found, capsys.readouterr().err)


def test_settings_are_plain_json(run):
    stored = json.loads((run / settings.FILE).read_text())
    assert stored["game"] == "cgan" and stored["classes"] == list("0123456789")


# the model card

def test_a_model_card_has_what_can_be_measured_and_leaves_the_rest_marked(run, tmp_path, capsys):
    path = tmp_path / "my card.md"
    assert cli.main(["card", str(run), "-o", str(path)]) == 0
    text = path.read_text(encoding="utf-8")
    for line in ("| training data | digits |", "| number of pictures | 1,297 |", "| game | cgan |",
                 "| iterations | 3, with mini-batches of 8 |", "| seed | 0 |"):
        assert line in text
    ratio, floor = map(float, re.search(r"memorisation ratio .*\| (.+) \| (.+) \|", text).groups())
    assert 0.9 < floor < 1.1 and 0.8 < ratio < 1.2                  # three rounds are too few to copy anything
    distance, real = map(float, re.search(r"Frechet distance .* \| (.+) \| (.+) \|", text).groups())
    assert distance > 3 * real
    shares = [float(share) for share in re.findall(r"^\| \d \| [\d.]+% \| ([\d.]+)% \|$", text, re.MULTILINE)]
    assert len(shares) == 10 and sum(shares) == pytest.approx(100, abs=1)
    assert text.count(card.BLANK) == 7
    (picture_of,) = re.findall(r"!\[.+\]\((.+)\)", text)
    assert (path.parent / picture_of).exists()


def test_a_card_with_the_learners_words_is_not_written_over(run, tmp_path, capsys):
    path = tmp_path / "card.md"
    path.write_text("mine")
    assert cli.main(["card", str(run), "-o", str(path)]) == 2
    assert "exists already" in capsys.readouterr().err and path.read_text() == "mine"
    assert cli.main(["card", str(tmp_path)]) == 2
    assert "There is no run" in capsys.readouterr().err


def test_a_card_of_a_folder_leaves_the_memorisation_ratio_and_the_shares_to_the_learner(photos, tmp_path):
    folder = tmp_path / "a|b <i>_c_"
    shutil.copytree(photos / "flower", folder)
    out = tmp_path / "out"
    command = ["train", "dcgan", "--data", str(folder), "--size", "32", *SMALL, "-o", str(out), "--rounds", "1"]
    assert cli.main(command) == 0 and cli.main(["card", str(out)]) == 0
    text = (out / card.FILE).read_text(encoding="utf-8")
    assert r"| training data | a\|b \<i\>\_c\_ |" in text
    assert text.count(card.BLANK) == 9 and "memorisation ratio needs" in text


def test_text_of_others_stays_on_its_line_and_means_nothing_in_markdown():
    assert card.plain("a\n\n# b | <script> [x](y) `z` \\ *w*") == (
        r"a \# b \| \<script\> \[x\]\(y\) \`z\` \\ \*w\*")
