"""What the API answers about playbooks."""

from rest_framework import serializers as s

from crm.lib.lean import Lean
from crm.rest import Write


class PlaybookAnswer(Lean):
    """A playbook under its key."""

    key = s.CharField()
    name = s.CharField()
    description = s.CharField()
    status = s.CharField(help_text="draft, active, paused or archived.")
    version = s.IntegerField(source="active_version.n", allow_null=True, help_text="Number of the version that runs.")
    activated_at = s.DateTimeField(allow_null=True, help_text="Since when it runs without a break.")
    error = s.CharField(help_text="Why it could not be judged the last time; empty when it could.")


class PlaybookDetail(PlaybookAnswer):
    """A playbook with the text that runs."""

    text = s.CharField(source="active_version.text", allow_null=True, help_text="The YAML of the version that runs.")
    trigger_hash = s.CharField(source="active_version.trigger_hash", allow_null=True)


class StepAnswer(Lean):
    id = s.CharField(source="path", help_text="Id of the step in the text.")
    kind = s.CharField()
    status = s.CharField(help_text="waiting, done, skipped or failed.")
    result = s.CharField()
    detail = s.DictField()
    started_at = s.DateTimeField()
    finished_at = s.DateTimeField(allow_null=True)


class RunAnswer(Lean):
    """One run: the steps of one start on one account."""

    id = s.IntegerField()
    account = s.IntegerField(source="account_id")
    account_name = s.CharField(source="account.name")
    version = s.IntegerField(source="version.n")
    status = s.CharField(help_text="running, waiting, done, goal, exited or failed.")
    reason = s.CharField(help_text="Id of the exit, or why it failed.")
    trigger = s.CharField(source="firing.trigger")
    trigger_key = s.CharField(source="firing.trigger_key")
    why = s.DictField(source="firing.why", help_text="Sentence, facts and conditions of the start.")
    due_at = s.DateTimeField(allow_null=True, help_text="When its next step is due.")
    started_at = s.DateTimeField()
    finished_at = s.DateTimeField(allow_null=True)
    goal_at = s.DateTimeField(allow_null=True)
    steps = StepAnswer(source="steps_done", many=True)


class ExplanationAnswer(s.Serializer):
    """Why a playbook started, or did not, on an account at an instant."""

    playbook = s.CharField()
    version = s.IntegerField(allow_null=True)
    trigger = s.CharField()
    at = s.DateTimeField()
    started = s.BooleanField()
    reason = s.CharField(help_text="Empty when it started; else the reason nearest to a start, such as condition_false.")
    until = s.DateTimeField(allow_null=True)
    feed = s.CharField(help_text="The silent feed, with the reason feed_stale.")
    sentence = s.CharField()
    segment = s.DictField()
    condition = s.DictField()
    fired_at = s.DateTimeField(allow_null=True)


class ActivationBody(Write):
    """Activate the newest version, or a new text under the same key."""

    text = s.CharField(
        required=False, max_length=65536, trim_whitespace=False, help_text="YAML; without it the newest stored version runs."
    )
