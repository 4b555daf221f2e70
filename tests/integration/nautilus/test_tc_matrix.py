"""The table of test cases in the documentation, held to the tests that there are."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
MATRIX = HERE.parents[2] / "docs" / "test-matrix.md"


def case_names():
    for path in HERE.glob("test_tc_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_tc_"):
                yield node.name


def test_the_matrix_names_exactly_the_tests_that_exist():
    assert set(re.findall(r"`(test_tc_\w+)`", MATRIX.read_text())) == set(case_names())


def test_every_test_is_in_the_row_of_its_case():
    rows = [line for line in MATRIX.read_text().splitlines() if line.startswith("| TC-")]
    for row in rows:
        case = row.split("|")[1].strip().removeprefix("TC-").lower()
        for name in re.findall(r"`(test_tc_\w+)`", row):
            assert case in name.split("_"), f"{name} is in the row of {case}"
