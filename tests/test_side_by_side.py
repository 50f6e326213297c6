"""Several trainings at a time."""
import os

import pytest

from gan_course.lessons.side_by_side import side_by_side


def power(base, exponent):
    return base**exponent, os.getpid()


@pytest.mark.parametrize(("profile", "elsewhere"), [("smoke", False), ("laptop", True)])
def test_results_come_in_the_order_of_the_jobs(monkeypatch, profile, elsewhere):
    monkeypatch.setenv("GAN_COURSE_PROFILE", profile)
    monkeypatch.setenv("GAN_COURSE_DEVICE", "cpu")
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    results = side_by_side(power, ((base, 2) for base in range(5)))
    assert [value for value, _ in results] == [0, 1, 4, 9, 16]
    assert (results[0][1] != os.getpid()) == elsewhere


def test_an_error_of_a_job_reaches_the_learner(monkeypatch):
    monkeypatch.setenv("GAN_COURSE_PROFILE", "smoke")
    with pytest.raises(ZeroDivisionError):
        side_by_side(power, [(0, -1)])
