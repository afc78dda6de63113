import { describe, expect, it } from 'vitest';
import { scrapeBudgetMs } from '../../../../exporters/runtime/deadline.js';
import { negotiateFormat } from '../../../../exporters/runtime/negotiate.js';

const prometheus242 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
const prometheus3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1';
const protobufFirst = `application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,${prometheus3}`;
const victoria = 'text/plain;version=0.0.4;q=1,*/*;q=0.1';

describe('negotiation', () => {
  it.each([
    [undefined, 'text'],
    ['', 'text'],
    ['*/*', 'text'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'text'],
    ['text/plain', 'text'],
    [prometheus242, 'openmetrics'],
    [prometheus3, 'openmetrics'],
    [protobufFirst, 'openmetrics'],
    [victoria, 'text'],
    ['application/openmetrics-text', 'openmetrics'],
    ['Application/OpenMetrics-Text; Version="1.0.0"', 'openmetrics'],
    ['application/openmetrics-text;version=2.0.0', 'text'],
    ['application/openmetrics-text;q=0', 'text'],
    ['application/openmetrics-text;q=0.2,text/plain;version=0.0.4;q=0.9', 'text'],
    ['application/openmetrics-text;q=abc', 'openmetrics'],
    [';;,=,q', 'text'],
  ])('of %s gives %s', (accept, format) => {
    expect(negotiateFormat(accept)).toBe(format);
  });
});

describe('the time for collectors', () => {
  it.each([
    [undefined, 9500],
    ['10', 9500],
    ['10.000000', 9500],
    ['1', 900],
    ['0.5', 450],
    ['15', 14_500],
    ['0', 9500],
    ['-3', 9500],
    ['abc', 9500],
    ['1e9', 9500],
    ['NaN', 9500],
    ['', 9500],
    ['999999999', 599_500],
  ])('under the header %s is %d ms', (header, budget) => {
    expect(scrapeBudgetMs(header)).toBe(budget);
  });
});
