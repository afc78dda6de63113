/** Records that django-auditlog writes: of each change what changed, as texts. */
import { expect, onTestFinished, test } from 'vitest';
import { loadPack } from '../../../../../pack/index.js';
import { djangoPython, startDjango } from '../../../../support/audit-trail/django.js';
import { observed } from '../../../../support/audit-trail/observed.js';

const lab = observed();
const made = await djangoPython();
const title = 'missing' in made ? `django-auditlog (skipped: ${made.missing.slice(0, 200)})` : 'django-auditlog';

const example = () => {
  const [trail] = loadPack(['docs/examples/audit-trail-of-django.yaml'], { requireSecrets: false }).auditTrails;
  if (trail?.records === undefined) throw new Error('the example describes no records');
  return { scope: trail.scope, records: trail.records };
};

test.skipIf('missing' in made)(`${title}: what is lost, changed and done past it is found`, async () => {
  if ('missing' in made) return;
  const { scope, records } = example();
  await lab.prepare({ isEmpty: true, trail: { scope } });
  const shop = await startDjango(made.python, lab.fixture.url);
  onTestFinished(() => shop.close());
  const { rows } = await lab.fixture.sql('select id::text, model from django_content_type');
  const tables = Object.fromEntries(rows.map(({ id, model }) => [String(id), `public.shop_${model}`]));
  await lab.fixture.sql(
    `grant select on all tables in schema public to ${lab.fixture.observerRole}; grant pg_read_all_stats to ${lab.fixture.observerRole}`,
  );
  lab.watch({ trail: { records: { ...records, tables, maxWriteLagMs: 0 } } });
  await lab.watching.look();
  await shop.do(
    `c = Client.objects.create(name="Ann", balance=Decimal("1.5"), born=date(1980, 2, 29), joined=datetime(2026, 3, 29, 1, 30, 0, 120000, timezone(timedelta(hours=1))), wait=timedelta(days=2, hours=3), share=0.1 + 0.2, settings={"b": [1, 2.5, None], "a": "x"})`,
  );
  await shop.do('c.settings["a"] = "ß"; c.is_active = False; c.born = None; c.save()');
  await shop.do('[Client.objects.create(name=str(i)) for i in range(3)]');
  await shop.do('q = Policy.objects.create(client=c, title="a"); p = Policy.objects.create(client=c)');
  await shop.do('p.title = "b"; p.save(); p.title = "c"; p.save(); q.title = "b"; q.save(); q.title = "c"; q.save()');
  await shop.do('[model.objects.create(text=str(i)) for i in range(3) for model in (Letter, Note)]');
  await shop.do('Label.objects.create(words=["a"], secret="secret")');
  for (let i = 0; i < 3; i += 1) await lab.watching.look();
  const agree =
    'rows and records agree; nothing counts what an application changes, so a change that was undone leaves no sign';
  const judged = (...models: readonly string[]) =>
    models.map((model) => [lab.watching.state(`public.shop_${model}`), lab.watching.reason(`public.shop_${model}`)]);
  expect(judged('client', 'policy', 'letter', 'note')).toEqual([1, 2, 3, 4].map(() => ['ok', agree]));
  // Lists are written as Python shows them, and half of a secret is stars.
  expect(judged('label')).toEqual([
    ['unknown', 'no record tells what some rows hold in secret, words, so a change there cannot be seen'],
  ]);

  await lab.fixture.sql(`delete from auditlog_logentry where changes ->> 'title' = '["None", "b"]'`);
  for (let i = 0; i < 3; i += 1) await lab.watching.look();
  expect(lab.watching.observer.state.evidence.get('records')).toMatchObject({
    state: 'degraded',
    reason: expect.stringContaining('1 audit records were updated or deleted'),
  });
  // It may be that titles were not recorded then.
  expect(judged('policy')).toEqual([['unknown', '1 records lack the image that they should have']]);

  await shop.do('Client.objects.filter(name="2").update(balance=7)');
  await lab.fixture.sql(`
    delete from auditlog_logentry where changes ->> 'title' = '["a", "b"]';
    update auditlog_logentry set changes = jsonb_set(changes, '{text,1}', '"else"') where changes ->> 'text' = '["None", "1"]'
      and content_type_id = (select id from django_content_type where model = 'letter');
    delete from shop_note where text = '2'`);
  for (let i = 0; i < 3; i += 1) await lab.watching.look();
  expect(
    judged('client', 'policy', 'letter', 'note').map(([state, reason]) => [state, reason?.replace(/.*in /, '')]),
  ).toEqual([
    ['confirmed', 'balance'],
    ['confirmed', 'title'],
    ['confirmed', 'text'],
    ['confirmed', '1 missing; last: the row is gone, and no record deletes it'],
  ]);
});
