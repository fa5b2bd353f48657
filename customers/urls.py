"""Pages of customers."""

from django.urls import path

from customers.views import account_bulk, account_fields, accounts, task_acts, tasks, records

app_name = "customers"

urlpatterns = [
    path("accounts/", accounts.account_list, name="account-list"),
    path("accounts/tiles/", accounts.account_tiles, name="account-tiles"),
    path("accounts/export/", accounts.account_export, name="account-export"),
    path("accounts/owner/", account_bulk.accounts_owner, name="accounts-owner"),
    path("accounts/tasks/", account_bulk.accounts_tasks, name="accounts-tasks"),
    path("accounts/tasks/undo/", account_bulk.tasks_undo, name="tasks-undo"),
    path("accounts/undo/", account_fields.account_undo, name="account-undo"),
    path("accounts/<int:pk>/peek/", accounts.account_peek, name="account-peek"),
    path("accounts/<int:pk>/fields/<slug:name>/", account_fields.account_field, name="account-field"),
    path("data/records/", records.record_index, name="record-index"),
    path("data/records/<slug:key>/", records.record_list, name="record-list"),
    path("tasks/", tasks.task_list, name="task-list"),
    path("tasks/new/", tasks.task_create, name="task-create"),
    path("tasks/<int:pk>/", tasks.task, name="task"),
    path("tasks/<int:pk>/completion/", task_acts.completion, name="task-completion"),
    path("tasks/<int:pk>/reopening/", task_acts.reopening, name="task-reopening"),
    path("tasks/<int:pk>/snooze/", task_acts.snooze, name="task-snooze"),
    path("tasks/<int:pk>/waking/", task_acts.waking, name="task-waking"),
    path("tasks/<int:pk>/assignment/", task_acts.assignment, name="task-assignment"),
    path("tasks/<int:pk>/checklist/", task_acts.checklist, name="task-checklist"),
    path("tasks/<int:pk>/comments/", task_acts.remark, name="task-comments"),
]
