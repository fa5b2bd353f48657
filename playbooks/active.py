"""The playbooks that run now, with their conditions parsed. Reading only; who may change what runs is versions.py."""

import functools
import json
import logging
from dataclasses import dataclass, field

from customers.conditions import nodes
from customers.conditions.facts import Setting
from customers.conditions.parse import parse
from playbooks.dsl.document import Document, EdgeTrigger, EventTrigger, build, canonical
from playbooks.models import Playbook, PlaybookVersion

log = logging.getLogger(__name__)


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
    """Every active playbook by its id. One whose document can no longer be read keeps its error and is left out. One query."""
    found = Playbook.objects.filter(status=Playbook.Status.ACTIVE).select_related("active_version").order_by("pk")
    return [active for playbook in found if (active := readable(playbook, setting))]


def readable(playbook: Playbook, setting: Setting) -> Active | None:
    """The playbook in its active version, None with the error noted when that cannot be read."""
    try:
        return of_version(playbook, playbook.active_version, setting)
    except Exception as error:
        log.exception("playbook %s cannot be read", playbook.key)
        note_failure(playbook, error)
        return None


def note_failure(playbook: Playbook, error: Exception) -> int:
    """Keep the error on the playbook, for people to see. Returns how often it failed in a row."""
    playbook.failures = min(playbook.failures + 1, 1000)
    playbook.error = f"{type(error).__name__}: {error}"[:2000]
    playbook.save(update_fields=["failures", "error"])
    return playbook.failures


def clear_failure(playbook: Playbook) -> None:
    """It could be judged again."""
    if playbook.failures:
        playbook.failures, playbook.error = 0, ""
        playbook.save(update_fields=["failures", "error"])


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
