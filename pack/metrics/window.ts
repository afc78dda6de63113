/** A PromQL duration in its largest whole unit, as recordings carry it in their names. */
export type Window = `${number}${'s' | 'm' | 'h' | 'd'}`;
