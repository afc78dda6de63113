import { describe, expect, it } from 'vitest';
import { ruleFromFlag } from '../../../demo/portal/faults/flag.js';
import { checkRule } from '../../../demo/portal/faults/rule.js';

describe('--fault', () => {
  it.each([
    ['latency=250', { kind: 'latency', params: { distribution: 'constant', ms: 250 }, route: '*', probability: 1 }],
    [
      'latency=lognormal,medianMs=400,sigma=0.5,route=/api/search',
      { kind: 'latency', params: { distribution: 'lognormal', medianMs: 400, sigma: 0.5 }, route: '/api/search' },
    ],
    ['status=503,probability=0.1', { kind: 'status', params: { status: 503 }, probability: 0.1 }],
    ['ok_with_error=404', { kind: 'ok_with_error', params: { message: '404' } }],
    [
      'table_lock=client_groups,forSeconds=60',
      { kind: 'table_lock', params: { table: 'client_groups' }, forSeconds: 60 },
    ],
    ['table_missing=company_revenue_analytics', { kind: 'table_missing' }],
    ['connection_reset,probability=0.5', { kind: 'connection_reset', params: { afterBytes: 0 } }],
    ['database_down', { kind: 'database_down' }],
    ['certificate=-1', { kind: 'certificate', params: { days: -1 } }],
    ['redirect_loop', { kind: 'redirect_loop', params: { status: 302 } }],
  ])('%s', (flag, expected) => {
    expect(checkRule(ruleFromFlag(flag))).toMatchObject(expected);
  });

  it.each([
    ['lag=250', /kind: must be one of latency, status/],
    ['latency', /params/],
    ['latency=fast', /params.distribution/],
    ['latency=uniform,minMs=9,maxMs=1', /maxMs: must not be below minMs/],
    ['status=200', /params.status/],
    ['status=503,probability=2', /probability/],
    ['table_lock=users', /params.table/],
    ['database_down=1', /takes no value/],
    ['database_down,route=/api', /route/],
    ['status=503,often', /expected key=value/],
    ['status=503,until=tomorrow', /until/],
    ['status=503,until=2030-01-01T00:00:00Z,forSeconds=5', /not both/],
  ])('%s is refused with a reason', (flag, reason) => {
    expect(() => checkRule(ruleFromFlag(flag))).toThrow(reason);
  });
});
