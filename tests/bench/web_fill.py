"""The company of the web benchmark: 10,000 accounts, and one that holds much of everything. Set-based, straight into the tables."""

from datetime import datetime
from typing import Any

CROWDED = 1
"""The account with much of everything."""

SQL = """
insert into customers_account (name, folded, domain, owner_id, stage, currency, zone, created_at)
    select name, lower(name), 'account-' || g || '.example', (%(owners)s::bigint[])[1 + g %% 20], '', 'USD', '', %(at)s - interval '400 days'
    from (select g, (array['Halvorsen','Brightwater','Northgate','Keel','Lantern','Ostrava','Fjord','Meridian'])[1 + g %% 8] || ' '
        || (array['Marine','Labs','Foods','Analytics','Robotics','Press'])[1 + g / 8 %% 6] || ' ' || g as name from generate_series(1, %(n)s) g) x;

insert into customers_accountstate (account_id, started_at, lifecycle, currency, mrr_minor, arr_minor, arr_base_minor, overdue_minor, plan, seats,
        renewal_on, score, band, score_change, coverage, top_reason, scored_at, trend, last_event_at, last_contact_at, open_tasks, sentiment)
    select a.id, a.created_at, case a.id %% 8 when 0 then 'trial' else 'customer' end, 'USD', a.id * 100, a.id * 1200, a.id * 1200,
        case a.id %% 12 when 0 then 5000 else 0 end, (array['starter','growth','scale'])[1 + a.id %% 3], 5 + a.id %% 90,
        (%(at)s)::date + (a.id * 37 %% 365)::int, s, case when s >= 70 then 'good' when s >= 40 then 'watch' else 'risk' end, a.id %% 25 - 12,
        '7/9', 'logins fell by ' || a.id %% 60 || ' %% in 30 days', %(at)s,
        (select jsonb_agg(20 + (a.id * 31 + w * 17) %% 80) from generate_series(1, 12) w),
        %(at)s - a.id %% 90 * interval '1 hour', %(at)s - a.id %% 60 * interval '1 day', case a.id when %(crowded)s then 40 else (a.id %% 200 < 20)::int end, 1 + a.id %% 5
    from customers_account a cross join lateral (select (20 + a.id * 7919 %% 80)::smallint as s) x;

insert into customers_traittype (path, subject, type, unit, writer, label) values ('tag.vip', 'account', 'boolean', '', '', ''),
    ('tag.pilot', 'account', 'boolean', '', '', '') on conflict do nothing;
insert into customers_trait (account_id, contact_id, path, value, type, occurred_at, known_at, confirmed_at, key, source_id)
    select a.id, 0, t.path, t.value, t.type, a.created_at, a.created_at, a.created_at, '', 0 from customers_account a
    cross join lateral (values ('plan', to_jsonb('growth'::text), 'text'), ('owner', to_jsonb(a.owner_id), 'number'),
        (case a.id %% 5 when 0 then 'tag.vip' else 'region' end, 'true'::jsonb, 'boolean')) as t (path, value, type);
insert into customers_trait (account_id, contact_id, path, value, type, occurred_at, known_at, confirmed_at, key, source_id)
    select %(crowded)s, 0, 'custom.field_' || g, to_jsonb(g), 'number', %(at)s, %(at)s, %(at)s, '', 0 from generate_series(1, 80) g;

insert into customers_timelineentry (account_id, at, id, known_at, kind, name, title, body, icon, tone, contact_id, user_id, source_id, url, props, pinned)
    select account, at, gen_random_uuid(), at, kind, case kind when 'note' then 'note.written' when 'call' then 'call.held' else 'invoice.paid' end,
        title, case when kind = 'event' then '' else 'They asked how *seats* are counted, and when the next release comes.' end, '', '', 0,
        (%(owners)s::bigint[])[1], 0, '', '{}', false
    from (select a.id as account, %(at)s - (g * 3 + a.id %% 3) * interval '1 day' - g * interval '7 minutes' as at,
            (array['note','event','call'])[1 + g %% 3] as kind, (array['Note','Invoice paid','Call'])[1 + g %% 3] as title
        from customers_account a cross join lateral generate_series(1, case a.id when %(crowded)s then 3000 else 4 end) g) x;

insert into customers_activityday (account_id, name, day, n, total, min, max, last, last_at, contact_ids)
    select a.id, e.name, (%(at)s)::date - g, 1 + (a.id + g) %% 9, 1, 1, 1, 1, %(at)s - g * interval '1 day', array[a.id]
    from customers_account a cross join (values ('login'), ('api_call'), ('report viewed'), ('search'), ('export')) e (name)
    cross join lateral generate_series(0, case a.id when %(crowded)s then 360 else 3 end) g;

insert into customers_event (account_id, occurred_at, id, contact_id, name, quantity, props, received_at, known_at, source_id, batch_id, historical, late)
    select %(crowded)s, t, gen_random_uuid(), 0, (array['login','api_call','report viewed','search'])[1 + g %% 4], 1, '{"page": "/reports/7"}', t, t, 0, 0, false, false
    from generate_series(1, 20000) g cross join lateral (select %(at)s - g * interval '1 minute' as t) x;

insert into customers_contact (name, folded, email, phone, title, avatar, created_at)
    select 'Jonas Vik ' || g, 'jonas vik ' || g, 'jonas' || g || '@account-1.example', '', 'Head of operations', '', %(at)s from generate_series(1, 300) g;
insert into customers_membership (contact_id, account_id, role, from_at) select id, %(crowded)s, 'user', %(at)s from customers_contact;

insert into customers_task (account_id, title, body, kind, assignee_id, priority, status, outcome, note, due_at, snooze_reason, checklist, playbook, why,
        created_at, closed_because)
    select a.id, 'Ask why logins fall', '', 'risk', a.owner_id, (array['normal','high','urgent'])[1 + (a.id + g) %% 3], 'open', '', '',
        %(at)s + (g - 3) * interval '1 day', '', '[]', 'usage-drop', '{"sentence": "logins fell by 60 %% in 30 days"}', %(at)s, ''
    from customers_account a cross join lateral generate_series(1, case when a.id = %(crowded)s then 40 when a.id %% 200 < 20 then 1 else 0 end) g;

with made as (insert into billing_invoice (account_id, entity_id, series, status, currency, drafted_at, void_reason, subtotal_minor, discount_minor,
        tax_minor, total_minor, carried_minor, credit_minor, paid_minor, buyer, seller)
    select case when g <= 60 then %(crowded)s else g end, %(entity)s, 'bench', 'draft', 'USD', %(at)s - g * interval '1 day', '', 9900, 0, 0, 9900,
        0, 0, 0, '{}', '{}' from generate_series(1, 1000) g returning id)
insert into billing_invoiceline (invoice_id, kind, description, part, quantity, unit_amount, amount_minor, tax_minor, cause, voided)
    select id, 'one_off', 'Growth', 0, 1, 9900, 9900, 0, '', false from made;
update billing_invoice set status = 'open', sequence = id, number = 'B-' || id, issued_at = drafted_at, due_at = drafted_at + interval '900 days';
"""


def fill(accounts: int, *, at: datetime) -> tuple[Any, str]:
    """Fill the database; returns (the person who reads, a key of the REST API)."""
    from django.db import connection, transaction

    from billing.entities import main_entity
    from crm.models import ApiKey, User
    from customers import partitions

    people = User.objects.bulk_create(
        User(username=f"csm{i}@t.example", email=f"csm{i}@t.example", first_name="Ada", last_name=f"Lind {i}", role="csm")
        for i in range(20)
    )
    with transaction.atomic():
        partitions.ensure([at])
    values = {"n": accounts, "at": at, "crowded": CROWDED, "owners": [person.pk for person in people], "entity": main_entity().pk}
    with connection.cursor() as cursor:
        for statement in SQL.split(";\n"):
            if statement.strip():
                cursor.execute(statement, values)
        cursor.execute("vacuum analyze")
    robot = User.objects.create(username="robot@t.example", email="robot@t.example", role="ops")
    key, prefix, digest = ApiKey.generate()
    ApiKey.objects.create(name="bench", prefix=prefix, digest=digest, scopes=["read", "write"], user=robot, created_at=at)
    return people[0], key


def signed_in(user: Any) -> str:
    """The key of a session of that person."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key
