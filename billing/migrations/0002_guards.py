"""Triggers that keep what was written: invoices after finalising, prices after use, the ledger always."""

from django.db import migrations

INVOICE = """
create function billing_keep_finalised_invoice() returns trigger language plpgsql as $$
declare
    may_change constant text[] := array['status', 'paid_minor', 'credit_minor', 'due_minor', 'paid_at', 'past_due_at',
                                        'voided_at', 'void_reason'];
begin
    if tg_op = 'DELETE' then
        raise exception 'invoice % is finalised and cannot be deleted', old.number
            using errcode = 'integrity_constraint_violation', constraint = 'a_finalised_invoice_is_never_deleted';
    end if;
    if new.status = 'draft' or to_jsonb(new) - may_change is distinct from to_jsonb(old) - may_change then
        raise exception 'invoice % is finalised and cannot be edited', old.number
            using errcode = 'integrity_constraint_violation', constraint = 'a_finalised_invoice_is_never_edited';
    end if;
    return new;
end $$;

create trigger a_finalised_invoice_is_never_edited before update or delete on billing_invoice
    for each row when (old.status <> 'draft') execute function billing_keep_finalised_invoice();

create function billing_invoice_equals_its_lines() returns trigger language plpgsql as $$
declare
    wrong text;
begin
    select n.number into wrong
    from changed n left join billing_invoiceline l on l.invoice_id = n.id
    where n.status <> 'draft'
    group by n.id, n.number, n.subtotal_minor
    having n.subtotal_minor <> coalesce(sum(l.amount_minor), 0)
    limit 1;
    if found then
        raise exception 'the lines of invoice % do not sum to its subtotal', wrong
            using errcode = 'integrity_constraint_violation', constraint = 'an_invoice_equals_its_lines';
    end if;
    return null;
end $$;

create trigger an_invoice_equals_its_lines after update on billing_invoice
    referencing new table as changed for each statement execute function billing_invoice_equals_its_lines();
create trigger an_invoice_is_born_with_its_lines after insert on billing_invoice
    referencing new table as changed for each statement execute function billing_invoice_equals_its_lines();
"""

LINES = """
create function billing_keep_finalised_lines() returns trigger language plpgsql as $$
declare
    wrong text;
begin
    if tg_op = 'UPDATE' then
        select i.number into wrong
        from written w join before b on b.id = w.id
        join billing_invoice i on i.id in (w.invoice_id, b.invoice_id) and i.status <> 'draft'
        where to_jsonb(w) - 'voided' is distinct from to_jsonb(b) - 'voided' or (b.voided and not w.voided)
        limit 1;
    elsif tg_op = 'INSERT' then
        select i.number into wrong from written w join billing_invoice i on i.id = w.invoice_id where i.status <> 'draft' limit 1;
    else
        select i.number into wrong from before b join billing_invoice i on i.id = b.invoice_id where i.status <> 'draft' limit 1;
    end if;
    if found then
        raise exception 'the lines of invoice % are finalised', wrong
            using errcode = 'integrity_constraint_violation', constraint = 'a_finalised_line_is_never_edited';
    end if;
    return null;
end $$;

create trigger a_finalised_line_is_never_added after insert on billing_invoiceline
    referencing new table as written for each statement execute function billing_keep_finalised_lines();
create trigger a_finalised_line_is_never_edited after update on billing_invoiceline
    referencing old table as before new table as written for each statement execute function billing_keep_finalised_lines();
create trigger a_finalised_line_is_never_deleted after delete on billing_invoiceline
    referencing old table as before for each statement execute function billing_keep_finalised_lines();
"""

LEDGER = """
create function billing_ledger_sums_to_zero() returns trigger language plpgsql as $$
declare
    wrong uuid;
begin
    select e.txn into wrong from billing_creditentry e
    where e.txn in (select txn from written)
    group by e.txn, e.currency having sum(e.amount_minor) <> 0 limit 1;
    if found then
        raise exception 'ledger transaction % does not sum to zero', wrong
            using errcode = 'integrity_constraint_violation', constraint = 'a_ledger_transaction_sums_to_zero';
    end if;
    return null;
end $$;

create trigger a_ledger_transaction_sums_to_zero after insert on billing_creditentry
    referencing new table as written for each statement execute function billing_ledger_sums_to_zero();

create function billing_ledger_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the ledger is append-only: write a transaction that reverses it'
        using errcode = 'integrity_constraint_violation', constraint = 'the_ledger_is_append_only';
end $$;

create trigger the_ledger_is_append_only before update or delete on billing_creditentry
    for each row execute function billing_ledger_is_append_only();
"""

PRICE = """
create function billing_keep_used_price() returns trigger language plpgsql as $$
begin
    if to_jsonb(new) - 'archived_at' is distinct from to_jsonb(old) - 'archived_at'
       and exists (select from billing_subscriptionitem where price_id = old.id) then
        raise exception 'price % is in use and cannot be changed: add another', old.id
            using errcode = 'integrity_constraint_violation', constraint = 'a_used_price_is_never_changed';
    end if;
    return new;
end $$;

create trigger a_used_price_is_never_changed before update on billing_price
    for each row execute function billing_keep_used_price();
"""

UNDO = """
drop trigger a_finalised_invoice_is_never_edited on billing_invoice;
drop trigger an_invoice_equals_its_lines on billing_invoice;
drop trigger an_invoice_is_born_with_its_lines on billing_invoice;
drop trigger a_finalised_line_is_never_added on billing_invoiceline;
drop trigger a_finalised_line_is_never_edited on billing_invoiceline;
drop trigger a_finalised_line_is_never_deleted on billing_invoiceline;
drop trigger a_ledger_transaction_sums_to_zero on billing_creditentry;
drop trigger the_ledger_is_append_only on billing_creditentry;
drop trigger a_used_price_is_never_changed on billing_price;
drop function billing_keep_finalised_invoice(), billing_invoice_equals_its_lines(), billing_keep_finalised_lines(),
    billing_ledger_sums_to_zero(), billing_ledger_is_append_only(), billing_keep_used_price();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [migrations.RunSQL([INVOICE, LINES, LEDGER, PRICE], UNDO)]
