import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.db import migrations, models

# What workers of the former release hold: they are stopped while tables change, as if they had died.
LET_GO = """
UPDATE newsletters_delivery SET claim = NULL, lease_until = NULL,
    state = CASE state WHEN 'handing-over' THEN 'uncertain' ELSE 'queued' END,
    smtp_code = CASE state WHEN 'handing-over' THEN 'worker lost' ELSE smtp_code END
WHERE state IN ('claimed', 'handing-over')
"""


class Migration(migrations.Migration):

    dependencies = [
        ('newsletters', '0002_find_unsent_digests_and_readers_of_a_zone'),
    ]

    operations = [
        migrations.RunSQL(LET_GO, migrations.RunSQL.noop),
        migrations.CreateModel(
            name='Claim',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('lease_until', models.DateTimeField()),
                ('in_hand', models.BigIntegerField(blank=True, null=True)),
                ('accepted', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, size=None)),
                ('is_recalled', models.BooleanField(default=False)),
            ],
            options={
                'ordering': ['lease_until'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='delivery',
            name='delivery_claimed_has_a_lease',
        ),
        migrations.RemoveIndex(
            model_name='delivery',
            name='delivery_leased',
        ),
        migrations.RemoveField(
            model_name='delivery',
            name='lease_until',
        ),
        migrations.AlterField(
            model_name='delivery',
            name='state',
            field=models.CharField(choices=[('queued', 'Queued'), ('claimed', 'Taken by a worker'), ('accepted', 'Accepted by the mail server'), ('delivered', 'Delivered'), ('bounced', 'Came back'), ('complained', 'Reported as unwanted'), ('skipped', 'Skipped'), ('rejected', 'Refused'), ('uncertain', 'Uncertain'), ('cancelled', 'Cancelled')], default='queued', max_length=12, verbose_name='state'),
        ),
        migrations.AddIndex(
            model_name='claim',
            index=models.Index(fields=['lease_until'], name='claim_by_lease'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='claim',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='newsletters.claim'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('claim__isnull', False)), fields=['claim'], name='delivery_claimed'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('claim__isnull', False), ('state', 'claimed')), models.Q(models.Q(('state', 'claimed'), _negated=True), ('claim__isnull', True)), _connector='OR'), name='delivery_claimed_by_a_worker'),
        ),
    ]
