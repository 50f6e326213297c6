"""Files are written as a whole or not at all, also where another program holds them for a moment."""
import os

import pytest

from gan_course import files


def test_a_file_is_written_and_replaced_as_a_whole(tmp_path):
    path = tmp_path / "new folder" / "a.txt"
    files.write(path, "first é")
    files.write(path, b"second")
    assert path.read_bytes() == b"second"
    assert [file.name for file in path.parent.iterdir()] == ["a.txt"], "nothing temporary is left"


def test_what_stood_there_stays_if_writing_fails_halfway(tmp_path):
    path = tmp_path / "a.txt"
    files.write(path, "whole")
    with pytest.raises(OSError, match="disk full"), files.written_whole(path) as temporary:
        temporary.write_text("hal")
        raise OSError("disk full")
    assert path.read_text() == "whole"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def busy(times, replace=os.replace):
    """os.replace on Windows while a virus scanner holds the file: refused `times` times."""
    calls = []

    def refused(source, target):
        calls.append(target)
        if len(calls) <= times:
            raise PermissionError(13, "The process cannot access the file because it is being used "
                                  "by another process", str(source), 32, str(target))
        replace(source, target)
    return refused


def test_a_file_that_another_program_holds_for_a_moment_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(files.os, "replace", busy(3))
    files.write(tmp_path / "a.txt", "whole")
    assert (tmp_path / "a.txt").read_text() == "whole"


def test_a_file_that_stays_held_is_an_error_in_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(files.os, "replace", busy(10**6))
    with pytest.raises(PermissionError, match="being used by another process"):
        files.write(tmp_path / "a.txt", "whole")
    assert list(tmp_path.iterdir()) == []
