import { createHash } from 'node:crypto';

/** Colours have a contrast of at least 4.5:1 in both schemes; a state is always shown as a word too. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --line: #dde1e6; --text: #1b2027; --quiet: #56606b; --link: #0b5cad;
  --good: #17703a; --good-tint: #e3f4e8; --bad: #b3261e; --bad-tint: #fdeaea;
  --warning: #855300; --warning-tint: #fff3da; --neutral: #56606b; --neutral-tint: #eceff2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #111418; --card: #191d23; --line: #2c333c; --text: #e4e8ed; --quiet: #9aa5b1; --link: #7ab8ff;
    --good: #6fd694; --good-tint: #14301f; --bad: #ff9a92; --bad-tint: #3b1a19;
    --warning: #f2c063; --warning-tint: #352709; --neutral: #9aa5b1; --neutral-tint: #242a32;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
}
header, main, footer { max-width: 72rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 2rem; padding-bottom: .5rem; }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; }
h2 { margin: 0 0 .25rem; font-size: 1.05rem; }
p { margin: 0; }
.lead { margin-top: .25rem; color: var(--quiet); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 1rem 0 0; padding: 0; list-style: none; }
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible, .scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
section { margin-top: 1.25rem; padding: 1.1rem 1.25rem 1.2rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
section > p { color: var(--quiet); }
.scroll { overflow-x: auto; margin-top: .6rem; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { padding: .3rem 1rem .3rem 0; color: var(--quiet); font-size: .8rem; font-weight: 600; text-align: left; vertical-align: bottom; }
td { padding: .45rem 1rem .45rem 0; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; }
th:last-child, td:last-child { padding-right: 0; }
time, .short { white-space: nowrap; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .35rem 1.5rem; margin: .6rem 0 0; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, "Liberation Mono", monospace; }
pre { margin: .6rem 0 0; padding: .75rem .9rem; overflow-x: auto; background: var(--bad-tint); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
.state { display: inline-block; padding: .05rem .5rem; border-radius: 6px; font-size: .85rem; font-weight: 600; }
.good { color: var(--good); background: var(--good-tint); }
.bad { color: var(--bad); background: var(--bad-tint); }
.warning { color: var(--warning); background: var(--warning-tint); }
.neutral { color: var(--neutral); background: var(--neutral-tint); }
.summary { margin: .6rem 0 0; padding: 0; list-style: none; }
.summary > li { display: grid; grid-template-columns: 10rem 9rem minmax(0, 1fr); gap: 0 1rem; padding: .55rem 0; border-top: 1px solid var(--line); }
.summary > li:last-child { padding-bottom: 0; }
.summary h3 { margin: 0; font-size: 1em; }
.summary ul { margin: 0; padding: 0; list-style: none; overflow-wrap: anywhere; }
.note { display: block; color: var(--quiet); font-size: .85rem; }
.links { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .6rem 0 0; padding: 0; list-style: none; }
footer { padding-top: 1.25rem; padding-bottom: 2rem; color: var(--quiet); font-size: .85rem; }
@media (max-width: 40rem) {
  header, main, footer { padding-left: 1rem; padding-right: 1rem; }
  .summary > li { grid-template-columns: minmax(0, 1fr) max-content; }
  .summary ul { grid-column: 1 / -1; margin-top: .25rem; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: .5rem; }
}
`;

/** The page loads nothing, runs nothing and sends nothing, except for this style. */
export const landingPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
