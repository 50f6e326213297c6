import pytest

from gan_course.lessons import exercises
from tests.solutions import solved

SKELETON = "import torch\n\n\n@torch.no_grad()\ndef best_discriminator(p, q):\n    ..."
CHECK = 'D = exercises.check("02.best_discriminator", best_discriminator)\nprint(D)'
SOLUTION = f"import torch\n\n\n{exercises.source('02.best_discriminator')}"


def test_a_solution_takes_the_place_of_the_definition_and_of_nothing_else():
    assert solved([f"{SKELETON}\n\n\n{CHECK}", "1"]) == [[f"{SOLUTION}\n\n\n{CHECK}"], []]


def test_a_cell_that_defines_runs_again_before_the_cell_that_checks():
    assert solved([SKELETON, "1", CHECK]) == [[], [], [SOLUTION, CHECK]]


def test_an_exercise_that_nobody_can_write_is_an_error():
    with pytest.raises(ValueError, match=r"no best_discriminator to write for 02\.best_disc"):
        solved([CHECK])
