"""Who may do what: one table, role × verb. Which records a person sees is `visible_to(user)` on each queryset."""

from django.core.exceptions import PermissionDenied

from crm.models import User

EVERYBODY = frozenset({"csm", "manager", "ops", "finance", "admin"})
TABLE: dict[str, frozenset[str]] = {
    "account.edit": EVERYBODY,
    "timeline.write": EVERYBODY,
    "task.work": EVERYBODY,
    "task.assign": EVERYBODY,
    "source.edit": frozenset({"ops", "admin"}),
    "quarantine.replay": frozenset({"ops", "admin"}),
    "scorecard.edit": frozenset({"ops", "admin"}),
    "playbook.edit": frozenset({"ops", "admin"}),
    "billing.edit": frozenset({"finance", "ops", "admin"}),
    "credit.grant": frozenset({"finance", "manager", "admin"}),
}


def can(user: User, verb: str) -> bool:
    """Whether the person's role allows the verb. Administrators (superusers) may all. KeyError for a verb that is not in the table."""
    return user.is_superuser or user.role in TABLE[verb]


def require(user: User, verb: str) -> None:
    """Raises PermissionDenied (403) naming who can."""
    if not can(user, verb):
        raise PermissionDenied(f"Your role may not do this. Ask somebody with the role {' or '.join(sorted(TABLE[verb]))}.")
