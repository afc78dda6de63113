import { expect, test } from 'vitest';
import { exporterPlace, placeText, statePlace, stateSources } from '../../../../../exporters/runtime/state/index.js';

const all = { KOP_STATE_DIRECTORY: '/kop', STATE_DIRECTORY: '/var/lib/kop:/var/lib/other', XDG_STATE_HOME: '/xdg' };

test.each([
  ['/flag', all, '/flag', '--state-directory'],
  [undefined, all, '/kop', 'KOP_STATE_DIRECTORY'],
  [undefined, { ...all, KOP_STATE_DIRECTORY: '' }, '/var/lib/kop', 'STATE_DIRECTORY'],
  [undefined, { XDG_STATE_HOME: '/xdg' }, '/xdg/kop', 'XDG_STATE_HOME'],
  // The specification has a relative one ignored.
  [undefined, { XDG_STATE_HOME: 'xdg' }, '/home/op/.local/state/kop', 'default'],
  [undefined, {}, '/home/op/.local/state/kop', 'default'],
] as const)('flag %j and %j lead to %s, from %s', (flag, env, directory, from) => {
  expect(statePlace(flag, env, '/home/op')).toEqual({ directory, from });
});

test('the place of the default depends on no working directory, and messages say where a place is from', () => {
  expect(placeText(statePlace(undefined, {}, '/home/op'))).toBe('/home/op/.local/state/kop (the default)');
  expect(placeText(statePlace('/flag', {}))).toBe('/flag (from --state-directory)');
});

test('the folder of the description gives way to whoever chose one for this process, and goes before the default', () => {
  const directories = stateSources.map((from) => [
    from,
    exporterPlace({ directory: '/kop', from }, 'encryption', '/described').directory,
  ]);
  expect(Object.fromEntries(directories)).toMatchObject({
    '--state-directory': '/kop/encryption',
    KOP_STATE_DIRECTORY: '/kop/encryption',
    STATE_DIRECTORY: '/kop/encryption',
    XDG_STATE_HOME: '/described',
    default: '/described',
  });
  expect(exporterPlace({ directory: '/kop', from: 'default' }, 'encryption')).toEqual({
    directory: '/kop/encryption',
    from: 'default',
  });
});
