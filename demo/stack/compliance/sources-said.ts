import { z } from 'zod';

/** What the exporter's API says of its controls, as far as the demo tells it. */
export const toldControls = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      raw: z.string(),
      reason: z.string().optional(),
      checks: z.array(z.object({ kind: z.string(), outcome: z.string(), reason: z.string().optional() })),
    }),
  ),
});

export type ToldControl = z.output<typeof toldControls>['items'][number];

/**
 * How many controls are judged by something that is measured. A statement of a person is none of that, and here the demo
 * itself wrote it.
 */
export function sourcesSaid(controls: readonly ToldControl[]): readonly string[] {
  const applicable = controls.filter(({ raw }) => raw !== 'not_applicable');
  const unknown = applicable.filter(({ raw }) => raw === 'unknown');
  const judged = applicable.filter(({ raw }) => raw !== 'unknown');
  const stated = judged.filter(({ checks }) => !checks.some(isMeasured));
  return [
    '',
    `Compliance: ${judged.length - stated.length} of ${applicable.length} controls have a live source in this demo.`,
    ...(stated.length === 0
      ? []
      : ['These rest on a statement alone, which the demo wrote:', `  ${stated.map(({ id }) => id).join(', ')}`]),
    ...(unknown.length === 0
      ? []
      : ['These are unknown, because a source is missing or has said nothing yet:', ...unknown.map(missing)]),
  ];
}

function isMeasured({ kind, outcome }: ToldControl['checks'][number]): boolean {
  return kind !== 'attestation' && outcome !== 'unknown';
}

function missing({ id, checks, reason }: ToldControl): string {
  const reasons = checks.flatMap((check) => (check.outcome === 'unknown' ? (check.reason ?? []) : []));
  const said = reasons.length === 0 ? (reason ?? 'no reason is given') : [...new Set(reasons)].join('; ');
  return `  ${id}  ${said}`;
}
