/** Of every series in the tests. */
export const target = { job: 'kop', instance: 'probe-1:9464' } as const;
