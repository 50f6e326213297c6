"""A long job has its folder to itself, and ends when it is asked to."""
import signal

import pytest

from gan_course import jobs


def test_two_jobs_do_not_share_a_folder(tmp_path):
    with jobs.only_one(tmp_path / "new", "batch"):
        with pytest.raises(ValueError, match="Another batch is at work in .*new.*with -o"):
            with jobs.only_one(tmp_path / "new", "batch"):
                pass
    with jobs.only_one(tmp_path / "new", "batch"):                      # it is free again
        pass


@pytest.mark.parametrize("name, weight", [("SIGINT", 1), ("SIGTERM", 2), ("SIGHUP", 2)])
def test_a_request_to_stop_leaves_word_and_afterwards_all_is_as_before(name, weight):
    number = getattr(signal, name, None)
    if number is None:
        pytest.skip("This system has no SIGHUP.")
    heard = []
    outside = signal.signal(number, lambda *_: heard.append(name))
    try:
        with jobs.requests_to_stop() as asked:
            assert not asked
            signal.raise_signal(number)
            assert len(asked) == weight and not heard
            signal.raise_signal(number)
            assert len(asked) == 2 * weight
        signal.raise_signal(number)
        assert heard == [name]
    finally:
        signal.signal(number, outside)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="This system has no SIGHUP.")
def test_under_nohup_a_job_goes_on_when_its_terminal_closes():
    outside = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with jobs.requests_to_stop() as asked:
            signal.raise_signal(signal.SIGHUP)
            assert not asked
    finally:
        signal.signal(signal.SIGHUP, outside)
