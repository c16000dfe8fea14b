"""YAML documents: YAML 1.2 core types, exact positions, every problem found, nothing raised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillkit import documents


def data(text: str) -> object:
    return documents.parse(text).data


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 0.001), ("no", "no"), ("on", "on"), ("off", "off"), ("0o17", 15), ("0x1F", 31), ("012", 12), ("1_000", "1_000"), ("~", None), ("true", True),
     (".inf", float("inf")), ("-.INF", float("-inf")), ("2026-01-01", "2026-01-01"), ("12:30:00", "12:30:00"), ("'5'", "5"), ("+5", 5), ("1.", 1.0)],
)  # fmt: skip
def test_scalars_have_the_types_of_the_core_schema(text: str, value: object) -> None:
    assert data(f"a: {text}") == {"a": value}


def test_every_value_and_key_knows_its_line_and_column() -> None:
    document = documents.parse("a: 1\nb:\n  - x\n  - {c: yes}\n")
    assert document.position(("b", 1, "c")) == (4, 9)
    assert document.position(("b", 1, "c"), key=True) == (4, 6)
    assert document.position(("b", 7)) == (3, 3)


def test_a_duplicate_key_is_an_error_at_its_second_place() -> None:
    (problem,) = documents.parse("a: 1\na: 2\n").problems
    assert (problem.line, problem.column, problem.code) == (2, 1, "duplicate-key")


@pytest.mark.parametrize(
    "text", ["", "a: [1", "a: &x [*x]", "a: !!python/object:os.system {}", "? [1]: 2", "a: " + "[" * 5000, "\t- b", "a: *nope", "%YAML 9.9", "a: !!binary x"]
)
def test_a_bad_document_is_a_problem_and_never_raises(text: str) -> None:
    assert documents.parse(text).problems


def test_a_document_of_exponential_size_is_refused() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9))
    assert any(problem.code == "endless" for problem in documents.parse(bomb).problems)


@given(st.text(max_size=200))
def test_any_text_parses_to_data_or_problems(text: str) -> None:
    document = documents.parse(text)
    assert document.problems or document.data is not None or document.data is None


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [("20 Hz", "Hz", 20.0), ("5 ms", "s", 0.005), ("2 min", "s", 120.0), (3, "s", 3.0), ("20", "Hz", None), ("20 s", "Hz", None), (True, "s", None)],
)
def test_a_quantity_needs_its_own_unit(value: object, unit: str, expected: float | None) -> None:
    assert documents.quantity(value, unit) == expected


def test_a_file_that_is_nested_too_deeply_is_called_so() -> None:
    document = documents.parse("task: deep\ntree:\n  " + "{invert: " * 4000 + "{wait: 1 s}" + "}" * 4000)
    assert [problem.message for problem in document.problems] == ["nested too deeply to be read"]
