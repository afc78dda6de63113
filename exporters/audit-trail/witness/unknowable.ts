/** Why a range cannot be counted, and the GRANT or setting that fixes it. */
export class Unknowable extends Error {
  override readonly name: string = 'Unknowable';
  readonly fix: string | undefined;

  constructor(reason: string, fix?: string, cause?: unknown) {
    super(reason, { cause });
    this.fix = fix;
  }
}

/** The same, and the place from which to go on is gone: counting begins anew, and the range between stays unknown. */
export class PlaceLost extends Unknowable {
  override readonly name = 'PlaceLost';
}
