/** HTML that is safe to write into a page unchanged. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Insert = string | number | Html | readonly Html[] | undefined;

/** Escapes whatever is inserted, unless it is HTML already. */
export function html(strings: TemplateStringsArray, ...inserts: readonly Insert[]): Html {
  let text = '';
  strings.forEach((string, index) => {
    text += string + insertText(inserts[index]);
  });
  return new Html(text);
}

function insertText(insert: Insert): string {
  if (insert === undefined) return '';
  if (insert instanceof Html) return insert.text;
  if (typeof insert === 'object') return insert.map(({ text }) => text).join('');
  return String(insert).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
