import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * @typedef {object} Need
 * @property {string} title
 * @property {string[]} programs any of these will do
 * @property {string[]} packages Debian packages, the first that the machine's sources know is taken
 * @property {string} [ubuntu] how to get it on Ubuntu, where its packages do not bring it
 * @property {string} brew what Homebrew calls it
 * @property {string} page where others get it
 */

/** @type {readonly Need[]} */
const needs = [
  {
    title: 'Prometheus',
    programs: ['prometheus'],
    packages: ['prometheus'],
    brew: 'prometheus',
    page: 'https://prometheus.io/download/',
  },
  {
    title: 'promtool',
    programs: ['promtool'],
    // Part of the package prometheus up to Debian 12, a package of its own from Debian 13 on.
    packages: ['promtool', 'prometheus'],
    brew: 'prometheus',
    page: 'https://prometheus.io/download/',
  },
  {
    title: 'Alertmanager',
    programs: ['alertmanager', 'prometheus-alertmanager'],
    packages: ['prometheus-alertmanager'],
    brew: 'alertmanager',
    page: 'https://prometheus.io/download/',
  },
  {
    title: 'amtool',
    programs: ['amtool'],
    packages: ['prometheus-alertmanager'],
    brew: 'alertmanager',
    page: 'https://prometheus.io/download/',
  },
  {
    title: 'SoftHSM',
    programs: ['softhsm2-util'],
    packages: ['softhsm2'],
    brew: 'softhsm',
    page: 'https://www.softhsm.org/',
  },
  {
    title: 'PgBouncer',
    programs: ['pgbouncer'],
    packages: ['pgbouncer'],
    brew: 'pgbouncer',
    page: 'https://www.pgbouncer.org/',
  },
  {
    title: 'psql',
    programs: ['psql'],
    packages: ['postgresql-client'],
    brew: 'libpq',
    page: 'https://www.postgresql.org/download/',
  },
  {
    title: 'Chromium',
    programs: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    packages: ['chromium'],
    // There the package is a stub that wants the snap of the same name.
    ubuntu: 'sudo snap install chromium',
    brew: '--cask chromium',
    page: 'https://www.chromium.org/getting-involved/download-chromium/',
  },
  {
    title: 'ps',
    programs: ['ps'],
    packages: ['procps'],
    // Part of macOS; whoever lacks it there lacks more.
    brew: 'procps',
    page: 'https://gitlab.com/procps-ng/procps',
  },
];

/** Browsers on macOS are not on the PATH. */
const macBrowsers = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Where Debian puts servers such as PgBouncer. They are on root's PATH, and not on that of others, who may run them too. */
export const serverFolders = ['/usr/local/sbin', '/usr/sbin'];

/**
 * @param {readonly string[]} folders searched beside the PATH
 * @returns {Need[]}
 */
export function missingTools(folders = serverFolders) {
  return needs.filter(({ title, programs }) => {
    const elsewhere =
      title === 'Chromium' && process.platform === 'darwin' && macBrowsers.some((file) => existsSync(file));
    return !elsewhere && !programs.some((program) => onPath(program, folders));
  });
}

/**
 * @param {string} program
 * @param {readonly string[]} [folders] searched beside the PATH
 */
export function onPath(program, folders = []) {
  const name = process.platform === 'win32' ? `${program}.exe` : program;
  return [...(process.env.PATH ?? '').split(delimiter), ...folders].some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @param {readonly Need[]} missing */
export function howToInstall(missing) {
  const unique = (/** @type {string[]} */ names) => [...new Set(names)];
  const debian = unique(missing.flatMap(({ packages }) => packages.slice(-1)));
  const onUbuntu = missing.filter(({ ubuntu }) => ubuntu === undefined);
  const ubuntu = unique(onUbuntu.flatMap(({ packages }) => packages.slice(-1)));
  const ubuntuCommands = [
    ...(ubuntu.length === 0 ? [] : [`sudo apt-get install ${ubuntu.join(' ')}`]),
    ...missing.flatMap(({ ubuntu: command }) => command ?? []),
  ];
  const services = debian.filter((name) => name.startsWith('prometheus'));
  return [
    `The tests need ${missing.map(({ title }) => title).join(', ')}. Install ${missing.length === 1 ? 'it' : 'them'} and run npm test again:`,
    ...(onUbuntu.length === missing.length
      ? [`  Debian, Ubuntu: sudo apt-get install ${debian.join(' ')}`]
      : [
          `  Debian:         sudo apt-get install ${debian.join(' ')}`,
          `  Ubuntu:         ${ubuntuCommands.join(' && ')}`,
        ]),
    ...(services.length === 0
      ? []
      : [`                  sudo systemctl disable --now ${services.join(' ')}   (tests start their own)`]),
    `  macOS:          ${unique(missing.map(({ brew }) => `brew install ${brew}`)).join(' && ')}`,
    '  elsewhere:      put these programs on the PATH:',
    ...missing.map(({ programs, page }) => `                    ${programs.join(' or ')}   ${page}`),
    'Most tests need none of them: npx vitest run test/unit',
  ].join('\n');
}

/**
 * The browser that the tests drive.
 * @returns {string}
 */
export function browserPath() {
  const programs = needs.find(({ title }) => title === 'Chromium')?.programs ?? [];
  const onThePath = programs.flatMap((program) =>
    (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program)),
  );
  const found = [...onThePath, ...macBrowsers].find((file) => existsSync(file));
  if (found === undefined) throw new Error('no Chromium was found: npm test says how to install it');
  return found;
}
