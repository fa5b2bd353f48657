"""The form of a task, for one account or for several."""

from datetime import datetime, time
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest

from customers.models import Task
from customers.views.account_fields import staff

END_OF_WORK = time(17)


class TaskForm(forms.Form):
    """`key` makes a form that is sent twice do its work once."""

    title = forms.CharField(max_length=300, label="What is to do", widget=forms.TextInput(attrs={"autocomplete": "off", "data-focus": ""}))
    due = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    assignee = forms.ModelChoiceField(staff(), required=False, empty_label="Owner of the account", label="Who")
    priority = forms.ChoiceField(choices=Task.Priority.choices, initial=Task.Priority.NORMAL, required=False)
    body = forms.CharField(required=False, max_length=10_000, label="Details", widget=forms.Textarea(attrs={"rows": 2}))
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, required=False)

    def values(self, request: HttpRequest) -> dict[str, Any]:
        """What `inbox.create_task` takes. A day is due at five o'clock in the zone of the person who says so."""
        cleaned = self.cleaned_data
        due = cleaned["due"] and datetime.combine(cleaned["due"], END_OF_WORK, ZoneInfo(request.user.zone))
        kept = {"title": cleaned["title"], "body": cleaned["body"], "assignee": cleaned["assignee"], "due_at": due}
        return {**kept, "priority": cleaned["priority"] or Task.Priority.NORMAL}

    def key_for(self, account_id: int) -> str | None:
        key = self.cleaned_data["key"]
        return f"form {key.hex} {account_id}" if key else None
