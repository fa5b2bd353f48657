"""From text to a checked document: load, shape, what is supported, meaning, conditions. All problems at once."""

from collections.abc import Iterator
from typing import Any

from crm.lib.yaml_marks import DocumentError, Finding, Loaded, Path, Problem, load
from customers.conditions.errors import ConditionError
from customers.conditions.parse import parse
from playbooks.dsl import checks, structure, supported
from playbooks.dsl.document import Document, build, input_values, with_inputs

_ABOUT_KEYS = {"unknown_key", "missing_key", "no_run_here", "not_supported_yet"}


def read(text: str | bytes) -> Document:
    """The document in `text`. Raises DocumentError with every problem, each at its line and column."""
    loaded = load(text)
    found = problems_of(loaded)
    errors = [problem for problem in found if problem.severity == "error"]
    if errors:
        raise DocumentError(errors)
    return build(loaded.data)


def check(text: str | bytes) -> list[Problem]:
    """Every error and warning of `text`, in the order of the text; empty when it is a sound playbook."""
    try:
        return problems_of(load(text))
    except DocumentError as error:
        return error.problems


def problems_of(loaded: Loaded) -> list[Problem]:
    """What is wrong with loaded data. Meaning is looked at only where the shape is sound."""
    found = structure.findings(loaded.data) or list(_meaning(loaded.data))
    return sorted({loaded.locate(finding) for finding in found})


def _meaning(data: dict[str, Any]) -> Iterator[Finding]:
    yield from supported.findings(data)
    yield from checks.findings(data)
    inputs = input_values(data)
    for path, tree, inside_run in checks.conditions(data):
        yield from _condition(tree, path, inputs, inside_run=inside_run)


def _condition(tree: Any, path: Path, inputs: dict[str, Any], *, inside_run: bool) -> Iterator[Finding]:
    refused = list(supported.condition_findings(tree, path))
    if refused:
        yield from refused
        return
    try:
        parse(with_inputs(tree, inputs), run_scope=inside_run)
    except KeyError:
        return
    except ConditionError as error:
        for problem in error.problems:
            on_key = problem.code in _ABOUT_KEYS
            yield Finding((*path, *problem.path), problem.code, problem.message, problem.hint, on_key)
