"""When a playbook starts: the trigger's state machine and the order of admission checks. No Django, no database.

The live runner and anything that looks at past instants use the same functions.
"""
