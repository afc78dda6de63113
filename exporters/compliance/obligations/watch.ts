import type { Obligation } from '../../../pack/compliance/model/index.js';
import type { Calendar } from '../../../pack/policy/model.js';
import type { LookContext } from '../checks/look.js';
import {
  collectObligation,
  emptyObligationMemory,
  judgedRegister,
  type ObligationMemory,
  type ObligationReading,
} from './collect.js';
import type { RegisterReader } from './registers/register.js';

/** Checks of several controls that ask within this time share one reading. */
const SHARED_FOR_MS = 10_000;

/** The newest reading of one obligation. */
export class ObligationWatch {
  readonly obligation: Obligation;
  readonly #calendar: Calendar;
  readonly #reader: RegisterReader;
  #memory: ObligationMemory;
  #reading: Promise<ObligationReading> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #last: ObligationReading | undefined;

  constructor(obligation: Obligation, calendar: Calendar, reader: RegisterReader, memory = emptyObligationMemory) {
    this.obligation = obligation;
    this.#calendar = calendar;
    this.#reader = reader;
    this.#memory = memory;
  }

  /** For the state file. */
  get memory(): ObligationMemory {
    return this.#memory;
  }

  /** Undefined before the first. */
  get last(): ObligationReading | undefined {
    return this.#last;
  }

  read(context: LookContext): Promise<ObligationReading> {
    if (this.#reading !== undefined && performance.now() - this.#readAt < SHARED_FOR_MS) return this.#reading;
    this.#readAt = performance.now();
    this.#reading = this.#collect(context);
    // One that was cut off is no answer for others, and what was read before is no longer what is there.
    this.#reading.catch(() => {
      this.#reading = undefined;
      const answer = { unreadable: 'the register gave no answer in time' };
      this.#last = judgedRegister(this.obligation, this.#calendar, answer, this.#memory, context.now);
    });
    return this.#reading;
  }

  async #collect(context: LookContext): Promise<ObligationReading> {
    const reading = await collectObligation(this.obligation, this.#calendar, this.#reader, this.#memory, context);
    this.#memory = reading.memory;
    this.#last = reading;
    return reading;
  }
}
