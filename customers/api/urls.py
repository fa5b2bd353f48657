"""The nouns of customers under /api/v1/. crm.api puts the routes of all apps together."""

from customers.api.accounts import Accounts
from customers.api.contacts import Contacts
from customers.api.events import Events
from customers.api.facts import Scores, Timeline
from customers.api.identifiers import Identifiers
from customers.api.sources import Deliveries, Sources
from customers.api.tasks import Tasks
from customers.api.traits import Traits

routes = [
    ("accounts", Accounts, "account"),
    ("contacts", Contacts, "contact"),
    ("identifiers", Identifiers, "identifier"),
    ("events", Events, "event"),
    ("traits", Traits, "trait"),
    ("timeline", Timeline, "timeline"),
    ("tasks", Tasks, "task"),
    ("scores", Scores, "score"),
    ("sources", Sources, "source"),
    ("deliveries", Deliveries, "delivery"),
]
