"""What the API answers about customers. Bodies that it takes stand in customers.api.bodies."""

from typing import Any

from rest_framework import serializers as s

from crm.lib.lean import Lean


class AccountAnswer(Lean):
    """An account: a paying company. Money is in minor units of `currency`."""

    id = s.IntegerField()
    name = s.CharField()
    domain = s.CharField()
    owner = s.IntegerField(source="owner_id", allow_null=True, help_text="User id of the CSM.")
    owner_name = s.SerializerMethodField()
    stage = s.CharField()
    parent = s.IntegerField(source="parent_id", allow_null=True)
    lifecycle = s.CharField(source="state.lifecycle", help_text="prospect, trial, customer or churned.")
    currency = s.CharField(source="state.currency")
    mrr_minor = s.IntegerField(source="state.mrr_minor", allow_null=True)
    arr_minor = s.IntegerField(source="state.arr_minor", allow_null=True)
    overdue_minor = s.IntegerField(source="state.overdue_minor")
    plan = s.CharField(source="state.plan")
    seats = s.IntegerField(source="state.seats", allow_null=True)
    renewal_date = s.DateField(source="state.renewal_on", allow_null=True)
    score = s.IntegerField(source="state.score", allow_null=True, help_text="0 to 100; null when too little is known.")
    band = s.CharField(source="state.band", help_text="good, watch, risk or unknown.")
    score_change = s.IntegerField(source="state.score_change", allow_null=True, help_text="Points against 30 days before.")
    top_reason = s.CharField(source="state.top_reason")
    last_event_at = s.DateTimeField(source="state.last_event_at", allow_null=True)
    last_contact_at = s.DateTimeField(source="state.last_contact_at", allow_null=True)
    open_tasks = s.IntegerField(source="state.open_tasks")
    started_at = s.DateTimeField(source="state.started_at", allow_null=True)
    zone = s.CharField()
    tags = s.ListField(child=s.CharField())
    created_at = s.DateTimeField()

    def get_owner_name(self, account: Any) -> str | None:
        if account.owner_email is None:
            return None
        return f"{account.owner_first} {account.owner_last}".strip() or account.owner_email.partition("@")[0]


class MembershipAnswer(Lean):
    account = s.IntegerField(source="account_id")
    role = s.CharField()
    from_at = s.DateTimeField()
    to_at = s.DateTimeField(allow_null=True)


class ContactAnswer(Lean):
    """A contact: a human at one or more accounts."""

    id = s.IntegerField()
    name = s.CharField()
    email = s.CharField()
    phone = s.CharField()
    title = s.CharField()
    memberships = MembershipAnswer(source="seen_memberships", many=True)
    created_at = s.DateTimeField()


class IdentifierAnswer(Lean):
    """A known alias of an account or a contact."""

    id = s.IntegerField()
    source = s.CharField(source="source_key", allow_null=True, help_text="Key of the source; null: the kind means the same everywhere.")
    kind = s.CharField()
    value = s.CharField()
    account = s.IntegerField(source="account_id", allow_null=True)
    contact = s.IntegerField(source="contact_id", allow_null=True)
    state = s.CharField(help_text="active, or disputed: another record claimed it earlier.")
    first_seen_at = s.DateTimeField()
    last_seen_at = s.DateTimeField()


class EventAnswer(Lean):
    """Something that happened at an instant."""

    id = s.UUIDField()
    account = s.IntegerField(source="account_id", help_text="0: not attributed.")
    contact = s.IntegerField(source="contact_id", help_text="0: nobody.")
    name = s.CharField()
    quantity = s.FloatField()
    properties = s.DictField(source="props")
    occurred_at = s.DateTimeField()
    received_at = s.DateTimeField()
    known_at = s.DateTimeField()
    source = s.IntegerField(source="source_id", help_text="Id of the source; 0: Tenure itself.")
    historical = s.BooleanField()


class EventResult(Lean):
    """What became of one event of the request."""

    index = s.IntegerField(help_text="Place in the request, from 0.")
    result = s.ChoiceField(choices=["created", "repeated", "quarantined"])
    id = s.UUIDField(allow_null=True)
    reason = s.CharField(help_text="Why it is in quarantine; else empty.")
    path = s.CharField()
    message = s.CharField()


