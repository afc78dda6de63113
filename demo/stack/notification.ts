import { z } from 'zod';

const alert = z.object({
  status: z.enum(['firing', 'resolved']),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()).default({}),
  startsAt: z.string(),
  generatorURL: z.string().default(''),
  fingerprint: z.string().default(''),
});

/** What Alertmanager posts to a webhook (version 4 of its payload); whatever else is in there is left alone. */
export const notification = z.object({ receiver: z.string(), alerts: z.array(alert) });

export type Alert = z.infer<typeof alert>;

export interface ReceivedAlert {
  readonly at: Date;
  /** The path it was posted to tells team and priority. */
  readonly path: string;
  readonly receiver: string;
  readonly alert: Alert;
}

/** One alert as two lines of a terminal. */
export function describe({ at, alert }: ReceivedAlert): readonly string[] {
  const { labels, annotations } = alert;
  const status = alert.status === 'firing' ? 'FIRING  ' : 'RESOLVED';
  const what = [labels.alertname, labels.window && `(${labels.window})`].filter(Boolean).join(' ');
  const whom = [labels.priority && `${labels.priority} priority`, labels.team && `for ${labels.team}`].filter(Boolean);
  const subject = [labels.workflow, labels.portal && `on ${labels.portal}`].filter(Boolean).join(' ');
  const head = [what, subject, whom.join(' ')].filter(Boolean).join(' · ');
  const text = annotations.description ?? annotations.summary;
  return [`${clock(at)}  ${status}  ${head}`, ...(text === undefined ? [] : [`${' '.repeat(20)}${text}`])];
}

export function clock(at: Date): string {
  return at.toTimeString().slice(0, 8);
}
