"""The reasons for not starting, in words."""

REASONS = {
    "not_in_segment": "not one of the accounts it is for",
    "condition_false": "the condition did not hold",
    "unknown_data": "something it needs to know is unknown",
    "feed_stale": "its feed is behind",
    "pending_for": "waiting until it has held long enough",
    "already_true_since": "it held already; one start per episode",
    "not_rearmed": "it has not recovered since the last start",
    "once": "it starts only once per account",
    "once_per_period": "it has started in this period already",
    "already_running": "it is running on the account already",
    "cooldown": "too soon after the last start",
    "only_if_false": "the check at the start did not hold",
    "stale_event": "the event arrived too late",
    "chained": "a playbook caused the event",
    "historical": "imported history starts nothing",
    "missed_while_down": "nobody was looking at that time",
}
