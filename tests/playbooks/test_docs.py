"""What docs/playbooks.md shows is true."""

import json
import pathlib
import re

from playbooks.dsl.reading import check
from playbooks.explain import ORDER
from playbooks.versions import library

DOC = pathlib.Path("docs/playbooks.md").read_text()


def test_every_example_is_a_sound_playbook():
    examples = re.findall(r"```yaml\n(.*?)```", DOC, re.DOTALL)
    assert [check(text) for text in examples] == [[]]


def test_every_reason_and_every_shipped_playbook_is_named():
    for name in (*ORDER, *library()):
        assert f"`{name}`" in DOC, name


def test_the_schema_for_editors_is_one_document_of_format_1():
    schema = json.loads(pathlib.Path("playbooks/dsl/schema.json").read_text())
    assert schema["$id"] == "urn:tenure:schema:playbook-1"