class EventResults(s.Serializer):
    results = EventResult(many=True)
    delivery = s.IntegerField(help_text="Id of the delivery that the request was stored as.")


class TraitAnswer(Lean):
    """The present value of a named field of an account or contact."""

    account = s.IntegerField(source="account_id")
    contact = s.IntegerField(source="contact_id", help_text="0: a trait of the account itself.")
    path = s.CharField()
    value = s.JSONField(allow_null=True)
    type = s.CharField(help_text="text, number, boolean, date, instant, money, list or object.")
    occurred_at = s.DateTimeField(help_text="Since when it has this value.")
    known_at = s.DateTimeField()
    source = s.IntegerField(source="source_id", help_text="Id of the source; 0: Tenure itself, a person or a key.")


class TraitsAnswer(s.Serializer):
    """All traits of one record at one instant: `values` for reading at a glance, `results` with times."""

    values = s.DictField(child=s.JSONField())
    results = TraitAnswer(many=True)
    next = s.CharField(allow_null=True)


class ChangeAnswer(Lean):
    """One change of a trait: the audit trail."""

    id = s.IntegerField()
    account = s.IntegerField(source="account_id")
    contact = s.IntegerField(source="contact_id")
    path = s.CharField()
    old = s.JSONField(allow_null=True)
    new = s.JSONField(allow_null=True)
    occurred_at = s.DateTimeField()
    known_at = s.DateTimeField()
    actor = s.DictField(help_text="{kind, id, name}; kind is person, playbook, import, api_key, source or system.")
    source = s.IntegerField(source="source_id")


class EntryAnswer(Lean):
    """An entry of the timeline: the relationship history that people read."""

    id = s.CharField()
    account = s.IntegerField(source="account_id")
    at = s.DateTimeField()
    kind = s.CharField(help_text="event, note, call, meeting, email, task … or folded: events of one name on one day.")
    name = s.CharField(help_text="Event name, where one stands behind it.")
    title = s.CharField()
    body = s.CharField()
    contact = s.IntegerField(source="contact_id")
    user = s.IntegerField(source="user_id")
    source = s.IntegerField(source="source_id")
    url = s.CharField()
    properties = s.DictField(source="props")


class FoldCount(s.Serializer):
    name = s.CharField()
    count = s.IntegerField()
    contacts = s.IntegerField(help_text="Different contacts; 0: not known.")


class TimelineItem(EntryAnswer):
    """A line of an account's timeline: an entry, or (kind `activity`) all other events of one local day."""

    day = s.DateField(help_text="Local day of the installation.")
    events = FoldCount(many=True, help_text="Events behind a line of kind activity, by name.")


class TimelineItems(s.Serializer):
    results = TimelineItem(many=True)
    next = s.CharField(allow_null=True)


class WrittenAnswer(s.Serializer):
    """What was written: the event, and the tasks that its lines became."""

    event = s.UUIDField()
    tasks = s.ListField(child=s.IntegerField())


class TaskAnswer(Lean):
    """A to-do for a person, with the reason why it exists."""

    id = s.IntegerField()
    account = s.IntegerField(source="account_id")
    account_name = s.CharField(source="account.name")
    title = s.CharField()
    body = s.CharField()
    kind = s.CharField()
    priority = s.CharField()
    status = s.CharField(help_text="open, snoozed, done, skipped or closed.")
    assignee = s.IntegerField(source="assignee_id", allow_null=True)
    due_at = s.DateTimeField(allow_null=True)
    snoozed_until = s.DateTimeField(allow_null=True)
    snooze_reason = s.CharField()
    checklist = s.ListField(child=s.JSONField())
    playbook = s.CharField(help_text="Key of the playbook that made it; empty: a person.")
    version = s.IntegerField(allow_null=True, help_text="Version of the playbook.")
    why = s.DictField(help_text="The sentence, facts and conditions that made it.")
    outcome = s.CharField()
    note = s.CharField()
    created_by = s.IntegerField(source="created_by_id", allow_null=True)
    created_at = s.DateTimeField()
    closed_by = s.IntegerField(source="closed_by_id", allow_null=True)
    closed_at = s.DateTimeField(allow_null=True)
    closed_because = s.CharField()


