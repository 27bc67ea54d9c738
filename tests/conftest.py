"""What all fast tests share."""

import pytest
from hypothesis import settings

# The same examples in every run; ``--hypothesis-profile=default`` tries other ones.
settings.register_profile("same", database=None, deadline=None, derandomize=True)
settings.load_profile("same")


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the expected files of tests/golden and tests/errors anew",
    )


@pytest.fixture
def update_golden(request):
    return request.config.getoption("--update-golden")
