"""Tasks as an account's page shows them: the open ones, and a form for another. What is done to a task is customers.views.task_acts."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from crm.lib import clock, htmx
from customers import inbox
from customers.rights import require
from customers.views.access import account_or_404
from customers.views.account_page import open_tasks
from customers.views.saying import changed, undo_url
from customers.views.task_form import TaskForm

LIST = "customers/account/tasks.html", "customers/account/_tasks.html"
FORM = "customers/account/task_form.html", "customers/account/_task_form.html"


@require_safe
def account_tasks(request: HttpRequest, pk: int) -> HttpResponse:
    """The open tasks of an account."""
    account = account_or_404(request, pk)
    return htmx.render(request, *LIST, {"account": account, "at": clock.now(), **open_tasks(account)})


@require_http_methods(["GET", "POST"])
def account_task_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a task; sent twice, it is made once. `?title=` fills it in, as from an entry of the timeline."""
    account = account_or_404(request, pk)
    require(request.user, "task.work")
    form = TaskForm(request.POST or None, initial={"title": request.GET.get("title", "")[:300]})
    if not form.is_valid():
        context = {"account": account, "form": form, "at": clock.now()}
        return htmx.render(request, *FORM, context, status=422 if form.is_bound else 200)
    key = form.key_for(account.pk)
    task = inbox.create_task(account=account, at=clock.now(), by=request.user, effect_key=key, **form.values(request))
    response = htmx.trigger(changed(request, account.get_absolute_url(), "tasks-changed"), "close-dialog")
    undo = undo_url("customers:tasks-undo", request.user, [task.pk])
    return htmx.toast(request, response, f"Task added for {task.assignee.name if task.assignee else 'nobody yet'}.", undo=undo)
