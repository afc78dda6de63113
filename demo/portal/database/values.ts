import pg from 'pg';

/** numeric, kept as text: the portal prints it as a string on some routes and as a number on others. */
export class Decimal {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toNumber(): number {
    return Number(this.text);
  }
}

/** timestamptz as ISO text with microseconds and `+00:00`; JavaScript's Date would lose the last three digits. */
export class Instant {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const OID = { bigint: 20, date: 1082, timestamptz: 1184, numeric: 1700, jsonb: 3802 } as const;

/** How rows reach the routes; the session's time zone has to be UTC. */
export function rowTypes(): pg.TypeOverrides {
  const types = new pg.TypeOverrides();
  types.setTypeParser(OID.bigint, Number);
  types.setTypeParser(OID.date, (text: string) => text);
  types.setTypeParser(
    OID.timestamptz,
    (text: string) => new Instant(text.replace(' ', 'T').replace(/\+00$/, '+00:00')),
  );
  types.setTypeParser(OID.numeric, (text: string) => new Decimal(text));
  // asyncpg hands jsonb over as text, and so it reaches the answer.
  types.setTypeParser(OID.jsonb, (text: string) => text);
  return types;
}

export function numberOf(value: Decimal | number | null | undefined): number {
  return value instanceof Decimal ? value.toNumber() : (value ?? 0);
}
