"""The playbook language: YAML text to a checked document. Nothing here knows Django or the database.

`read(text)` is the one entry; see `playbooks.dsl.reading`.
"""
