"""Why a playbook started or did not start on an account, at any instant: re-judged from history, in one sentence."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from customers.conditions import explain as conditions
from customers.conditions.load import load_facts, load_setting
from customers.heartbeat import Feed, stale_feeds
from customers.models import Account
from playbooks.active import Active, Edge, of_version
from playbooks.models import Decision, Firing, Playbook, PlaybookVersion
from playbooks.reasons import Explained, leaves

ORDER = (
    "playbook_not_active",
    "historical",
    "stale_event",
    "chained",
    "loop",
    "not_in_segment",
    "condition_false",
    "no_event",
    "unknown_data",
    "feed_stale",
    "pending_for",
    "not_rearmed",
    "missed_while_down",
    "once",
    "once_per_period",
    "already_running",
    "cooldown",
    "only_if_false",
    "already_true_since",
)


@dataclass(frozen=True)
class Explanation:
    """The answer for one trigger. `reason` is empty when it started; `segment` and `condition` are explained trees.
    `feed` names the silent feed that keeps it from being judged."""

    playbook: str
    version: int | None
    trigger: str
    at: datetime
    started: bool
    reason: str
    sentence: str
    until: datetime | None = None
    segment: Explained = field(default_factory=dict)
    condition: Explained = field(default_factory=dict)
    firing: Firing | None = None
    feed: str = ""


@dataclass(frozen=True)
class Question:
    """One account at one instant, with what is needed to answer."""

    active: Active
    account: Account
    at: datetime
    segment: Explained
    feeds: dict[str, Feed] = field(default_factory=dict)

    def day(self, instant: datetime) -> str:
        return f"{instant.astimezone(ZoneInfo(self.active.setting.zone)):%-d %B %Y}"

    def moment(self, instant: datetime) -> str:
        return f"{instant.astimezone(ZoneInfo(self.active.setting.zone)):%-d %B %Y %H:%M}"

    def firing(self, trigger: str) -> Firing | None:
        """The last start by this trigger that was judged at or before the instant."""
        found = Firing.objects.filter(account=self.account, playbook=self.active.playbook, trigger=trigger, fired_for__lte=self.at)
        return found.order_by("-fired_for", "-id").first()

    def decision(self, trigger: str) -> Decision | None:
        found = Decision.objects.filter(account=self.account, playbook=self.active.playbook, trigger=trigger, at__lte=self.at)
        return found.order_by("-at", "-id").first()


def explain(playbook: Playbook, account: Account, at: datetime) -> Explanation:
    """Why `playbook` started on `account`, or the reason nearest to a start that kept it from starting, as of `at`."""
    version = version_at(playbook, at)
    if version is None:
        text = f"Did not start: the playbook is {status_at(playbook, at)}."
        return Explanation(playbook.key, None, "", at, started=False, reason="playbook_not_active", sentence=text)
    feeds = stale_feeds(at)
    active = of_version(playbook, version, replace(load_setting(), stale=frozenset(feeds)))
    trees = [active.compiled.segment, *(edge.condition for edge in active.compiled.edges)]
    facts = load_facts({account.pk}, trees, at, setting=active.setting, dates_zone=active.zone)[account.pk]
    told = [conditions.explain(tree, facts, at, dates_zone=active.zone) for tree in trees]
    question = Question(active, account, at, told[0], feeds)
    answers = [about_edge(question, edge, tree) for edge, tree in zip(active.compiled.edges, told[1:], strict=True)]
    answers += [about_event(question, listener.trigger.id, listener.trigger.event) for listener in active.compiled.listeners]
    return max(answers, key=nearness)


def nearness(answer: Explanation) -> tuple[bool, int]:
    """Answers nearer to a start are more telling."""
    return answer.started, ORDER.index(answer.reason) if answer.reason in ORDER else -1


def version_at(playbook: Playbook, at: datetime) -> PlaybookVersion | None:
    """The version that was active at `at`; None when none was."""
    change = playbook.changes.filter(at__lte=at).select_related("version").order_by("-at", "-id").first()
    if change:
        return change.version if change.new == Playbook.Status.ACTIVE else None
    firing = playbook.firings.filter(fired_for__lte=at).select_related("version").order_by("-fired_for").first()
    return firing.version if firing else None


def status_at(playbook: Playbook, at: datetime) -> str:
    change = playbook.changes.filter(at__lte=at).order_by("-at", "-id").first()
    return change.new if change else "not active yet"


def about_edge(question: Question, edge: Edge, condition: Explained) -> Explanation:
    """The answer for an edge trigger."""
    trigger = edge.trigger.id
    firing = question.firing(trigger)
    decision = question.decision(trigger)
    started = bool(firing) and question.day(firing.fired_for) == question.day(question.at)
    reason, until = ("", None) if started else edge_reason(question, condition, firing, decision)
    shown = firing.why.get("sentence", "") if started and firing else clause(question, condition, reason)
    return Explanation(
        question.active.document.key,
        question.active.version.n,
        trigger,
        question.at,
        started,
        reason,
        sentence(question, reason, shown, until, firing),
        until,
        question.segment,
        condition,
        firing,
        ", ".join(feed.name for feed in silent(question)) if reason == "feed_stale" else "",
    )


def edge_reason(question: Question, condition: Explained, firing: Firing | None, decision: Decision | None) -> tuple[str, datetime | None]:
    """The first reason that keeps an edge from starting, and until when."""
    if question.segment["truth"] is False:
        return "not_in_segment", None
    if question.segment["truth"] is None or condition["truth"] is None:
        return unknown(question.segment if question.segment["truth"] is None else condition), None
    told = decision.reason if decision and decision.outcome != Decision.Outcome.STARTED else ""
    if condition["truth"] is False:
        return ("not_rearmed", None) if told == "not_rearmed" else ("condition_false", None)
    if told and told != "not_rearmed":
        return told, decision.until if decision else None
    return "already_true_since", None


def unknown(tree: Explained) -> str:
    """Why a tree is unknown: its feed is silent, or something is not known."""
    is_stale = any(leaf["truth"] is None and leaf.get("cause") == "stale_feed" for leaf in leaves(tree))
    return "feed_stale" if is_stale else "unknown_data"


def silent(question: Question) -> list[Feed]:
    """The silent feeds that the playbook reads, each once."""
    names = question.active.compiled.names & question.feeds.keys()
    return list({question.feeds[name].source_id: question.feeds[name] for name in sorted(names)}.values())


def about_event(question: Question, trigger: str, event: str) -> Explanation:
    """The answer for an event trigger: what became of the last event that it was about."""
    decision, firing = question.decision(trigger), question.firing(trigger)
    started = bool(decision) and decision.outcome == Decision.Outcome.STARTED
    reason = "" if started else event_reason(question, decision)
    shown = firing.why.get("sentence", "") if started and firing else event_clause(question, reason, event, decision)
    until = decision.until if decision else None
    key, n = question.active.document.key, question.active.version.n
    text = sentence(question, reason, shown, until, firing)
    return Explanation(key, n, trigger, question.at, started, reason, text, until, question.segment, {}, firing)


def event_reason(question: Question, decision: Decision | None) -> str:
    if decision:
        return decision.reason
    if question.segment["truth"] is not True:
        return "not_in_segment" if question.segment["truth"] is False else "unknown_data"
    return "no_event"


def event_clause(question: Question, reason: str, event: str, decision: Decision | None) -> str:
    if reason == "no_event":
        return f"no matching {event} has arrived"
    if decision and decision.facts.get("occurred_at"):
        return f"{event} of {question.day(datetime.fromisoformat(decision.facts['occurred_at']))}"
    return clause(question, question.segment, reason)


def clause(question: Question, condition: Explained, reason: str) -> str:
    """The decisive values: of the segment where that decides, else of the condition."""
    outside = reason == "not_in_segment" or (reason in {"unknown_data", "feed_stale"} and question.segment["truth"] is None)
    return conditions.why_sentence(question.segment if outside else condition)


def sentence(question: Question, reason: str, shown: str, until: datetime | None, firing: Firing | None) -> str:
    """One sentence for people, with the day it speaks of."""
    if not reason:
        return f"Started on {question.day(firing.fired_for if firing else question.at)}: {lower(shown)}."
    why = WORDS.get(reason, lambda *_: reason.replace("_", " "))(question, until, firing)
    tail = f" ({lower(shown)})" if why and shown else ""
    return f"Did not start on {question.day(question.at)}: {why or lower(shown)}{tail}."


def lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _until(question: Question, until: datetime | None) -> str:
    return f" until {question.moment(until)}" if until else ""


def _since(question: Question, firing: Firing | None) -> str:
    return f"it holds since it started on {question.day(firing.fired_for)}" if firing else "it held already when the playbook was activated"


def _silent(question: Question) -> str:
    return " and ".join(f"its feed {feed.name} is silent{_heard(question, feed)}" for feed in silent(question))


def _heard(question: Question, feed: Feed) -> str:
    return f" since {question.moment(feed.since)}" if feed.since else ""


Words = Callable[[Question, datetime | None, Firing | None], str]
WORDS: dict[str, Words] = {
    "condition_false": lambda *_: "",
    "no_event": lambda *_: "",
    "not_in_segment": lambda *_: "the account is not one it is for",
    "unknown_data": lambda *_: "something it needs is not known",
    "feed_stale": lambda q, *_: _silent(q),
    "pending_for": lambda q, until, _: f"the condition must hold on{_until(q, until)}",
    "already_true_since": lambda q, _, firing: _since(q, firing),
    "not_rearmed": lambda *_: "it has fallen but is not armed again",
    "once": lambda *_: "it starts once per account, and did",
    "once_per_period": lambda *_: "it started for the same thing or in the same period before",
    "already_running": lambda *_: "a run was still going on",
    "cooldown": lambda q, until, _: f"it rests after its last start{_until(q, until)}",
    "only_if_false": lambda *_: "its guard (only_if) did not hold",
    "stale_event": lambda *_: "the event was too old when it arrived",
    "historical": lambda *_: "the event was loaded as history",
    "chained": lambda *_: "a playbook caused the event itself",
    "loop": lambda *_: "it would have started itself again",
    "missed_while_down": lambda *_: "nobody was looking at that time; it is tried again",
}


def as_json(explanation: Explanation) -> dict[str, Any]:
    """The explanation for the API."""
    firing = explanation.firing
    return {
        "playbook": explanation.playbook,
        "version": explanation.version,
        "trigger": explanation.trigger,
        "at": explanation.at,
        "started": explanation.started,
        "reason": explanation.reason,
        "until": explanation.until,
        "feed": explanation.feed,
        "sentence": explanation.sentence,
        "segment": explanation.segment,
        "condition": explanation.condition or (firing.why.get("conditions", {}) if firing else {}),
        "fired_at": firing.fired_for if firing else None,
    }
