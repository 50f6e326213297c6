"""start.py: what it says when something is in the way, and that it does no more than it has to."""
import ast
import importlib.util
import json
import shutil
import socket
import subprocess
import sys

import pytest

from gan_course.paths import ROOT


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start.py as a module of its own, in a copy of the course's root, with an environment still to be made."""
    for name in ("start.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setenv("GAN_COURSE_VENV", str(tmp_path / "env"))
    spec = importlib.util.spec_from_file_location("start", tmp_path / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def commands(start, monkeypatch):
    """Instead of running anything, write down what would be run: [(command, environment)]. Environments are made of thin air."""
    done = []

    def run(command, **environment):
        done.append(([str(word) for word in command], environment))
        return 0

    def create(place, with_pip, symlinks):
        assert symlinks == (sys.platform != "win32")  # macOS needs them; Windows forbids them to most
        start.PYTHON.parent.mkdir(parents=True)
        start.PYTHON.touch()

    monkeypatch.setattr(start, "run", run)
    monkeypatch.setattr(start, "install", lambda *arguments: run(["pip", *arguments]))
    monkeypatch.setattr(start.venv, "create", create)
    monkeypatch.setattr(start.shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(10**12, 0, 10**12))
    return done


def call(start, *arguments):
    start.sys.argv, before = ["start.py", *arguments], start.sys.argv
    try:
        return start.main()
    finally:
        start.sys.argv = before


def installed(commands):
    return [command[1:] for command, _ in commands if command[0] == "pip"]


# what is in the way

def test_an_older_python_can_read_the_file_and_learns_what_is_needed(start, monkeypatch):
    ast.parse((ROOT / "start.py").read_text(encoding="utf-8"), feature_version=(3, 7))
    monkeypatch.setattr(start.sys, "version_info", (3, 9, 2, "final", 0))
    with pytest.raises(SystemExit, match="needs Python 3.11 or newer"):
        call(start)


def test_too_little_room_on_the_disk(start, commands, monkeypatch):
    monkeypatch.setattr(start.shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(10**9, 0, 10**9))
    with pytest.raises(SystemExit, match=r"needs \d GB, and .* has 1.0 GB free.*GAN_COURSE_VENV"):
        call(start, "setup")


def test_a_python_without_ensurepip(start, commands, monkeypatch):
    monkeypatch.setattr(start.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"sudo apt install python3\.\d+-venv"):
        call(start, "setup")


def test_a_folder_that_is_not_ours_is_left_alone(start, commands):
    start.VENV.mkdir()
    (start.VENV / "thesis.txt").write_text("mine")
    with pytest.raises(SystemExit, match="was not made by start.py"):
        call(start, "setup")
    assert (start.VENV / "thesis.txt").read_text() == "mine"


def test_a_place_that_cannot_be_written_to(start, commands):
    start.VENV.write_text("a file")
    with pytest.raises(SystemExit, match="No environment could be made in .*GAN_COURSE_VENV"):
        call(start, "setup")


@pytest.mark.parametrize("pip_says, meaning", [
    ("WARNING: Retrying after connection broken by 'NewConnectionError(...)'", "needs a network"),
    ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "The disk is full"),
    ("ERROR: No matching distribution found for torch>=2.11", "PyTorch has no build for Python"),
    ("ERROR: something else", "pip's last lines above say why"),
])
def test_when_pip_fails_a_sentence_says_what_that_means(start, monkeypatch, pip_says, meaning):
    start.VENV.mkdir()
    fake = start.VENV / "pip.py"
    fake.write_text(f"import sys; sys.exit({pip_says!r})")
    popen = subprocess.Popen
    monkeypatch.setattr(start.subprocess, "Popen", lambda command, **options: popen([sys.executable, fake], **options))
    with pytest.raises(SystemExit, match=meaning):
        start.install("torch")


def test_an_occupied_port(start):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SystemExit, match=f"Port {port} cannot be used.*--port"):
            start.free_port(port)
    assert start.free_port(None) in range(8888, 8899)


