import type { Readiness } from '../exporter.js';
import type { LandingContent } from './page.js';
import type { LandingCell, LandingSection, SectionEvidence } from './section.js';

type Redact = (text: string) => string;

/**
 * Removes secrets before the text is escaped: afterwards a secret could have a form that is not searched for, and
 * `<secret>` itself would be a tag.
 */
export function redactContent(content: LandingContent, redact: Redact): LandingContent {
  const { reload, files } = content.config;
  return {
    ...content,
    ready: redactReadiness(content.ready, redact),
    exporters: content.exporters.map(({ name, domain, readiness, sections }) => ({
      name,
      domain,
      readiness: redactReadiness(readiness, redact),
      sections: sections.map((section) => redactSection(section, redact)),
    })),
    collectors: content.collectors.map(({ detail, ...state }) => ({
      ...state,
      ...(detail === undefined ? {} : { detail: redact(detail) }),
    })),
    config: {
      ...content.config,
      files: files.map(redact),
      reload: { ...reload, ...(reload.reason === undefined ? {} : { reason: redact(reload.reason) }) },
    },
    sections: content.sections.map((section) => redactSection(section, redact)),
  };
}

function redactReadiness({ ready, reason }: Readiness, redact: Redact): Readiness {
  return { ready, ...(reason === undefined ? {} : { reason: redact(reason) }) };
}

function redactSection({ title, intro, table, links, evidence }: LandingSection, redact: Redact): LandingSection {
  return {
    title: redact(title),
    ...(intro === undefined ? {} : { intro: redact(intro) }),
    ...(table === undefined
      ? {}
      : {
          table: {
            ...table,
            columns: table.columns.map(redact),
            rows: table.rows.map((row) => row.map((cell) => redactCell(cell, redact))),
          },
        }),
    ...(links === undefined
      ? {}
      : { links: links.map(({ text, href }) => ({ text: redact(text), href: redact(href) })) }),
    ...(evidence === undefined ? {} : { evidence: redactEvidence(evidence, redact) }),
  };
}

function redactEvidence({ fineMeans, findings }: SectionEvidence, redact: Redact): SectionEvidence {
  return {
    fineMeans,
    findings: findings.map((finding) =>
      finding.state === 'fine'
        ? { ...finding, what: redact(finding.what) }
        : { ...finding, what: redact(finding.what), why: redact(finding.why) },
    ),
  };
}

function redactCell(cell: LandingCell, redact: Redact): LandingCell {
  if (typeof cell === 'string') return redact(cell);
  if ('time' in cell) return cell;
  const { text, href, note } = cell;
  return {
    ...cell,
    text: redact(text),
    ...(href === undefined ? {} : { href: redact(href) }),
    ...(note === undefined ? {} : { note: redact(note) }),
  };
}
