"""The queue of django-q2 is asked for (key, lock) twice a second and has no index on it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0001_initial"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX queue_by_key_and_lock ON django_q_ormq (key, lock)",
            "DROP INDEX queue_by_key_and_lock",
        ),
    ]
