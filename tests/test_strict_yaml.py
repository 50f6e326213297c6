"""YAML files: values as in YAML 1.2, no key twice, every complaint with its line."""
import pytest

from gan_course.lessons import strict_yaml


def load(tmp_path, text):
    file = tmp_path / "file.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return strict_yaml.load(file)


@pytest.mark.parametrize("text, value", [
    ("1e-3", 0.001), ("1E3", 1000.0), ("-2.5e-4", -0.00025), ("1.", 1.0), (".5", 0.5), ("+3", 3), ("1_000", 1000), ("0", 0),
    ("03", "03"), ("no", "no"), ("12:30", "12:30"), ("'1e-3'", "1e-3"), ("true", True), ("~", None), ("", None), (".inf", ".inf"),
])
def test_values_are_what_they_look_like(tmp_path, text, value):
    content, _ = load(tmp_path, f"x: {text}")
    assert content == {"x": value} and type(content["x"]) is type(value)


def test_the_line_of_a_place_is_that_of_the_nearest_thing_there_is(tmp_path):
    _, node = load(tmp_path, "# a comment\na:\n  - x\n  - y: 1\n    z: 2\nb: 3\n")
    places = [(), ("a",), ("a", 0), ("a", 1, "y"), ("a", 1, "kind", "z"), ("a", 1, "w"), ("b",), ("c",)]
    assert [strict_yaml.line(node, where) for where in places] == [2, 2, 3, 4, 5, 4, 6, 2]
    assert strict_yaml.line(None, ("a",)) == 1 and load(tmp_path, "") == (None, None)


@pytest.mark.parametrize("text, said", [
    ("a: 1\nb: 2\na: 3", "file.yaml, line 3: the key a is written twice."),
    ("a: [1,\nb: 2\n", "file.yaml, line 3: expected"),
    ("? [a]\n: 1", "file.yaml, line 1: a key has to be one word."),
    ("a: !!python/name:os.system x", "file.yaml, line 1: could not determine a constructor"),
    ("a: 1\nb: !!int abc", "file.yaml, line 2: 'abc' cannot be read as !!int."),
    ("a: !!bool maybe", "line 1: 'maybe' cannot be read as !!bool."), ("a: !!timestamp x", "line 1: 'x' cannot be read as !!timestamp."),
    (b"\xff\xfe\x00", "file.yaml is not a text file in YAML"), (b"a: \x00", "file.yaml is not a text file in YAML"),
])
def test_what_is_no_such_file_is_refused(tmp_path, text, said):
    with pytest.raises(ValueError) as refused:
        load(tmp_path, text)
    assert said in str(refused.value)
