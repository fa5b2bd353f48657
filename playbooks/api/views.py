"""Playbooks in the REST API: reading them and their runs, asking why, activating and pausing."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.auth import actor_of
from crm.lib import clock
from crm.lib.yaml_marks import DocumentError
from customers import rights
from customers.models import Account
from playbooks import overview, versions
from playbooks.api import answers
from playbooks.dsl.reading import read
from playbooks.explain import as_json, explain
from playbooks.models import Playbook


class PlaybookViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Playbooks by their key."""

    scope = "playbooks"
    queryset = Playbook.objects.select_related("active_version")
    serializer_class = answers.PlaybookAnswer
    filterset_fields = ["status"]
    lookup_field = "key"
    lookup_value_converter = "slug"
    ordering = "-id"

    @extend_schema(responses=answers.PlaybookDetail)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(answers.PlaybookDetail(self.get_object()).data)

    @extend_schema(responses=answers.RunAnswer(many=True))
    @action(detail=True, filterset_fields=[])
    def runs(self, request: Request, key: str) -> Response:
        """The playbook's runs on the accounts that you may see, newest first."""
        found = overview.runs_of(self.playbook(), request.user).prefetch_related(*overview.with_steps())
        page = self.paginate_queryset(found)
        return self.get_paginated_response(answers.RunAnswer(page, many=True).data)

    @extend_schema(parameters=[answers.ExplanationParams], responses=answers.ExplanationAnswer)
    @action(detail=True, filterset_fields=[])
    def explanation(self, request: Request, key: str) -> Response:
        """Why it started, or did not, on an account."""
        params = answers.ExplanationParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        account = get_object_or_404(Account.objects.visible_to(request.user), pk=params.validated_data["account"])
        return Response(as_json(explain(self.playbook(), account, params.validated_data.get("at") or clock.now())))

    @extend_schema(request=answers.ActivationBody, responses=answers.PlaybookDetail)
    @action(detail=True, methods=["post"])
    def activation(self, request: Request, key: str) -> Response:
        """Let the newest version run, or a new text. A text that cannot be used is refused with every problem; nothing changes."""
        rights.require(request.user, "playbook.edit")
        body = answers.ActivationBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = {"at": clock.now(), "actor": actor_of(request), "by": request.user}
        text = body.validated_data.get("text")
        done = versions.activate(checked(text, key), **made) if text else versions.resume(self.playbook(), **made)
        return Response(answers.PlaybookDetail(done.playbook).data)

    @extend_schema(request=None, responses=answers.PlaybookAnswer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, key: str) -> Response:
        """Stop admission and steps until it is activated again."""
        rights.require(request.user, "playbook.edit")
        done = versions.pause(self.playbook(), at=clock.now(), actor=actor_of(request), by=request.user)
        return Response(answers.PlaybookAnswer(done).data)

    def playbook(self) -> Playbook:
        return get_object_or_404(Playbook.objects.select_related("active_version"), key=self.kwargs["key"])


def checked(text: str, key: str) -> str:
    """`text`, when it is a sound playbook of this key. ValidationError with line and column of every problem otherwise."""
    try:
        document = read(text)
    except DocumentError as error:
        raise ValidationError({"text": [str(problem) for problem in error.problems]}) from error
    if document.key != key:
        raise ValidationError({"text": f"The text is of the playbook {document.key}."})
    return text
