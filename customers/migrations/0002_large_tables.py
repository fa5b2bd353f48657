"""The large tables that Django cannot declare: Event (partitioned by month) and TraitChange (composite key with a sequence)."""

from django.db import migrations

EVENT = """
create table customers_event (
    account_id bigint not null,
    occurred_at timestamptz not null,
    id uuid not null,
    contact_id bigint not null default 0,
    name varchar(200) not null,
    quantity numeric(24, 6) not null default 1,
    props jsonb not null default '{}',
    received_at timestamptz not null,
    known_at timestamptz not null,
    attributed_at timestamptz,
    source_id bigint not null default 0,
    delivery_id bigint,
    batch_id bigint not null default 0,
    anonymous_id varchar(500),
    historical boolean not null default false,
    late boolean not null default false,
    cause jsonb,
    flags jsonb,
    primary key (account_id, occurred_at, id)
) partition by range (occurred_at);
create index event_by_name on customers_event (account_id, name, occurred_at desc);
create index event_late on customers_event (account_id, name, known_at) where late;
create index event_anonymous on customers_event (source_id, anonymous_id, occurred_at) where contact_id = 0 and anonymous_id is not null;
create table customers_event_old partition of customers_event
    for values from (minvalue) to (date_trunc('month', now() at time zone 'UTC' - interval '36 months') at time zone 'UTC');
"""

TRAIT_CHANGE = """
create sequence customers_traitchange_id_seq;
create table customers_traitchange (
    account_id bigint not null,
    id bigint not null default nextval('customers_traitchange_id_seq'),
    contact_id bigint not null default 0,
    path varchar(200) not null,
    old jsonb,
    new jsonb,
    type varchar(8) not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    known_at timestamptz not null,
    key varchar(100) not null default '',
    source_id bigint not null default 0,
    actor jsonb not null,
    cause jsonb,
    historical boolean not null default false,
    flags jsonb,
    primary key (account_id, id)
);
alter sequence customers_traitchange_id_seq owned by customers_traitchange.id;
create index trait_change_by_path on customers_traitchange (account_id, contact_id, path, occurred_at desc);
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]

    operations = [
        migrations.RunSQL(EVENT, "drop table customers_event"),
        migrations.RunSQL(TRAIT_CHANGE, "drop table customers_traitchange"),
    ]
