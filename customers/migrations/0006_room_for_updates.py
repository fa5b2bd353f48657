"""Pages of the tables that are updated in place keep room for new versions of their rows, so that indexes need not follow."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customers", "0005_source_names")]

    operations = [
        migrations.RunSQL("alter table customers_trait set (fillfactor = 80)", "alter table customers_trait reset (fillfactor)"),
        migrations.RunSQL(
            "alter table customers_accountstate set (fillfactor = 60)", "alter table customers_accountstate reset (fillfactor)"
        ),
    ]
