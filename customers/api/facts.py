"""Lists of what is written once and only read here: the timeline of all accounts, and scores by day."""

from django.db.models import QuerySet
from rest_framework.mixins import ListModelMixin

from crm.rest import Noun
from customers.api import answers
from customers.filters import EntryFilters, ScoreFilters
from customers.models import Score, TimelineEntry
from customers.visibility import of_seen


class Timeline(ListModelMixin, Noun):
    """Entries of the timeline of all accounts, newest first. Events that fold are not listed here; see an account's timeline."""

    scope = "timeline"
    serializer_class = answers.EntryAnswer
    filterset_class = EntryFilters
    ordering = ("-at", "-id")

    def get_queryset(self) -> QuerySet:
        return of_seen(TimelineEntry.objects.all(), self.request.user)


class Scores(ListModelMixin, Noun):
    """Scores by day, newest first. An account's /score/ gives the factors."""

    scope = "scores"
    serializer_class = answers.ScoreRow
    filterset_class = ScoreFilters
    ordering = ("-day", "-account_id")

    def get_queryset(self) -> QuerySet:
        return of_seen(Score.objects.defer("points"), self.request.user)
