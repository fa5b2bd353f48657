"""Accounts, and what is known about one: traits, timeline, score, events, history."""

from types import SimpleNamespace
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.auth import actor_of
from crm.lib.clock import now
from crm.rest import AT, ReadOnlyNoun, checked, instant_of, require_unchanged, tagged
from customers import audit, health, people
from customers.api import answers, bodies, rows
from customers.api.timeline import OF_TIMELINE, timeline_answer, write
from customers.api.traits import JSON_OBJECT, put_traits, traits_answer
from customers.filters import AccountFilters
from customers.identifiers import Alias
from customers.models import Event
from customers.rights import require

PAGE = {"cursor", "page_size"}


def unscored(account_id: int) -> SimpleNamespace:
    """What stands for the score of an account that was not scored yet."""
    empty = {"score": None, "day": None, "at": None, "version": None, "change": None}
    return SimpleNamespace(account_id=account_id, band="unknown", coverage="0 of 0", factors=[], **empty)


class Accounts(ReadOnlyNoun):
    """Accounts: paying companies."""

    scope = "accounts"
    serializer_class = answers.AccountAnswer
    filterset_class = AccountFilters
    own_params = {"traits": {"at"}, "score": {"at"}, "timeline": {p.name for p in OF_TIMELINE}, "events": PAGE, "history": PAGE}

    def get_queryset(self) -> QuerySet:
        return rows.accounts(self.request.user)

    def paginate_queryset(self, queryset: QuerySet) -> Any:
        return rows.with_tags(super().paginate_queryset(queryset))

    def get_object(self) -> Any:
        return rows.with_tags([super().get_object()])[0]

    def answer(self, pk: int, status: int = 200) -> Response:
        """The account as it stands now."""
        return Response(answers.AccountAnswer(rows.one(self.get_queryset(), pk, rows.with_tags)).data, status=status)

    @extend_schema(responses={200: answers.AccountAnswer, 304: None})
    def retrieve(self, request: Request, pk: int) -> Response:
        """An account, with an ETag for If-None-Match and If-Match."""
        return tagged(request, answers.AccountAnswer(self.get_object()).data)

    @extend_schema(request=bodies.AccountBody, responses={201: answers.AccountAnswer})
    def create(self, request: Request) -> Response:
        """Make an account, with traits and identifiers when given."""
        require(request.user, "account.edit")
        values = checked(bodies.AccountBody, request, context={"request": request})
        traits, aliases = values.pop("traits", None), [Alias(**alias) for alias in values.pop("identifiers", [])]
        made = people.new_account(values, at=now(), actor=actor_of(request), traits=traits, aliases=aliases)
        return self.answer(made.pk, 201)

    @extend_schema(request=bodies.AccountChange, responses=answers.AccountAnswer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change the fields that are given; each change is kept in the history."""
        require(request.user, "account.edit")
        account = self.get_object()
        require_unchanged(request, answers.AccountAnswer(account).data)
        people.change(account, checked(bodies.AccountChange, request, context={"request": request}), at=now(), actor=actor_of(request))
        return self.answer(account.pk)

    @extend_schema(parameters=[AT], responses=answers.TraitsAnswer, filters=False)
    @action(detail=True, pagination_class=None)
    def traits(self, request: Request, pk: int) -> Response:
        """All traits of the account, now or as they were known at an instant."""
        return traits_answer(super().get_object(), instant_of(request))

    @extend_schema(request=JSON_OBJECT, responses=answers.TraitsAnswer)
    @traits.mapping.put
    def put_traits(self, request: Request, pk: int) -> Response:
        """Set the traits that the body names, `{"seats_used": 12}`; null removes one, others stay."""
        require(request.user, "account.edit")
        return put_traits(super().get_object(), request)

    @extend_schema(parameters=OF_TIMELINE, responses=answers.TimelineItems, filters=False)
    @action(detail=True, pagination_class=None)
    def timeline(self, request: Request, pk: int) -> Response:
        """The relationship history of the account, newest first: entries, and one line a day for all other events."""
        return timeline_answer(super().get_object(), request)

    @extend_schema(request=bodies.NoteBody, responses={201: answers.WrittenAnswer})
    @timeline.mapping.post
    def write(self, request: Request, pk: int) -> Response:
        """Write a note, call, meeting or mail on the timeline."""
        require(request.user, "timeline.write")
        return write(super().get_object(), request)

    @extend_schema(parameters=[AT], responses=answers.ScoreAnswer, filters=False)
    @action(detail=True, pagination_class=None)
    def score(self, request: Request, pk: int) -> Response:
        """The score and why: points of each factor, and of each cause of its change in 30 days."""
        account, at = super().get_object(), instant_of(request) or now()
        found = health.why(account, at=at)
        return Response(answers.ScoreAnswer(found or unscored(account.pk)).data)

    @extend_schema(responses=answers.EventAnswer(many=True))
    @action(detail=True)
    def events(self, request: Request, pk: int) -> Response:
        """Events of the account, newest first."""
        self.ordering = ("-occurred_at", "-id")
        return self.paged(Event.objects.filter(account_id=super().get_object().pk), answers.EventAnswer)

    @extend_schema(responses=answers.ChangeAnswer(many=True))
    @action(detail=True)
    def history(self, request: Request, pk: int) -> Response:
        """Every change of the account's fields and traits, newest first: who, when, from what to what."""
        self.ordering = ("-id",)
        return self.paged(audit.history(super().get_object()), answers.ChangeAnswer)
