"""Playbooks in the REST API: reading them and their runs, asking why, activating and pausing."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.auth import actor_of
from crm.lib.clock import now
from crm.lib.yaml_marks import DocumentError
from crm.rest import AT, ReadOnlyNoun, checked, instant_of
from customers.models import Account
from customers.rights import require
from playbooks import overview, versions
from playbooks.api import answers
from playbooks.dsl.reading import read
from playbooks.explain import as_json, explain
from playbooks.models import Playbook

ACCOUNT = OpenApiParameter("account", int, required=True, description="Id of the account.")
PAGE = {"cursor", "page_size"}


class Playbooks(ReadOnlyNoun):
    """Playbooks, by their keys."""

    scope = "playbooks"
    serializer_class = answers.PlaybookAnswer
    filterset_fields = ["status"]
    lookup_field = "key"
    lookup_value_converter = "slug"
    own_params = {"runs": PAGE, "explanation": {"account", "at"}}

    def get_queryset(self) -> QuerySet:
        return Playbook.objects.select_related("active_version")

    @extend_schema(responses=answers.PlaybookDetail)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The playbook with the text that runs."""
        return self.whole()

    @extend_schema(responses=answers.RunAnswer(many=True))
    @action(detail=True)
    def runs(self, request: Request, key: str) -> Response:
        """Its runs on the accounts that you may see, newest first, with their steps and the reason of their start."""
        found = overview.runs_of(self.get_object(), request.user).prefetch_related(*overview.with_steps())
        return self.paged(found, answers.RunAnswer)

    @extend_schema(parameters=[ACCOUNT, AT], responses=answers.ExplanationAnswer, filters=False)
    @action(detail=True, pagination_class=None)
    def explanation(self, request: Request, key: str) -> Response:
        """Why it started, or did not, on an account: one sentence and the conditions with their values."""
        account = account_of(request)
        return Response(as_json(explain(self.get_object(), account, instant_of(request) or now())))

    @extend_schema(request=answers.ActivationBody, responses=answers.PlaybookDetail)
    @action(detail=True, methods=["post"], pagination_class=None)
    def activation(self, request: Request, key: str) -> Response:
        """Let the newest version run, or a new text. A text that is not usable is refused with every problem; nothing changes."""
        require(request.user, "playbook.edit")
        playbook, made = self.get_object(), {"at": now(), "actor": actor_of(request), "by": request.user}
        text = checked(answers.ActivationBody, request).get("text")
        if text:
            versions.activate(sound(text, key), **made)
        else:
            versions.resume(playbook, **made)
        return self.whole()

    @extend_schema(request=None, responses=answers.PlaybookDetail)
    @action(detail=True, methods=["post"], pagination_class=None)
    def pause(self, request: Request, key: str) -> Response:
        """Stop admission and steps until it is activated again."""
        require(request.user, "playbook.edit")
        versions.pause(self.get_object(), at=now(), actor=actor_of(request), by=request.user)
        return self.whole()

    def whole(self) -> Response:
        return Response(answers.PlaybookDetail(self.get_object()).data)


def account_of(request: Request) -> Account:
    """The account that the query names. ValidationError for what is no id, Http404 for an account that is hidden or unknown."""
    raw = request.query_params.get("account", "")
    if not (raw.isascii() and raw.isdigit() and len(raw) < 19):
        raise ValidationError({"account": "Give the id of an account."})
    return get_object_or_404(Account.objects.visible_to(request.user), pk=int(raw))


def sound(text: str, key: str) -> str:
    """`text`, when it is a playbook of this key. ValidationError with line and column of every problem otherwise."""
    try:
        document = read(text)
    except DocumentError as error:
        raise ValidationError({"text": [str(problem) for problem in error.problems]}) from error
    if document.key != key:
        raise ValidationError({"text": f"The text is of the playbook {document.key}."})
    return text
