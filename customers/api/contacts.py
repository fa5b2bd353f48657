"""Contacts: humans at accounts."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.auth import actor_of
from crm.lib.clock import now
from crm.rest import AT, ReadOnlyNoun, checked, instant_of
from customers import audit, people
from customers.api import answers, bodies, rows
from customers.api.traits import JSON_OBJECT, put_traits, traits_answer
from customers.filters import ContactFilters
from customers.rights import require


class Contacts(ReadOnlyNoun):
    """Contacts: humans at one or more accounts."""

    scope = "contacts"
    serializer_class = answers.ContactAnswer
    filterset_class = ContactFilters
    own_params = {"traits": {"at"}, "history": {"cursor", "page_size"}}

    def get_queryset(self) -> QuerySet:
        return rows.contacts(self.request.user)

    def answer(self, pk: int, status: int = 200) -> Response:
        return Response(answers.ContactAnswer(self.get_queryset().get(pk=pk)).data, status=status)

    @extend_schema(request=bodies.ContactBody, responses={201: answers.ContactAnswer})
    def create(self, request: Request) -> Response:
        """Make a contact, with its memberships in accounts."""
        require(request.user, "account.edit")
        values = checked(bodies.ContactBody, request, context={"request": request})
        homes = [(home["account"], home["role"]) for home in values.pop("memberships", [])]
        made = people.new_contact(values, at=now(), actor=actor_of(request), homes=homes)
        return self.answer(made.pk, 201)

    @extend_schema(request=bodies.ContactChange, responses=answers.ContactAnswer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change the fields that are given; each change is kept in the history."""
        require(request.user, "account.edit")
        contact = self.get_object()
        people.change(contact, checked(bodies.ContactChange, request), at=now(), actor=actor_of(request))
        return self.answer(contact.pk)

    @extend_schema(parameters=[AT], responses=answers.TraitsAnswer, filters=False)
    @action(detail=True, pagination_class=None)
    def traits(self, request: Request, pk: int) -> Response:
        """All traits of the contact, now or as they were known at an instant."""
        return traits_answer(self.get_object(), instant_of(request))

    @extend_schema(request=JSON_OBJECT, responses=answers.TraitsAnswer)
    @traits.mapping.put
    def put_traits(self, request: Request, pk: int) -> Response:
        """Set the traits that the body names; null removes one, others stay."""
        require(request.user, "account.edit")
        return put_traits(self.get_object(), request)

    @extend_schema(responses=answers.ChangeAnswer(many=True))
    @action(detail=True)
    def history(self, request: Request, pk: int) -> Response:
        """Every change of the contact's fields and traits, newest first."""
        self.ordering = ("-id",)
        return self.paged(audit.history(self.get_object()), answers.ChangeAnswer)
