/** The page `docs/controls.md`: files that people edit, what ships, and which views its queries read. */

import { boardFileSchemas } from './board-file-schemas.js';
import { type LoadedCatalogue, loadCatalogue } from './compliance/catalogue.js';
import { shippedCatalogues } from './compliance/documents.js';
import { firmViews } from './compliance/firm-views.js';
import type { Control, FrameworkReference } from './compliance/model/index.js';
import { inCell, sectionReference } from './configuration-reference.js';
import { controlsReferenceHead, wordsOfFiles } from './controls-reference-text.js';

export function controlsReference(): string {
  const catalogues = shippedCatalogues().flatMap((name) => loadCatalogue(name) ?? []);
  const controls = catalogues.flatMap((catalogue) => catalogue.controls);
  return `${[
    controlsReferenceHead,
    '## Keys of the files',
    ...boardFileSchemas().map(fileReference),
    shippedReference(catalogues),
    viewsReference(controls),
    obligationsReference(controls),
  ].join('\n\n')}\n`;
}

function fileReference({ name, title, schema }: ReturnType<typeof boardFileSchemas>[number]): string {
  const sections = Object.entries(schema.properties ?? {}).map(([key, node]) =>
    sectionReference(key, node, schema.required?.includes(key) ?? false, '####').trim(),
  );
  return [`### ${title}`, wordsOfFiles[name], ...sections].join('\n\n');
}

function shippedReference(catalogues: readonly LoadedCatalogue[]): string {
  const all = catalogues.flatMap(({ controls }) => controls.flatMap(({ references }) => references));
  const count = (confidence: FrameworkReference['confidence']) =>
    all.filter((each) => each.confidence === confidence).length;
  return [
    '## Shipped controls',
    `${catalogues.map(({ identity, controls }) => `\`${identity.name}\` has ${controls.length} controls`).join(', ')}. They name ${all.length} references.

- ${count('verified')} are \`verified\`: somebody read the text on the day that stands beside it. A note may say that a part must be confirmed.
- ${count('to_confirm')} are \`to_confirm\`: from general knowledge. A person must confirm them before relying on them.
- ${count('listed')} are \`listed\`: a document of the portal names them, and nobody read the rule. A person must confirm them as well.`,
    ...catalogues.map(catalogueReference),
  ].join('\n\n');
}

function catalogueReference({ identity, controls, frameworks }: LoadedCatalogue): string {
  const rows = controls.map((control) => {
    const { id, title, severity, owner, checks, references, effective } = control;
    const said = (isVerified: boolean) =>
      references
        .filter(({ confidence }) => (confidence === 'verified') === isVerified)
        .map((each) => referenceText(each))
        .join('; ');
    const from = effective.from === undefined ? '' : ` (from ${effective.from})`;
    const kinds = [...new Set(checks.map(({ kind }) => kind))].join(', ');
    return [`\`${id}\``, `${title}${from}`, `${severity}, ${owner}`, kinds, said(true), said(false)];
  });
  const sources = [...frameworks].map(([name, { title, source }]) => [`\`${name}\``, title, source]);
  return [
    `### ${identity.name}: ${identity.title}`,
    table(['control', 'what must be so', 'severity, owner', 'checked by', 'verified', 'a person must confirm'], rows),
    table(['framework', 'title', 'where it can be read'], sources),
  ].join('\n\n');
}

function referenceText({ framework, ref, checked, note }: FrameworkReference): string {
  const said = [checked === undefined ? '' : ` (${checked})`, note === undefined ? '' : `: ${note}`];
  return `${framework} ${ref}${said.join('')}`;
}

function viewsReference(controls: readonly Control[]): string {
  const rows = firmViews.flatMap(({ name, row, columns }) => [
    [`**\`${name}\`**`, '', '', `A row is ${row}. Read by ${readersOf(name, controls).join(', ')}.`],
    ...columns.map((column) => ['', `\`${column.name}\``, column.type, column.meaning]),
  ]);
  return [
    '## Views of the schema compliance',
    `Queries of shipped controls read views of a schema \`compliance\`, which the firm creates over its own tables. Create those that the
firm has an answer to. While a view is missing, the controls that read it are unknown, and say which view to create. No name of a
person belongs into them: only counts and times leave the database. A \`timestamptz\` is an instant, not a day.`,
    table(['view', 'column', 'type', 'meaning'], rows),
  ].join('\n\n');
}

function readersOf(view: string, controls: readonly Control[]): readonly string[] {
  const reads = new RegExp(`\\bcompliance\\.${view}\\b`);
  return controls.filter(({ checks }) => reads.test(JSON.stringify(checks))).map(({ id }) => id);
}

function obligationsReference(controls: readonly Control[]): string {
  const named = controls.flatMap(({ id, checks }) =>
    checks.flatMap((check) => (check.kind === 'deadline' ? [[`\`${check.obligation}\``, id]] : [])),
  );
  return [
    '## Obligations',
    `Checks of kind \`deadline\` name obligations of the board. \`pack.yaml\` describes those of \`uk-wealth\`; a board that names another
catalogue describes the ones that it needs. [obligations.md](obligations.md) has the columns of their registers.`,
    table(['obligation', 'named by'], named),
  ].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map((row) => line(row.map(inCell)))].join('\n');
}