# what is installed, and when

def test_the_first_start_installs_and_the_second_does_nothing(start, commands):
    call(start, "setup")
    assert installed(commands) == [["--editable", "."]]
    commands.clear()
    call(start, "setup")
    assert [command[1:] for command, _ in commands] == [["-c", "import pip"]]


def test_a_changed_pyproject_is_noticed(start, commands):
    call(start, "setup")
    with open(start.ROOT / "pyproject.toml", "a") as file:
        file.write("# changed\n")
    commands.clear()
    call(start, "setup")
    assert installed(commands) == [["--editable", "."]]


def test_the_tests_are_installed_when_they_are_wanted_and_kept(start, commands):
    call(start, "setup")
    call(start, "test")
    assert installed(commands) == [["--editable", "."], ["--editable", ".[test]"]]
    call(start, "setup")
    assert len(installed(commands)) == 2


def test_cpu_takes_torch_from_its_own_index_and_the_rest_from_the_usual_one(start, commands):
    call(start, "setup")
    (start.VENV / "cuda").write_text("4 GB")
    commands.clear()
    call(start, "setup", "--cpu")
    assert not (start.VENV / "cuda").exists()
    torch = ["--index-url", "https://download.pytorch.org/whl/cpu", "--no-deps", "torch", "torchvision"]
    assert installed(commands) == [torch, ["--editable", "."]]
    call(start, "setup")
    assert len(installed(commands)) == 2


@pytest.mark.parametrize("stamp", ["", '{"pyproj'])
def test_a_half_made_environment_is_made_anew(start, commands, stamp):
    start.PYTHON.parent.mkdir(parents=True)
    (start.VENV / "half").write_text("")
    start.STAMP.write_text(stamp)
    call(start, "setup")
    assert not (start.VENV / "half").exists() and installed(commands) and json.loads(start.STAMP.read_text())


def test_an_install_that_fails_is_not_taken_for_done(start, commands, monkeypatch):
    monkeypatch.setattr(start, "install", lambda *arguments: sys.exit("no"))
    with pytest.raises(SystemExit):
        call(start, "setup")
    monkeypatch.undo()
    assert start.STAMP.read_text() == ""


# what is run

def test_lab_serves_this_machine_only_with_a_token(start, commands, capsys):
    call(start, "--no-browser", "--port", "9731")
    command, environment = commands[-1]
    assert {"--ip=127.0.0.1", "--port=9731", "--no-browser"} <= set(command)
    assert f"?token={environment['JUPYTER_TOKEN']}" in capsys.readouterr().out and len(environment["JUPYTER_TOKEN"]) >= 32


def test_every_part_of_the_tests_is_run_and_any_failure_counts(start, commands, monkeypatch):
    call(start, "setup")
    for statuses, outcome in {(0, 0): 0, (1, 0): 1, (0, 5): 1}.items():
        left = list(statuses)
        monkeypatch.setattr(start, "run", lambda command, left=left, **environment: left.pop(0) if "pytest" in command else 0)
        assert call(start, "test") == outcome and left == []


@pytest.mark.parametrize("options, profile, device", [([], "smoke", None), (["--full", "--device", "cuda"], "laptop", "cuda")])
def test_full_and_device_reach_the_tests(start, commands, options, profile, device):
    call(start, "test", *options)
    both = [environment for command, environment in commands if "pytest" in command]
    assert [environment["GAN_COURSE_PROFILE"] for environment in both] == [profile, profile]
    assert [environment.get("GAN_COURSE_DEVICE") for environment in both] == [device, device]
    assert both[0]["OMP_NUM_THREADS"] == "1"  # two processes, a core for each


def test_help_needs_no_environment():
    result = subprocess.run([sys.executable, ROOT / "start.py", "--help"], capture_output=True, text=True)
    assert result.returncode == 0 and "GAN_COURSE_VENV" in result.stdout