class ScoreRow(Lean):
    """The score of an account on one day."""

    account = s.IntegerField(source="account_id")
    day = s.DateField()
    score = s.IntegerField(allow_null=True)
    band = s.CharField()
    known = s.IntegerField(help_text="Factors with a known value.")
    factors = s.IntegerField(help_text="Factors in all.")
    at = s.DateTimeField()


class FactorAnswer(Lean):
    """One factor of a score. The points of all factors add up to the score."""

    key = s.CharField()
    label = s.CharField()
    value = s.FloatField(allow_null=True)
    text = s.CharField(help_text="The value in words.")
    points = s.IntegerField()
    possible = s.IntegerField(help_text="Points it can give.")
    known = s.BooleanField()
    cause = s.CharField(help_text="Why the value is not known; else empty.")
    updated_at = s.DateTimeField(allow_null=True, help_text="Newest fact behind it.")


class PartAnswer(Lean):
    """What one cause added to a change, or took from it."""

    key = s.CharField()
    label = s.CharField()
    points = s.IntegerField()
    kind = s.CharField(help_text="behaviour, configuration or missing.")


class ScoreChangeAnswer(Lean):
    """From an earlier day's score to this one; the points of the parts add up to `points`."""

    day = s.DateField()
    from_score = s.IntegerField()
    from_band = s.CharField()
    points = s.IntegerField()
    sentence = s.CharField()
    parts = PartAnswer(many=True)


class ScoreAnswer(Lean):
    """The newest score known at an instant, with the reason for it and for its change in 30 days."""

    account = s.IntegerField(source="account_id")
    score = s.IntegerField(allow_null=True)
    band = s.CharField(help_text="good, watch, risk or unknown.")
    coverage = s.CharField(help_text="Factors known of all, `7 of 9`.")
    day = s.DateField(allow_null=True)
    at = s.DateTimeField(allow_null=True)
    version = s.IntegerField(source="version.n", allow_null=True, help_text="Version of the scorecard.")
    factors = FactorAnswer(many=True)
    change = ScoreChangeAnswer(allow_null=True)


class SourceAnswer(Lean):
    """One configured sender. Write keys are shown when they are made, and not again."""

    id = s.IntegerField()
    name = s.CharField()
    key = s.CharField()
    kind = s.CharField()
    state = s.CharField(help_text="live, paused or off.")
    default_lifecycle = s.CharField()
    history = s.BooleanField()
    owner = s.IntegerField(source="owner_id", allow_null=True)
    shares_ids_with = s.IntegerField(source="shares_ids_with_id", allow_null=True)
    item_bytes = s.IntegerField(allow_null=True)
    items_per_batch = s.IntegerField(allow_null=True)
    events_per_minute = s.IntegerField(allow_null=True)
    old_key_until = s.DateTimeField(allow_null=True, help_text="Until when the key before the present one is valid.")
    last_message_at = s.DateTimeField(allow_null=True)
    repeats = s.IntegerField()
    refused = s.IntegerField()
    created_at = s.DateTimeField()


class NewSourceAnswer(SourceAnswer):
    """A source with its write key, which is shown this once."""

    write_key = s.CharField()


class DeliveryAnswer(Lean):
    """One raw inbound message, stored before it is applied."""

    id = s.IntegerField()
    source = s.CharField(source="source.key", help_text="Key of the source.")
    received_at = s.DateTimeField()
    method = s.CharField()
    path = s.CharField()
    client = s.CharField()
    decoded_bytes = s.IntegerField()
    state = s.CharField(help_text="received, applied, partly_applied, quarantined or ignored.")
    attempts = s.IntegerField()
    reason = s.CharField()
    items = s.IntegerField()
    applied = s.IntegerField()
    repeated = s.IntegerField()
    quarantined = s.IntegerField()
    applied_at = s.DateTimeField(allow_null=True)


class QuarantineAnswer(Lean):
    """One item that could not be applied."""

    index = s.IntegerField()
    reason = s.CharField()
    path = s.CharField()
    message = s.CharField()
    raw = s.CharField()
    state = s.CharField(help_text="open, replayed or discarded.")
    at = s.DateTimeField()


class DeliveryDetail(DeliveryAnswer):
    """A delivery with the items that are in quarantine, at most 200 of them; /quarantine/ pages through all."""

    quarantine = QuarantineAnswer(source="first_quarantined", many=True)
