"""`bin/manage playbook check|activate|explain|list|pause|archive`: playbooks from the command line."""

import argparse
import json
import pathlib
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.lib import clock
from crm.lib.refused import Refused
from crm.lib.yaml_marks import DocumentError, Problem
from customers import identifiers
from customers.models import Account
from playbooks import versions
from playbooks.dsl.reading import check
from playbooks.explain import as_json, explain
from playbooks.models import Playbook

ACTOR = {"kind": "system", "name": "command line"}
MARKS = {True: "yes", False: "no", None: "unknown"}


def instant(text: str) -> datetime:
    """An ISO 8601 instant; without an offset it is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO 8601 instant, such as 2026-05-31T08:00:00Z") from problem
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


class Command(BaseCommand):
    help = "Checks, activates, explains, lists, pauses and archives playbooks."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("check", help="Say what is wrong with files.").add_argument("files", nargs="+", metavar="FILE")
        activate = verbs.add_parser("activate", help="Make a file, or the newest version of KEY, the one that runs.")
        activate.add_argument("target", metavar="FILE|KEY")
        activate.add_argument("--at", type=instant, help="From when it runs (ISO 8601). Default: now.")
        tell = verbs.add_parser("explain", help="Say why it started, or did not, on an account.")
        tell.add_argument("key", metavar="KEY")
        tell.add_argument("account", metavar="ACCOUNT", help="Id, or SOURCE:KIND:VALUE.")
        tell.add_argument("--at", type=instant, help="As of this instant (ISO 8601). Default: now.")
        tell.add_argument("--json", action="store_true", help="Print the whole answer as JSON.")
        verbs.add_parser("list", help="Every playbook with its status and version.")
        for name, text in (("pause", "Stop admission and steps."), ("archive", "Start nothing more.")):
            verbs.add_parser(name, help=text).add_argument("key", metavar="KEY")

    def handle(self, *, verb: str, **options: Any) -> None:
        try:
            getattr(self, f"do_{verb}")(**options)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal

    def do_check(self, *, files: list[str], **_: Any) -> None:
        broken = 0
        for name in files:
            problems = check(read_file(name))
            self.show(name, problems)
            broken += any(problem.severity == "error" for problem in problems)
        if broken:
            raise CommandError(f"{broken} of {len(files)} files cannot be used.")

    def show(self, name: str, problems: list[Problem]) -> None:
        for problem in problems:
            self.stdout.write(f"{name}:{problem}")

    def do_activate(self, *, target: str, at: datetime | None, **_: Any) -> None:
        at = at or clock.now()
        try:
            done = activate(target, at)
        except DocumentError as error:
            self.show(target, error.problems)
            raise CommandError("Refused; what ran before goes on.") from error
        new = "new " if done.is_new else ""
        self.stdout.write(f"{done.playbook.key} runs in {new}version {done.version.n}; taken as given: {done.baseline}")

    def do_explain(self, *, key: str, account: str, at: datetime | None, json: bool, **_: Any) -> None:
        answer = explain(find_playbook(key), find_account(account), at or clock.now())
        if json:
            self.stdout.write(to_json(as_json(answer)))
            return
        self.stdout.write(answer.sentence)
        for title, tree in (("for accounts", answer.segment), (f"trigger {answer.trigger}", answer.condition)):
            if tree:
                self.stdout.write(f"{title}:")
                self.show_tree(tree, 1)

    def show_tree(self, tree: dict[str, Any], depth: int) -> None:
        """One line a node: its truth, its sentence, and what was found."""
        why = f" ({tree['why']})" if tree.get("why") else ""
        self.stdout.write(f"{'  ' * depth}{MARKS[tree['truth']]}: {tree['sentence']}{why}")
        for part in tree.get("parts", ()):
            self.show_tree(part, depth + 1)

    def do_list(self, **_: Any) -> None:
        for playbook in Playbook.objects.select_related("active_version").order_by("key"):
            version = f"v{playbook.active_version.n}" if playbook.active_version else "-"
            self.stdout.write(f"{playbook.key:32} {playbook.status:9} {version:5} {playbook.name}")

    def do_pause(self, *, key: str, **_: Any) -> None:
        done = versions.pause(find_playbook(key), at=clock.now(), actor=ACTOR)
        self.stdout.write(f"{done.key} is {done.status}")

    def do_archive(self, *, key: str, **_: Any) -> None:
        done = versions.archive(find_playbook(key), at=clock.now(), actor=ACTOR)
        self.stdout.write(f"{done.key} is {done.status}")


def read_file(name: str) -> bytes:
    try:
        return pathlib.Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error


def activate(target: str, at: datetime) -> versions.Activation:
    """A file, a playbook that is stored, or one that ships with Tenure, in this order."""
    if pathlib.Path(target).is_file():
        return versions.activate(read_file(target), at=at, actor=ACTOR)
    stored = Playbook.objects.filter(key=target).first()
    if stored:
        return versions.resume(stored, at=at, actor=ACTOR)
    shipped = versions.library().get(target)
    if shipped is None:
        raise CommandError(f"There is neither a file nor a playbook {target!r}.")
    return versions.activate(shipped.read_text(), at=at, actor=ACTOR)


def find_playbook(key: str) -> Playbook:
    found = Playbook.objects.filter(key=key).first()
    if found is None:
        raise CommandError(f"There is no playbook {key!r}.")
    return found


def find_account(text: str) -> Account:
    """By id, or by SOURCE:KIND:VALUE."""
    found = Account.objects.filter(pk=int(text)) if text.isdigit() else Account.objects.filter(identifiers.accounts_named(text))
    account = found.order_by("pk").first()
    if account is None:
        raise CommandError(f"There is no account {text!r}.")
    return account


def to_json(answer: dict[str, Any]) -> str:
    return json.dumps(answer, indent=2, default=str, ensure_ascii=False)
