"""The table of test cases in the documentation, held to the tests that there are."""

import re
from pathlib import Path

HERE = Path(__file__).parent
MATRIX = HERE.parents[2] / "docs" / "test-matrix.md"

# The numbers of the platform's cases (spec_data_testing.md, spec_exec_testing.md), group by group.
DATA_CASES = (1, 2, 3, *range(10, 16), 20, 21, 30, 31, 40, 41, *range(50, 54), *range(60, 64))
DATA_CASES += tuple(range(70, 74))
EXEC_CASES = (*range(1, 7), *range(10, 20), *range(20, 28), *range(30, 37), *range(40, 45))
EXEC_CASES += (*range(50, 54), *range(60, 64), *range(70, 79), *range(80, 90))
EXEC_CASES += (90, 91, 92, 94, 96, 99, 100, 101)
CASES = [f"TC-D{number:02}" for number in DATA_CASES]
CASES += [f"TC-E{number:02}" for number in EXEC_CASES]


def case_names():
    for path in HERE.parent.rglob("test_*.py"):
        yield from re.findall(r"^async def (test_tc_\w+)\(", path.read_text(), re.MULTILINE)


def test_the_matrix_names_exactly_the_tests_that_exist():
    assert set(re.findall(r"`(test_tc_\w+)`", MATRIX.read_text())) == set(case_names())


def rows():
    return [line for line in MATRIX.read_text().splitlines() if line.startswith("| TC-")]


def cells(row):
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_every_case_of_the_specifications_has_one_row_in_their_order():
    assert [cells(row)[0] for row in rows()] == CASES


def test_a_row_without_a_test_says_why():
    for row in rows():
        case, shown, tests, state = cells(row)
        assert (state == "PASS") == bool(tests), case
        assert tests or "not supported by Paradex" in shown or state.startswith("Not "), case


def test_every_test_is_in_the_row_of_its_case():
    for row in rows():
        case = row.split("|")[1].strip().removeprefix("TC-").lower()
        for name in re.findall(r"`(test_tc_\w+)`", row):
            assert case in name.split("_"), f"{name} is in the row of {case}"
