"""Tasks: to-dos for people, and what is done with them. Each verb is a resource under the task."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.lib.clock import now
from crm.rest import ReadOnlyNoun, checked, require_unchanged, tagged
from customers import inbox
from customers.api import answers, bodies, rows
from customers.filters import TaskFilters
from customers.models import Task
from customers.rights import require


class Tasks(ReadOnlyNoun):
    """Tasks: to-dos for people, each with the reason why it exists."""

    scope = "tasks"
    serializer_class = answers.TaskAnswer
    filterset_class = TaskFilters

    def get_queryset(self) -> QuerySet:
        return rows.tasks(self.request.user)

    def answer(self, task: Task, status: int = 200) -> Response:
        return Response(answers.TaskAnswer(task).data, status=status)

    def work_on(self, verb: str = "task.work") -> Task:
        """The task, when the caller may do `verb` and it is as the caller read it (If-Match)."""
        require(self.request.user, verb)
        task = self.get_object()
        require_unchanged(self.request, answers.TaskAnswer(task).data)
        return task

    @extend_schema(responses={200: answers.TaskAnswer, 304: None})
    def retrieve(self, request: Request, pk: int) -> Response:
        """A task, with an ETag for If-None-Match and If-Match."""
        return tagged(request, answers.TaskAnswer(self.get_object()).data)

    @extend_schema(request=bodies.TaskBody, responses={201: answers.TaskAnswer})
    def create(self, request: Request) -> Response:
        """Make a task; without `assignee` the account's owner gets it."""
        require(request.user, "task.work")
        values = checked(bodies.TaskBody, request, context={"request": request})
        return self.answer(inbox.create_task(**values, by=request.user, at=now()), 201)

    @extend_schema(request=bodies.CompletionBody, responses=answers.TaskAnswer)
    @action(detail=True, methods=["post"])
    def completion(self, request: Request, pk: int) -> Response:
        """Close the task with what came of it. 409 when it is closed already."""
        task, values = self.work_on(), checked(bodies.CompletionBody, request)
        return self.answer(inbox.complete(task, **values, by=request.user, at=now()))

    @extend_schema(request=None, responses=answers.TaskAnswer)
    @action(detail=True, methods=["post"])
    def reopening(self, request: Request, pk: int) -> Response:
        """Undo the closing, or end the snooze. An open task stays as it is."""
        task = self.work_on()
        verb = inbox.wake if task.status == Task.Status.SNOOZED else inbox.reopen
        return self.answer(verb(task, by=request.user, at=now()))

    @extend_schema(request=bodies.SnoozeBody, responses=answers.TaskAnswer)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, pk: int) -> Response:
        """Hide the task until an instant, with a reason."""
        task, values = self.work_on(), checked(bodies.SnoozeBody, request)
        return self.answer(inbox.snooze(task, **values, by=request.user, at=now()))

    @extend_schema(request=bodies.AssigneeBody, responses=answers.TaskAnswer)
    @action(detail=True, methods=["post"])
    def assignment(self, request: Request, pk: int) -> Response:
        """Give the task to somebody."""
        task = self.work_on("task.assign")
        to = checked(bodies.AssigneeBody, request, context={"request": request})["assignee"]
        return self.answer(inbox.assign(task, to=to, by=request.user, at=now()))
