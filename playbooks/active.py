"""The playbooks that run now, with their conditions parsed. Reading only; who may change what runs is versions.py."""

import functools
import json
from dataclasses import dataclass, field

from customers.conditions import nodes
from customers.conditions.facts import Setting
from customers.conditions.parse import parse
from playbooks.dsl.document import Document, EdgeTrigger, EventTrigger, build, canonical
from playbooks.models import Playbook, PlaybookVersion


@dataclass(frozen=True)
class Edge:
    """An edge trigger with its parsed conditions."""

    trigger: EdgeTrigger
    condition: nodes.Node
    rearm_when: nodes.Node | None


@dataclass(frozen=True)
class Listener:
    """An event trigger with its parsed tests on properties."""

    trigger: EventTrigger
    where: tuple[nodes.PropTest, ...]


@dataclass(frozen=True)
class Compiled:
    """A document whose conditions are parsed. Goal and exits are parsed per run, as they may name the run's key."""

    document: Document
    segment: nodes.Node
    edges: tuple[Edge, ...]
    listeners: tuple[Listener, ...]
    only_if: nodes.Node | None
    names: frozenset[str] = field(default_factory=frozenset)
    paths: frozenset[str] = field(default_factory=frozenset)

    def reads(self, names: frozenset[str], paths: frozenset[str]) -> bool:
        """Whether an edge depends on one of these event names or trait paths."""
        return bool(self.edges) and bool(self.names & names or self.paths & paths)


@dataclass(frozen=True)
class Active:
    """A playbook in one of its versions, ready to be judged. `setting` holds for the whole
    installation, `zone` counts the days of the playbook's durations."""

    playbook: Playbook
    version: PlaybookVersion
    compiled: Compiled
    setting: Setting
    zone: str

    @property
    def document(self) -> Document:
        return self.compiled.document


def load_active(setting: Setting) -> list[Active]:
    """Every active playbook by its id. One query."""
    found = Playbook.objects.filter(status=Playbook.Status.ACTIVE).select_related("active_version").order_by("pk")
    return [of_version(playbook, playbook.active_version, setting) for playbook in found]


def of_version(playbook: Playbook, version: PlaybookVersion, setting: Setting) -> Active:
    """`playbook` as `version` has it."""
    compiled = compiled_doc(version.doc)
    own = compiled.document.timezone
    return Active(playbook, version, compiled, setting, setting.zone if own == "installation" else own)


def compiled_doc(doc: dict) -> Compiled:
    """The compiled form of a version's document, remembered by its text."""
    return _compiled(canonical(doc))


@functools.lru_cache(maxsize=256)
def _compiled(text: str) -> Compiled:
    return compile_document(build(json.loads(text)))


def compile_document(document: Document) -> Compiled:
    """`document` with its conditions parsed; they were checked when it was read."""
    segment = parse(document.for_accounts)
    edges = tuple(_edge(trigger) for trigger in document.edges)
    read = [tree for edge in edges for tree in (segment, edge.condition, edge.rearm_when) if tree]
    return Compiled(
        document,
        segment,
        edges,
        tuple(Listener(trigger, _where(trigger)) for trigger in document.events),
        parse(document.only_if) if document.only_if else None,
        frozenset().union(*(nodes.events_of(tree) for tree in read)),
        frozenset().union(*(nodes.paths_of(tree) for tree in read)),
    )


def _edge(trigger: EdgeTrigger) -> Edge:
    return Edge(trigger, parse(trigger.condition), parse(trigger.rearm_when) if trigger.rearm_when else None)


def _where(trigger: EventTrigger) -> tuple[nodes.PropTest, ...]:
    """The trigger's `where`, read by the one parser of conditions."""
    tree = parse({"happened": trigger.event, "window": "24h", **({"where": trigger.where} if trigger.where else {})})
    return tree.of.where
