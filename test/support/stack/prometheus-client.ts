import { z } from 'zod';

const vector = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});
const targets = z.object({
  data: z.object({
    activeTargets: z.array(z.object({ health: z.string(), lastError: z.string(), scrapeUrl: z.string() })),
  }),
});
const rules = z.object({
  data: z.object({
    groups: z.array(
      z.object({
        name: z.string(),
        rules: z.array(z.object({ name: z.string(), health: z.string(), lastError: z.string().optional() })),
      }),
    ),
  }),
});

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a real Prometheus says. */
export class PrometheusClient {
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
  }

  async query(promql: string): Promise<readonly Sample[]> {
    const { data } = vector.parse(await this.#get(`/api/v1/query?query=${encodeURIComponent(promql)}`));
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  async targets() {
    return targets.parse(await this.#get('/api/v1/targets?state=active')).data.activeTargets;
  }

  async rules() {
    return rules.parse(await this.#get('/api/v1/rules')).data.groups.flatMap((group) => group.rules);
  }

  async #get(path: string): Promise<unknown> {
    const answer = await fetch(this.#address + path, { signal: AbortSignal.timeout(10_000) });
    const body: unknown = await answer.json();
    if (!answer.ok) {
      throw new Error(`Prometheus answered ${answer.status}: ${JSON.stringify(body)}`);
    }
    return body;
  }
}
