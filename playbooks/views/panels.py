"""Playbooks as part of an account's page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from crm.lib import clock
from customers.models import Account
from playbooks.overview import runs_on


@require_GET
def account(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
    return render(request, "playbooks/playbook/_panel.html", {"account": one, "runs": runs_on(one, limit=5), "at": clock.now()})
