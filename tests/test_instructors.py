"""What the page for instructors tells them to write is understood."""
import re

import pytest

from gan_course.lessons import catalogue
from gan_course.paths import ROOT
from gan_course.teaching import parameter_cell
from gan_course.teaching.batch import manifest
from gan_course.teaching.classroom import variants

BLOCKS = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "instructors.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_file_on_the_page_can_be_read(block, tmp_path):
    file = tmp_path / "file.yaml"
    file.write_text(block, encoding="utf-8")
    if block.startswith("notebooks"):
        assert manifest.read(file)
    else:
        assert variants.read_ranges(file, parameter_cell.parameters(catalogue.find("deeper/03_settings").path))
