"""Fields that several bodies share: references to records, and text that a column can hold."""

from typing import Any

from django.db.models import Model
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

from crm.models import User
from customers.identifiers import Alias
from customers.models import Account, Contact

BIGGEST = 2**63 - 1


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": BIGGEST})
class RecordField(s.Field):
    """The id of a record that the caller may see; gives the record. A hidden one is as unknown as one that does not exist."""

    def __init__(self, model: type[Model], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model = model

    def to_internal_value(self, data: Any) -> Model:
        pk = s.IntegerField(min_value=1, max_value=BIGGEST).run_validation(data)
        found = self.rows().filter(pk=pk).first()
        if found is None:
            raise s.ValidationError(f"There is no {self.model._meta.verbose_name} {pk}, or you may not see it.", code="not_found")
        return found

    def rows(self) -> Any:
        if self.model is User:
            return User.objects.filter(is_active=True)
        return self.model.objects.visible_to(self.context["request"].user)


def account(**kwargs: Any) -> RecordField:
    return RecordField(Account, help_text="Id of the account.", **kwargs)


def contact(**kwargs: Any) -> RecordField:
    return RecordField(Contact, help_text="Id of the contact.", **kwargs)


def person(**kwargs: Any) -> RecordField:
    return RecordField(User, help_text="User id.", **kwargs)


class AliasBody(s.Serializer):
    """A name of a record from a source; without `source`, a kind that means the same everywhere (email, domain)."""

    source = s.CharField(max_length=63, allow_blank=True, default="", help_text="Key of the source; empty or * for all.")
    kind = s.CharField(max_length=60)
    value = s.CharField(max_length=500, trim_whitespace=False)


REFERENCE = {
    "oneOf": [
        {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer", "minimum": 1}}, "additionalProperties": False},
        {
            "type": "object",
            "required": ["kind", "value"],
            "properties": {"source": {"type": "string"}, "kind": {"type": "string"}, "value": {"type": "string"}},
            "additionalProperties": False,
        },
    ]
}


@extend_schema_field(REFERENCE)
class ReferenceField(s.Field):
    """{"id": 12} or {"source": "product", "kind": "group_id", "value": "acme"}. Gives an id or an Alias; looked up later, all at once."""

    default_error_messages = {"shape": 'Give an object with "id", or with "source", "kind" and "value".'}

    def to_internal_value(self, data: Any) -> int | Alias:
        if not isinstance(data, dict):
            self.fail("shape")
        if set(data) == {"id"}:
            return s.IntegerField(min_value=1, max_value=BIGGEST).run_validation(data["id"])
        if not {"kind", "value"} <= set(data) <= {"source", "kind", "value"}:
            self.fail("shape")
        form = AliasBody(data=data)
        form.is_valid(raise_exception=True)
        return Alias(**form.validated_data)

    def to_representation(self, value: Any) -> Any:
        return value
