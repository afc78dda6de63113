import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { decodeJobs, encodeJobs, workflowJobsOf } from '../../../../../exporters/workflow/plan.js';
import { loadPack } from '../../../../../pack/index.js';
import { expectation, job, step } from '../../../../support/workflow/domain.js';
import { runOnce, verdictOf } from '../../../../support/workflow/engine.js';
import { packYaml, workflowYaml, writePack } from '../../../../support/workflow/process.js';
import { httpServer, json } from '../../../../support/workflow/server.js';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('the charset of an answer', () => {
  test('a mark before JSON, and a page in latin1, are judged', async () => {
    const server = await httpServer((request, response) => {
      if (request.url === '/json') response.writeHead(200, { 'content-type': 'application/json' }).end('\ufeff{"a":1}');
      else response.writeHead(200, { 'content-type': 'text/html; charset=iso-8859-1' }).end(latin1('Grüße'));
    });
    const steps = [
      step({ name: 'json', path: '/json', expect: expectation({ json: [{ path: '$.a', equals: 1 }] }) }),
      step({ name: 'page', path: '/page', expect: expectation({ bodyMatches: ['^Grüße$'] }) }),
    ];
    expect(verdictOf(await runOnce(job(server.url, { workflow: { steps } })))).toBe('ok');
  });
});

describe('numbers that JavaScript cannot hold', () => {
  test('are sent with the digits that were written in the description', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const body =
      '{ id: 9007199254740993, deep: [-0.12345678901234567891, 1.10], text: "9007199254740993", user: "$' +
      '{env:KOP_TEST_USER}" }';
    const file = writePack(
      packYaml(
        `kingston: { title: Kingston, baseUrl: "${server.url}", network: { proxy: none } }`,
        workflowYaml(
          'look',
          '',
          `- { name: look, path: /look, method: POST, mutates: false, body: { json: ${body} } }`,
        ),
      ),
    );
    vi.stubEnv('KOP_TEST_USER', 'probe');
    onTestFinished(() => void vi.unstubAllEnvs());
    // As it crosses to the measuring thread.
    const [sent] = decodeJobs(encodeJobs(workflowJobsOf(loadPack([file], { requireSecrets: false }))));
    expect(verdictOf(await runOnce(sent ?? job(server.url)))).toBe('ok');
    expect(server.requests[0]?.body).toBe(
      '{"id":9007199254740993,"deep":[-0.12345678901234567891,1.1],"text":"9007199254740993","user":"probe"}',
    );
  });

  test('are extracted and used again with all their digits', async () => {
    const server = await httpServer((_, response) => {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"x":1,"clients":[{"id":1},{"id":9007199254740993}],"price":0.12345678901234567891,"a":1.10}');
    });
    const steps = [
      step({
        name: 'one',
        extract: {
          id: { from: 'json', path: '$.clients[1].id' },
          price: { from: 'json', path: '$.price' },
          small: { from: 'json', path: '$.a' },
        },
      }),
      step({ name: 'two', path: '/clients/{id}', query: { price: '{price}', small: '{small}' } }),
    ];
    expect(verdictOf(await runOnce(job(server.url, { workflow: { steps } })))).toBe('ok');
    expect(server.requests[1]?.url).toBe('/clients/9007199254740993?price=0.12345678901234567891&small=1.1');
  });

  test.each([
    ['9007199254740993', 'ok'],
    ['9007199254740992', 'assertion: $.id is not "9007199254740992"'],
  ])('are compared with the text %s', async (equals, verdict) => {
    const server = await httpServer((_, response) => response.end('{"id":9007199254740993}'));
    const steps = [step({ expect: expectation({ json: [{ path: '$.id', equals }] }) })];
    expect(verdictOf(await runOnce(job(server.url, { workflow: { steps } })))).toBe(verdict);
  });
});
