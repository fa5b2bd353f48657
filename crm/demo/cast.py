"""Who takes part in the demo: companies with a temper, a plan and people. A pure function of the seed and the last day."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from crm.demo.names import FIRST, HEADS, LAST, STAFF, TITLES, TRADES

ACCOUNTS = 224
DAYS = 548
FOUNDERS = 96  # customers on the first day of the story
CSMS = [name for name, role in STAFF if role == "csm"]
# The three that the guide talks about: one that fades now, one that outgrows its plan, one that an outage hits. All are Ada's.
STARS: dict[int, tuple[str, dict[str, int]]] = {0: ("fading", {"fades": DAYS - 36}), 1: ("growing", {}), 2: ("steady", {})}
PLANS = ("starter", "growth", "scale")
SEASON = {
    "retail": (0.8, 0.8, 0.9, 0.9, 1.0, 1.0, 0.9, 0.9, 1.0, 1.2, 1.6, 1.7),
    "food": (0.9, 0.9, 1.0, 1.1, 1.1, 1.2, 1.2, 1.1, 1.0, 0.9, 1.0, 1.2),
    "energy": (1.2, 1.2, 1.1, 1.0, 0.9, 0.8, 0.8, 0.8, 0.9, 1.0, 1.1, 1.2),
    "marine": (0.8, 0.8, 0.9, 1.0, 1.2, 1.3, 1.3, 1.2, 1.1, 1.0, 0.9, 0.8),
}


@dataclass(frozen=True)
class Person:
    user_id: str
    name: str
    email: str
    role: str
    title: str


@dataclass(frozen=True)
class Company:
    """One customer. Days count from the first day of the story; None: never."""

    n: int
    group_id: str
    name: str
    domain: str
    trade: str
    temper: str  # steady, growing, fading, dipping, late, broke
    plan: str
    seats: int
    currency: str
    yearly: bool
    joins: int
    older: int  # days it had been a customer before the story
    csm: str
    pace: float  # logins a working day
    fades: int | None = None
    recovers: int | None = None
    upgrades: int | None = None
    leaves: int | None = None
    people: tuple[Person, ...] = field(default=())

    def active(self, day: int) -> bool:
        return self.joins <= day and (self.leaves is None or day < self.leaves + 30)


def companies(seed: int) -> list[Company]:
    """The companies of the demo, always the same for the same seed."""
    names = company_names(Random(f"{seed}:names"))  # noqa: S311 a story, not a secret
    return [company(n, name, trade, Random(f"{seed}:{n}")) for n, (name, trade) in enumerate(names)]  # noqa: S311


def company_names(rng: Random) -> list[tuple[str, str]]:
    all_names = [(f"{head} {tail}", trade) for head in HEADS for trade, tails in TRADES.items() for tail in tails]
    rng.shuffle(all_names)
    favourites = [("Halvorsen Marine", "marine"), ("Kestrel Labs", "software"), ("Orbis Freight", "freight")]
    return favourites + [n for n in all_names if n not in favourites][: ACCOUNTS - len(favourites)]


def company(n: int, name: str, trade: str, rng: Random) -> Company:
    temper = temper_of(n, rng)
    joins = 0 if n < FOUNDERS else int((n - FOUNDERS + 1) / (ACCOUNTS - FOUNDERS) * (DAYS - 25)) + rng.randint(0, 4)
    plan = "growth" if n in STARS else rng.choices(PLANS, (45, 40, 15))[0] if temper != "growing" else rng.choices(PLANS[:2], (60, 40))[0]
    slug = name.lower().replace(" ", "-")
    domain = slug.replace("-", "") + ".example"
    return Company(
        n=n,
        group_id=f"acct-{1000 + n}",
        name=name,
        domain=domain,
        trade=trade,
        temper=temper,
        plan=plan,
        seats={"starter": rng.randint(2, 6), "growth": rng.randint(6, 20), "scale": rng.randint(18, 70)}[plan],
        currency="EUR" if rng.random() < 0.3 else "USD",
        yearly=rng.random() < (0.15 if plan == "starter" else 0.35),
        joins=joins,
        older=rng.randint(20, 700) if n < FOUNDERS else 0,
        csm=CSMS[0 if n in STARS else n % len(CSMS)],
        pace=round((1.0 if n in STARS else rng.uniform(0.5, 1.36)) * {"starter": 0.7, "growth": 1.0, "scale": 1.4}[plan], 2),
        people=people(n, domain, rng),
        **(STARS[n][1] if n in STARS else turns(temper, joins, rng)),
    )


def temper_of(n: int, rng: Random) -> str:
    tempers = rng.choices(("steady", "growing", "fading", "dipping", "late", "broke"), (43, 16, 20, 11, 8, 2))
    return STARS[n][0] if n in STARS else tempers[0]


def turns(temper: str, joins: int, rng: Random) -> dict[str, int]:
    """The days on which the company's story turns. Some turns lie in the last weeks, so that today has something to do."""
    room = max(DAYS - joins - 60, 40)
    at = joins + 45 + int(room * rng.random() ** 0.6)
    if temper == "fading":
        return {"fades": at, "leaves": at + rng.randint(60, 110)}
    if temper == "dipping":
        return {"fades": at, "recovers": at + rng.randint(25, 45)}
    if temper == "growing":
        return {"upgrades": joins + rng.randint(70, 300)}
    if temper == "broke":
        return {"leaves": at + 60}
    return {}


def people(n: int, domain: str, rng: Random) -> tuple[Person, ...]:
    roles = ["champion", "buyer", *["user"] * rng.randint(1, 4)]
    firsts, lasts = rng.sample(FIRST, len(roles)), rng.sample(LAST, len(roles))
    return tuple(
        Person(f"u-{1000 + n}-{i}", f"{f} {last}", f"{f}.{last}@{domain}".lower(), role, rng.choice(TITLES[role]))
        for i, (role, f, last) in enumerate(zip(roles, firsts, lasts, strict=True))
    )


def first_day(last: date) -> date:
    return last - timedelta(days=DAYS - 1)
