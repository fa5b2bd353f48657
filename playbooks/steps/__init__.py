"""What a step does: one file per kind, each with `perform(step, context) -> Outcome`. They call verbs of the apps below."""
