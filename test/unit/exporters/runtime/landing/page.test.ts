import { describe, expect, it } from 'vitest';
import { type LandingContent, renderLanding } from '../../../../../exporters/runtime/landing/page.js';
import { landingPolicy, style } from '../../../../../exporters/runtime/landing/style.js';

const at = new Date('2026-08-01T12:00:00Z');
const content: LandingContent = {
  version: '1.2.3',
  now: at,
  startedAt: at,
  ready: { ready: true },
  exporters: [{ name: 'workflow-sla', domain: 'Workflows', readiness: { ready: true }, sections: [] }],
  collectors: [{ name: 'calendar', outcome: 'delivered', durationMs: 1.25, lastSuccess: at }],
  config: {
    files: ['/etc/kop/pack.yaml'],
    sha256: 'abc',
    reload: { successful: true, lastSuccess: at, lastAttempt: at },
  },
  sections: [],
};
const evil = `<script>alert("1")</script>' & "`;

describe('the landing page', () => {
  it('says what runs, how it fares, and from which configuration', () => {
    const html = renderLanding(content);
    for (const text of ['1.2.3', 'workflow-sla', 'calendar', '2026-08-01 12:00:00 UTC', '/etc/kop/pack.yaml', 'abc']) {
      expect(html).toContain(text);
    }
    expect(html).toContain('href="./metrics"');
    expect(html).not.toContain('shard');
  });

  it('escapes everything that comes from elsewhere', () => {
    const html = renderLanding({
      ...content,
      shard: evil,
      ready: { ready: false, reason: evil },
      exporters: [
        {
          name: evil,
          domain: evil,
          readiness: { ready: false, reason: evil },
          sections: [
            {
              title: evil,
              evidence: { fineMeans: evil, findings: [{ what: evil, state: 'attention', why: evil }] },
            },
          ],
        },
      ],
      collectors: [{ name: evil, outcome: 'failed', detail: evil }],
      config: {
        files: [evil],
        sha256: evil,
        reload: { successful: false, lastSuccess: at, lastAttempt: at, reason: evil },
      },
      sections: [
        {
          title: evil,
          intro: evil,
          links: [{ text: evil, href: `https://x/"${evil}` }],
          table: { columns: [evil], rows: [[evil], [{ text: evil, note: evil, state: 'bad', href: `/${evil}` }]] },
        },
      ],
    });
    expect(html.replace(style, '')).not.toMatch(/<script|" & "|alert\("/);
  });

  it('follows no link but paths of its own and the web', () => {
    const html = renderLanding({
      ...content,
      sections: [
        {
          title: 'Links',
          links: [
            { text: 'own', href: '/probe?x=1' },
            { text: 'web', href: 'https://example.org/' },
            { text: 'script', href: 'javascript:alert(1)' },
            { text: 'other host', href: '//evil.example/' },
          ],
        },
      ],
    });
    expect(html).toContain('<a href="./probe?x=1">own</a>');
    expect(html).toContain('<a href="https://example.org/">web</a>');
    expect(html).toContain('<li>script</li>');
    expect(html).toContain('<li>other host</li>');
  });

  it('puts a configuration that cannot be used before everything else', () => {
    const reload = { successful: false, lastSuccess: at, lastAttempt: at, reason: 'pack.yaml:3:1: unknown key' };
    const html = renderLanding({ ...content, config: { ...content.config, reload } });
    expect(html.indexOf('pack.yaml:3:1')).toBeLessThan(html.indexOf('>Exporters</h2>'));
  });

  it('shows an empty table as a sentence, and a time that is none as unknown', () => {
    const html = renderLanding({
      ...content,
      sections: [
        { title: 'Runs', table: { columns: ['When'], rows: [], empty: 'No run yet.' } },
        { title: 'Odd', table: { columns: ['When'], rows: [[{ time: new Date(Number.NaN) }]] } },
      ],
    });
    expect(html).toContain('<p>No run yet.</p>');
    expect(html).toContain('unknown');
  });

  it('has a policy under which no script could run', () => {
    expect(landingPolicy).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='/);
    expect(landingPolicy).not.toMatch(/script-src|unsafe/);
  });
});
