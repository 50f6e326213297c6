"""Tables of numbers in a notebook."""
import pytest

from gan_course.lessons import tables


@pytest.fixture
def shown(monkeypatch):
    found = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: found.append(data))
    return found


def test_a_table_has_its_numbers_in_three_digits_and_whole_ones_whole(shown):
    tables.show({"floor": (0.12345, 7), "real": (12345.6, 1234)}, ["agreement", "n"])
    plain = shown[0]["text/plain"].split()
    assert plain == ["agreement", "n", "floor", "0.123", "7", "real", "12,346", "1,234"]
    assert shown[0]["text/html"].count('<th scope="row"') == 2 and "<td>0.123</td>" in shown[0]["text/html"]


def test_a_number_that_rounds_up_to_one_digit_more_is_shown_whole(shown):
    tables.show({"row": (999.4, 999.7, -999.7, 99.96)}, list("abcd"))
    assert shown[0]["text/plain"].split()[5:] == ["999", "1,000", "-1,000", "100"]


def test_names_and_texts_are_escaped(shown):
    tables.show({"<b>": "<i>"}, ["a<b"])
    assert "&lt;b&gt;" in shown[0]["text/html"] and "<td>&lt;i&gt;" in shown[0]["text/html"]
    assert "a&lt;b" in shown[0]["text/html"]


def test_a_single_number_needs_no_list_and_no_column(shown):
    tables.show({"gap": 0.5})
    assert shown[0]["text/plain"].split() == ["gap", "0.5"] and "<thead>" not in shown[0]["text/html"]


def test_a_row_of_another_length_is_refused_by_name(shown):
    with pytest.raises(ValueError, match="'real' has 1 cells, and there are 2"):
        tables.show({"floor": (1, 2), "real": (1,)}, ["a", "b"])


def test_a_mean_stands_with_its_lowest_and_highest_value():
    assert tables.mean_and_range([0.3, 0.12345, 0.2]) == "0.208 (0.123 to 0.3)"
    assert tables.mean_and_range([7, 8, 45], digits=2) == "20 (7 to 45)"
    assert tables.mean_and_range([0.25]) == "0.25"
    with pytest.raises(ValueError, match="no values"):
        tables.mean_and_range([])


SETTINGS = {
    "14_attention": ("attention", "seed"), "14_forgetting": ("kind", "rotation", "seed"),
    "14_singular_values": ("arm", "seed"), "15_few_pictures": ("pictures", "policy", "seed"),
}


@pytest.mark.parametrize(("name", "settings"), SETTINGS.items())
def test_a_precomputed_table_has_every_run_once(name, settings):
    runs = tables.read(name)
    keys = [tuple(run[each] for each in settings) for run in runs]
    assert len(set(keys)) == len(keys) and all(run["seconds"] > 0 for run in runs)
    assert all(run["looks"] for run in runs if "looks" in run)
