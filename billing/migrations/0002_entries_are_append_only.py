"""On PostgreSQL the database itself refuses to change or remove a ledger entry.

SQLite rebuilds a table to alter it and drops its triggers on the way, so there the model refuses, and the
hash chain shows what went round it.
"""

from django.db import migrations

CREATE = """
CREATE FUNCTION ledger_entries_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger entries are append-only';
END
$$;
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON billing_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION ledger_entries_are_append_only();
"""
DROP = """
DROP TRIGGER ledger_entry_append_only ON billing_ledgerentry;
DROP FUNCTION ledger_entries_are_append_only();
"""


def refuse_changes(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(CREATE)


def allow_changes(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP)


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [migrations.RunPython(refuse_changes, allow_changes)]
