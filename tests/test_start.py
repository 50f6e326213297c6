"""start.py: what it says when something is in the way, and that it does no more than it has to."""
import ast
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from gan_course.paths import ROOT


def copy_of_the_course(folder):
    """What start.py reads, in a new folder."""
    folder.mkdir()
    (folder / "requirements").mkdir()
    for name in ("start.py", "pyproject.toml", "requirements/tested.txt"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def load(folder):
    """The start.py of a folder, as a module of its own."""
    spec = importlib.util.spec_from_file_location("start", folder / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start.py in a copy of the course's root, with an environment still to be made."""
    monkeypatch.setenv("GAN_COURSE_VENV", str(tmp_path / "env"))
    return load(copy_of_the_course(tmp_path / "course"))


def pretend(start, monkeypatch):
    """Run nothing, but write down what would be run: [(command, environment)].

    Environments are made of thin air, on a big disk, under Linux with an NVIDIA driver.
    """
    done = []

    def run(command, **environment):
        done.append(([str(word) for word in command], environment))
        return 0

    def create(place, with_pip, symlinks):
        assert symlinks == (os.name != "nt")  # macOS needs them; Windows forbids them to most
        start.PYTHON.parent.mkdir(parents=True)
        start.PYTHON.touch()

    def begin(command, output, **environment):
        return ended(run(command, **environment))

    monkeypatch.setattr(start, "run", run)
    monkeypatch.setattr(start, "begin", begin)
    monkeypatch.setattr(start, "install", lambda *arguments: run(["pip", *arguments]))
    monkeypatch.setattr(start, "carefully", run)
    monkeypatch.setattr(start, "NVIDIA_DRIVER", [__file__])
    monkeypatch.setattr(start.sys, "platform", "linux")
    monkeypatch.setattr(start.venv, "create", create)
    monkeypatch.setattr(start.shutil, "disk_usage",
                        lambda place: shutil._ntuple_diskusage(10**12, 0, 10**12))
    return done


def ended(status):
    """A process that has ended."""
    return SimpleNamespace(wait=lambda: status, returncode=status)


@pytest.fixture
def commands(start, monkeypatch):
    """What start.py would run."""
    return pretend(start, monkeypatch)


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
    monkeypatch.setattr(start.shutil, "disk_usage",
                        lambda place: shutil._ntuple_diskusage(10**9, 0, 10**9))
    with pytest.raises(SystemExit, match=r"needs \d GB, and .* has 1.0 GB free.*GAN_COURSE_VENV"):
        call(start, "setup")


def test_a_python_without_ensurepip(start, commands, monkeypatch):
    monkeypatch.setattr(start.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"sudo apt install python3\.\d+-venv"):
        call(start, "setup")


@pytest.mark.parametrize("with_python", [False, True])
def test_a_folder_that_is_not_ours_is_left_alone(start, commands, with_python):
    start.VENV.mkdir()
    (start.VENV / "thesis.txt").write_text("mine")
    if with_python:
        start.PYTHON.parent.mkdir()
        start.PYTHON.touch()
    with pytest.raises(SystemExit, match="was not made by start.py"):
        call(start, "setup")
    assert (start.VENV / "thesis.txt").read_text() == "mine" and not start.STAMP.exists()
    assert installed(commands) == []


def test_a_place_that_cannot_be_written_to(start, commands):
    start.VENV.write_text("a file")
    with pytest.raises(SystemExit, match="No environment could be made in .*GAN_COURSE_VENV"):
        call(start, "setup")


def retry(total, why, url="/simple/setuptools/"):
    """What pip says when a connection breaks and `total` more tries are left."""
    return (f"WARNING: Retrying (Retry(total={total}, connect=None, read=None, redirect=None, "
            f"status=None)) after connection broken by {why}: {url}\n")


def gives_up_on(package):
    return (f"ERROR: Could not find a version that satisfies the requirement {package} "
            f"(from versions: none)\nERROR: No matching distribution found for {package}\n")


PROXY = ("'ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Proxy "
         "Authentication Required'))'")
PROXY_26 = "'OSError('Tunnel connection failed: 407 Proxy Authentication Required')'"
CERTIFICATE = ("'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] "
               "certificate verify failed: self-signed certificate (_ssl.c:1006)'))'")
REFUSED = ("'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at "
           "0x7fa3699741d0>: Failed to establish a new connection: [Errno 111] Connection "
           "refused')'")
NO_NAME = ("'NameResolutionError(\"HTTPSConnection(host='index.invalid', port=443): Failed to "
           "resolve 'index.invalid' ([Errno -2] Name or service not known)\")'")
TOO_LATE = ("'ReadTimeoutError(\"HTTPSConnectionPool(host='127.0.0.1', port=9975): Read timed out. "
            "(read timeout=15.0)\")'")
BUILD = """\
  error: subprocess-exited-with-error

  × installing build dependencies did not run successfully.
  │ exit code: 1
  ╰─> [8 lines of output]
"""
# The words of pip 23.2 (Python 3.11 brings it) and 26.3, taken down before a proxy that asked for a
# password, a server with a certificate of its own, a closed port, and a connection cut off midway.
PIP_SAYS = {
    "proxy": [
        retry(1, PROXY) + retry(0, PROXY) + gives_up_on("setuptools>=77"),
        retry(0, PROXY_26) + gives_up_on("setuptools>=77"),
        BUILD + "      " + retry(0, PROXY_26) + "      ERROR: No matching distribution found",
        "ERROR: Could not install packages due to an OSError: HTTPSConnectionPool(host="
        "'example.org', port=443): Max retries exceeded with url: /x-1.0-py3-none-any.whl (Caused "
        "by ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Proxy "
        "Authentication Required')))\n",
        "error: proxy-connection-failed\n\n× Failed to connect to proxy http://127.0.0.1:9971 "
        "while fetching https://example.org/x-1.0-py3-none-any.whl\n╰─> ('Unable to connect to "
        "proxy', OSError('Tunnel connection failed: 407 Proxy Authentication Required'))\n",
    ],
    "certificate": [
        retry(0, CERTIFICATE) + gives_up_on("setuptools>=77"),
        BUILD + "      " + retry(0, CERTIFICATE) + "      ERROR: No matching distribution found",
        "error: ssl-verification-failed\n\n× Failed to establish a secure connection to localhost "
        "while fetching https://localhost:9972/x-1.0-py3-none-any.whl\n╰─> [SSL: "
        "CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate "
        "(_ssl.c:1006)\n\nhint: You may need to use --cert or check your proxy/firewall "
        "configuration\n",
    ],
    "needs a network": [
        retry(0, REFUSED) + gives_up_on("setuptools>=77"),
        retry(0, NO_NAME, "/simple/torch/") + gives_up_on("torch>=2.11"),
        BUILD + "      " + retry(0, REFUSED) + "      ERROR: No matching distribution found",
        "error: connection-failed\n\n× Failed to connect to localhost while fetching "
        "https://localhost:9973/x-1.0-py3-none-any.whl\n╰─> [Errno 111] Connection refused\n\n"
        "hint: Are you connected to the Internet? If so, check whether your system can connect to "
        "localhost before trying again. There may be a firewall or proxy that's preventing the "
        "connection.\n",
        "ERROR: Exception:\nTraceback (most recent call last):\npip._vendor.urllib3.exceptions."
        "ReadTimeoutError: HTTPSConnectionPool(host='127.0.0.1', port=9975): Read timed out.\n",
        "  WARNING: Connection interrupted while downloading.\nerror: incomplete-download\n\n× "
        "Download failed after 6 attempts because not enough bytes were received (0 bytes/100 "
        "kB)\n",
    ],
    "The disk is full": [
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        retry(0, TOO_LATE) + "ERROR: Could not install packages due to an OSError: [Errno 28] "
        "No space left on device",
    ],
    "PyTorch has no build for Python": [
        gives_up_on("torch>=2.11"),
        retry(2, TOO_LATE, "/simple/torch/") + gives_up_on("torch>=2.11"),
        retry(4, PROXY, "/simple/torch/") + gives_up_on("torch>=2.11"),
    ],
    "the last lines above say why": [
        "ERROR: something else",
        retry(0, TOO_LATE, "/simple/numpy/") + "ERROR: Cannot install a and b, which conflict.\n",
        retry(4, REFUSED) + retry(3, REFUSED) + BUILD + "      ERROR: no compiler\n",
    ],
}


def say(start, monkeypatch, words):
    """Every program that the installation runs says these words and fails."""
    fake = start.ROOT / "fails.py"
    fake.write_text(f"import sys\nsys.stderr.buffer.write({words.encode()!r})\nsys.exit(1)")
    popen = subprocess.Popen
    monkeypatch.setattr(start.subprocess, "Popen",
                        lambda command, **options: popen([sys.executable, fake],
                                                         **options | {"encoding": "utf-8"}))


@pytest.mark.parametrize(("expected", "words"), [
    (expected, words) for expected, several in PIP_SAYS.items() for words in several])
def test_when_pip_fails_a_sentence_says_what_that_means(start, monkeypatch, expected, words):
    say(start, monkeypatch, words)
    start.VENV.mkdir()
    with pytest.raises(SystemExit) as stopped:
        start.install("torch")
    signs = {"proxy": "HTTPS_PROXY", "certificate": "PIP_CERT"}
    told = [each for each in PIP_SAYS if signs.get(each, each) in str(stopped.value)]
    assert told == [expected]


@pytest.mark.parametrize("words", [
    'OSError: [WinError 126] The specified module could not be found. Error loading '
    '"C:\\course\\.venv\\Lib\\site-packages\\torch\\lib\\c10.dll" or one of its dependencies.',
    "ImportError: DLL load failed while importing _C: The specified module could not be found.",
])
def test_windows_without_the_runtime_of_visual_c(start, commands, monkeypatch, words):
    monkeypatch.setattr(start, "carefully", load(start.ROOT).carefully)
    say(start, monkeypatch, f"Traceback (most recent call last):\n{words}\n")
    with pytest.raises(SystemExit, match="Visual C.. runtime.*vc_redist"):
        call(start, "setup")
    assert start.STAMP.read_text() == ""


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


def test_what_was_installed_is_tried_before_it_is_taken_for_done(start, commands):
    call(start, "setup")
    assert commands[-1][0] == [str(start.PYTHON), "-c", "import torch"]


def test_a_changed_pyproject_is_noticed(start, commands):
    call(start, "setup")
    with open(start.ROOT / "pyproject.toml", "a") as file:
        file.write("# changed\n")
    commands.clear()
    call(start, "setup")
    assert installed(commands) == [["--editable", "."]]


@pytest.mark.parametrize("how", [shutil.copytree, shutil.move])
def test_a_folder_copied_or_moved_gets_its_own_environment(tmp_path, monkeypatch, capsys, how):
    monkeypatch.delenv("GAN_COURSE_VENV", raising=False)
    first = copy_of_the_course(tmp_path / "first")
    start = load(first)
    pretend(start, monkeypatch)
    call(start, "setup")
    program = start.PYTHON.with_name("gan-course")
    program.write_text(f"#!{start.PYTHON}")
    how(first, tmp_path / "second")
    start = load(tmp_path / "second")
    commands = pretend(start, monkeypatch)
    call(start, "setup")
    assert start.VENV == tmp_path / "second" / ".venv"
    assert installed(commands) == [["--editable", "."]]
    assert not start.PYTHON.with_name("gan-course").exists()  # it would run the first one's code
    assert program.exists() == (how is shutil.copytree)
    assert "does not survive moving or copying" in capsys.readouterr().out
    commands.clear()
    call(start, "setup")
    assert installed(commands) == []


def test_an_environment_elsewhere_follows_the_course_that_was_started_last(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_COURSE_VENV", str(tmp_path / "elsewhere"))
    for name in ("first", "second"):
        start = load(copy_of_the_course(tmp_path / name))
        commands = pretend(start, monkeypatch)
        call(start, "setup")
        assert installed(commands) == [["--editable", "."]]
        (start.VENV / "gigabytes").write_text("")
    assert start.VENV == tmp_path / "elsewhere" and (start.VENV / "gigabytes").exists()


def test_another_way_to_the_same_folder_installs_nothing(start, commands, tmp_path, monkeypatch):
    call(start, "setup")
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    monkeypatch.setenv("GAN_COURSE_VENV", str(tmp_path / "link" / "env"))
    start = load(tmp_path / "link" / "course")
    commands = pretend(start, monkeypatch)
    call(start, "setup")
    assert installed(commands) == []


def test_the_environment_of_an_older_version_is_not_thrown_away(start, commands):
    call(start, "setup")
    stamp = json.loads(start.STAMP.read_text())
    start.STAMP.write_text(json.dumps({name: stamp[name] for name in ("pyproject", "test", "cpu")}))
    (start.VENV / "gigabytes").write_text("")
    call(start, "setup")
    assert len(installed(commands)) == 2 and (start.VENV / "gigabytes").exists()


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
    assert installed(commands) == [FROM_CPU_INDEX, ["--editable", "."]]
    call(start, "setup")
    assert len(installed(commands)) == 2
    call(start, "setup", "--cuda")
    assert installed(commands)[2:] == [["--editable", "."]]


FROM_CPU_INDEX = ["--index-url", "https://download.pytorch.org/whl/cpu", "--no-deps",
                  "torch", "torchvision"]


@pytest.fixture
def index(monkeypatch):
    """The address of a server that answers as PyTorch's index of CPU builds would."""
    class Index(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/torch/" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def without_nvidia(start, commands, monkeypatch):
    monkeypatch.setattr(start, "NVIDIA_DRIVER", [])
    monkeypatch.setattr(start.shutil, "which", lambda name: None)


def test_without_an_nvidia_driver_linux_gets_the_small_build(
        start, commands, without_nvidia, index, monkeypatch, capsys):
    monkeypatch.setattr(start, "CPU_INDEX", index)
    call(start, "setup")
    assert installed(commands)[0] == ["--index-url", index, *FROM_CPU_INDEX[2:]]
    assert "without CUDA" in capsys.readouterr().out
    commands.clear()
    call(start, "setup")
    assert installed(commands) == []


def test_where_the_index_of_the_small_build_does_not_answer_the_usual_one_comes(
        start, commands, without_nvidia, monkeypatch, capsys):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(start, "CPU_INDEX", f"http://127.0.0.1:{server.getsockname()[1]}")
    call(start, "setup")                                            # the port is closed again
    assert installed(commands) == [["--editable", "."]]
    assert "does not answer, so the usual build comes" in capsys.readouterr().out
    call(start, "setup")                                            # and it is not asked again
    assert installed(commands) == [["--editable", "."]]


def test_an_index_that_never_speaks_is_waited_for_in_vain_no_longer_than_said(start, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not start.answers(f"http://127.0.0.1:{server.getsockname()[1]}", seconds=0.5)


@pytest.mark.parametrize("platform, option", [
    ("darwin", []), ("win32", []), ("linux", ["--cuda"]), ("linux", ["--cpu"])])
def test_the_index_is_asked_only_where_it_decides(
        start, commands, without_nvidia, monkeypatch, platform, option):
    monkeypatch.setattr(start.sys, "platform", platform)
    monkeypatch.setattr(start.venv, "create", lambda *_, **__: start.PYTHON.parent.mkdir())
    monkeypatch.setattr(start, "answers", lambda address: pytest.fail("asked"))
    call(start, "setup", *option)
    assert installed(commands) == [FROM_CPU_INDEX] * (option == ["--cpu"]) + [["--editable", "."]]


@pytest.mark.parametrize("sign", ["file", "program"])
def test_an_nvidia_driver_is_seen(start, without_nvidia, tmp_path, monkeypatch, sign):
    monkeypatch.setattr(start, "answers", lambda address: True)
    assert start.cpu_suffices()
    if sign == "file":
        monkeypatch.setattr(start, "NVIDIA_DRIVER", [str(tmp_path)])
    else:
        monkeypatch.setattr(start.shutil, "which", lambda name: {"nvidia-smi": "/bin/x"}.get(name))
    assert not start.cpu_suffices()


def test_tested_versions_are_asked_of_pip_and_kept(start, commands):
    call(start, "setup", "--tested", "--cpu")
    versions = ["--constraint", str(start.TESTED)]
    assert installed(commands) == [
        [*FROM_CPU_INDEX[:3], *versions, "torch", "torchvision"], [*versions, "--editable", "."]]
    commands.clear()
    call(start, "setup")
    assert installed(commands) == []
    start.TESTED.write_text("torch==9.9\n")
    call(start, "setup")                                            # a new list is followed
    assert len(installed(commands)) == 2 and installed(commands)[1][:2] == versions


@pytest.mark.parametrize("stamp", ["", '{"pyproj'])
def test_a_half_made_environment_is_made_anew(start, commands, stamp):
    start.PYTHON.parent.mkdir(parents=True)
    (start.VENV / "half").write_text("")
    start.STAMP.write_text(stamp)
    call(start, "setup")
    assert not (start.VENV / "half").exists()
    assert installed(commands) and json.loads(start.STAMP.read_text())


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
    assert f"?token={environment['JUPYTER_TOKEN']}" in capsys.readouterr().out
    assert len(environment["JUPYTER_TOKEN"]) >= 32


def test_every_part_of_the_tests_is_run_and_any_failure_counts(start, commands, monkeypatch):
    call(start, "setup")
    for units, browser, outcome in ((0, 0, 0), (1, 0, 1), (0, 5, 1)):
        monkeypatch.setattr(start, "run", lambda command, units=units, **environment:
                            units if "pytest" in command else 0)
        monkeypatch.setattr(start, "begin", lambda command, output, browser=browser, **environment:
                            ended(browser))
        assert call(start, "test") == outcome


def test_what_the_browser_said_is_shown_when_all_have_ended(start, commands, monkeypatch, capfd):
    begin = start.begin

    def browser(command, output, **environment):
        output.write("two tests failed – λ\n".encode())
        return begin(command, output, **environment)

    monkeypatch.setattr(start, "begin", browser)
    call(start, "test")
    said = capfd.readouterr().out
    assert "two tests failed – λ" in said
    assert "Unit tests and notebooks passed; browser passed in" in said


@pytest.mark.parametrize("options, profile, device", [
    ([], "smoke", None), (["--full", "--device", "cuda"], "laptop", "cuda")])
def test_full_and_device_reach_the_tests(start, commands, options, profile, device):
    call(start, "test", *options)
    both = [environment for command, environment in commands if "pytest" in command]
    assert [environment["GAN_COURSE_PROFILE"] for environment in both] == [profile, profile]
    assert [environment.get("GAN_COURSE_DEVICE") for environment in both] == [device, device]
    assert both[0]["OMP_NUM_THREADS"] == "1"


def test_help_needs_no_environment():
    command = [sys.executable, ROOT / "start.py", "--help"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0 and "GAN_COURSE_VENV" in result.stdout


def test_jupyterlab_saves_widgets_so_that_they_are_seen_when_a_notebook_is_opened_again(start, monkeypatch):
    pretend(start, monkeypatch)
    monkeypatch.setattr(sys, "argv", ["start.py", "setup"])
    start.main()
    assert json.loads(start.SETTINGS.read_text()) == {"@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True}}
