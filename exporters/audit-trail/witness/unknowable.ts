/** Why nothing can be said of a range, and the GRANT or setting that would mend it. */
export class Unknowable extends Error {
  override readonly name: string = 'Unknowable';
  readonly mend: string | undefined;

  constructor(reason: string, mend?: string, cause?: unknown) {
    super(reason, { cause });
    this.mend = mend;
  }
}

/** The same, and the place from which to go on is gone: counting begins anew, and the range between stays unknown. */
export class PlaceLost extends Unknowable {
  override readonly name = 'PlaceLost';
}
