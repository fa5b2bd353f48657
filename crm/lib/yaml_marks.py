"""YAML text to plain data with a line and column for every node, and the problems found in it with their place.

Knows YAML and its limits, and nothing of playbooks or scorecards. YAML 1.2 core schema: only `true` and `false`
are booleans, dates stay text, there are no merge keys and no tags.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_BYTES = 64 * 1024
MAX_ALIASES = 100
MAX_DEPTH = 40
MAX_NODES = 20_000

Path = tuple[str | int, ...]
Position = tuple[int, int]


@dataclass(frozen=True)
class Finding:
    """A problem at a path of the document, before it is mapped to a line.

    `on_key` says that the key itself is at fault (unknown, unsupported), not its value.
    """

    path: Path
    code: str
    message: str
    hint: str = ""
    on_key: bool = False
    severity: str = "error"


@dataclass(frozen=True, order=True)
class Problem:
    """A problem at a line and column, both counted from 1."""

    line: int
    column: int
    code: str
    message: str
    hint: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        tail = f" ({self.hint})" if self.hint else ""
        return f"{self.line}:{self.column} {self.code} {self.message}{tail}"


class DocumentError(Exception):
    """The text is not a sound document. `problems` holds every reason, in the order of the text."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = sorted(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


def nearest(name: object, known: Iterable[str]) -> str | None:
    """The known name that `name` was probably meant to be, or None."""
    matches = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """The hint for a name that is not known: the nearest one, else the whole list."""
    names = sorted(known)
    match = nearest(name, names)
    return f"did you mean `{match}`?" if match else f"known: {', '.join(names)}"


@dataclass(frozen=True)
class Loaded:
    """The data, and the (line, column) of each key and each value by its path."""

    data: Any
    keys: dict[Path, Position] = field(default_factory=dict)
    values: dict[Path, Position] = field(default_factory=dict)

    def locate(self, finding: Finding) -> Problem:
        """Where in the text `finding` is: its key or value, else the nearest part around it."""
        places = (self.keys, self.values) if finding.on_key else (self.values, self.keys)
        path = finding.path
        while path:
            for place in places:
                if path in place:
                    return _problem(place[path], finding)
            path = path[:-1]
        return _problem(self.values.get((), (1, 1)), finding)


def load(text: str | bytes) -> Loaded:
    """`text` as plain data with positions. Raises DocumentError naming line and column."""
    text = _as_text(text)
    try:
        _check_events(text)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error) from error
    except yaml.YAMLError as error:
        raise DocumentError([Problem(1, 1, "bad_yaml", str(error).splitlines()[0])]) from error
    if node is None:
        raise DocumentError([Problem(1, 1, "empty_document", "the document is empty")])
    return _Builder().build(node)


class _Loader(yaml.SafeLoader):
    """A safe loader whose plain scalars follow the YAML 1.2 core schema."""

    yaml_implicit_resolvers: dict[str, Any] = {}


_NULL, _BOOL, _INT, _FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))
_CORE = (
    (_NULL, r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    (_BOOL, r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    (_INT, r"^[-+]?[0-9]{1,18}$", list("-+0123456789")),
    (_FLOAT, r"^[-+]?(?:\.[0-9]{1,18}|[0-9]{1,18}(?:\.[0-9]{0,18})?)(?:[eE][-+]?[0-9]{1,2})?$", list("-+.0123456789")),
)
for _tag, _pattern, _first in _CORE:
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)

_READ = {
    _NULL: lambda text: None,
    _BOOL: lambda text: text.lower() == "true",
    _INT: int,
    _FLOAT: float,
}


def _as_text(text: str | bytes) -> str:
    size = len(text if isinstance(text, bytes) else text.encode())
    if size > MAX_BYTES:
        message = f"the document has {size} bytes, at most {MAX_BYTES} are allowed"
        raise DocumentError([Problem(1, 1, "too_large", message)])
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError([Problem(1, 1, "bad_encoding", f"not UTF-8: {error.reason}")]) from error


def _check_events(text: str) -> None:
    """Refuse what must not reach the composer: too many aliases, too deep, tags, several documents."""
    aliases = depth = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        aliases += isinstance(event, yaml.AliasEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        _check_event(event, aliases, depth, documents)


def _check_event(event: yaml.Event, aliases: int, depth: int, documents: int) -> None:
    if aliases > MAX_ALIASES:
        raise _refusal(event, "too_many_aliases", f"more than {MAX_ALIASES} aliases")
    if depth > MAX_DEPTH:
        raise _refusal(event, "too_deep", f"nested deeper than {MAX_DEPTH} levels")
    if documents > 1:
        raise _refusal(event, "several_documents", "a file holds one document")
    if getattr(event, "tag", None) not in (None, "!"):
        raise _refusal(event, "tag_not_allowed", f"tags such as {event.tag} are not allowed")


def _refusal(event: yaml.Event, code: str, message: str) -> DocumentError:
    mark = event.start_mark
    return DocumentError([Problem(mark.line + 1, mark.column + 1, code, message)])


def _syntax_error(error: yaml.MarkedYAMLError) -> DocumentError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    hint = error.context or ""
    return DocumentError([Problem(line, column, "bad_yaml", error.problem or "not YAML", hint)])


def _problem(position: Position, finding: Finding) -> Problem:
    return Problem(*position, finding.code, finding.message, finding.hint, finding.severity)


class _Builder:
    """Turns the node graph into plain data, expanding aliases under a limit."""

    def __init__(self) -> None:
        self.keys: dict[Path, Position] = {}
        self.values: dict[Path, Position] = {}
        self.problems: list[Problem] = []
        self.open: set[int] = set()

    def build(self, node: Node) -> Loaded:
        data = self.value(node, ())
        if self.problems:
            raise DocumentError(self.problems)
        return Loaded(data, self.keys, self.values)

    def value(self, node: Node, path: Path) -> Any:
        self.values[path] = _position(node)
        if len(self.values) > MAX_NODES:
            raise DocumentError([Problem(*_position(node), "too_large", "the aliases expand to too many nodes")])
        if isinstance(node, ScalarNode):
            return self.scalar(node)
        if id(node) in self.open:
            raise DocumentError([Problem(*_position(node), "endless_alias", "an alias contains itself")])
        self.open.add(id(node))
        result = self.mapping(node, path) if isinstance(node, MappingNode) else self.sequence(node, path)
        self.open.discard(id(node))
        return result

    def scalar(self, node: ScalarNode) -> Any:
        return _READ.get(node.tag, str)(node.value)

    def sequence(self, node: SequenceNode, path: Path) -> list[Any]:
        return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]

    def mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.key(key_node)
            if key in result:
                self.complain(key_node, "duplicate_key", f"`{key}` is given twice")
                continue
            self.keys[(*path, key)] = _position(key_node)
            result[key] = self.value(value_node, (*path, key))
        return result

    def key(self, node: Node) -> str:
        if not isinstance(node, ScalarNode):
            self.complain(node, "bad_key", "a key must be plain text")
            return f"?{len(self.problems)}"
        return node.value

    def complain(self, node: Node, code: str, message: str) -> None:
        self.problems.append(Problem(*_position(node), code, message))


def _position(node: Node) -> Position:
    return node.start_mark.line + 1, node.start_mark.column + 1
