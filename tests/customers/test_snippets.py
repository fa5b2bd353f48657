"""What a developer pastes carries the key and the address."""

import ast

from customers.snippets import snippets

HOST, KEY = "https://tenure.example", "wk_123"


def test_every_snippet_carries_key_and_address():
    for snippet in snippets(f"{HOST}/", KEY):
        assert KEY in snippet.code
        assert f"{HOST}/v1/track" in snippet.code if snippet.key == "curl" else HOST in snippet.code
        assert f"{HOST}//" not in snippet.code


def test_the_python_snippets_are_python():
    for snippet in snippets(HOST, KEY):
        if snippet.install.startswith("pip"):
            ast.parse(snippet.code)
