"""What a developer pastes to send the first event: one snippet a library, with the key and the address filled in. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snippet:
    """`install` is one line of a shell, empty where nothing is needed; `code` is what to paste."""

    key: str
    label: str
    install: str
    code: str


PYTHON = """import segment.analytics as analytics

analytics.write_key = "{key}"
analytics.host = "{host}"
analytics.identify("user-1", {{"email": "ada@example.com", "name": "Ada"}})
analytics.group("user-1", "acme", {{"name": "Acme"}})
analytics.track("user-1", "login")
analytics.flush()"""
NODE = """import {{ Analytics }} from '@segment/analytics-node'

const analytics = new Analytics({{ writeKey: '{key}', host: '{host}' }})
analytics.identify({{ userId: 'user-1', traits: {{ email: 'ada@example.com' }} }})
analytics.group({{ userId: 'user-1', groupId: 'acme', traits: {{ name: 'Acme' }} }})
analytics.track({{ userId: 'user-1', event: 'login' }})
await analytics.closeAndFlush()"""
RUDDER = """import rudderstack.analytics as rudder

rudder.write_key = "{key}"
rudder.dataPlaneUrl = "{host}"
rudder.track("user-1", "login", {{}}, {{"groupId": "acme"}})
rudder.flush()"""
CURL = """curl -u {key}: {host}/v1/track \\
  -d '{{"userId": "user-1", "event": "login", "context": {{"groupId": "acme"}}}}'"""
DOORS = [
    ("python", "Python", "pip install segment-analytics-python", PYTHON),
    ("node", "Node", "npm install @segment/analytics-node", NODE),
    ("curl", "curl", "", CURL),
    ("rudder", "Rudder", "pip install rudder-sdk-python", RUDDER),
]


def snippets(host: str, key: str) -> list[Snippet]:
    """All snippets for a write key and the address of this installation, without a slash at its end."""
    return [Snippet(name, label, install, code.format(host=host.rstrip("/"), key=key)) for name, label, install, code in DOORS]
