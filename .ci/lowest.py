"""Print the lowest versions that pyproject.toml allows, as constraints for pip.

Those of packages that nbsnake itself needs; what these need in turn is the newest that fits.
"""

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"

for dependency in tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]:
    name, lowest = re.match(r"([\w.-]+)>=([\d.]+)", dependency).groups()
    print(f"{name}=={lowest}")
