import { type DefaultTreeAdapterMap, parse } from 'parse5';

type Node = DefaultTreeAdapterMap['node'];
type Element = DefaultTreeAdapterMap['element'];

/** A form control that a browser sends or may send. */
interface Control {
  readonly name: string;
  readonly value: string;
  /** A button is sent only if it was pressed. */
  readonly isButton: boolean;
  /** An unchecked box is sent only if a user checks it. */
  readonly isSent: boolean;
}

export interface Form {
  readonly action: URL;
  readonly method: 'GET' | 'POST';
  readonly encoding: string;
  readonly controls: readonly Control[];
}

/** The parts of a page that a login needs. Additions by scripts are missing. */
export interface HtmlPage {
  readonly forms: readonly Form[];
  /** `content` by `name`, of `<meta>`. */
  readonly meta: ReadonlyMap<string, string>;
}

/** No login page has more forms; each is searched for in the whole page. */
const MAX_FORMS = 20;

/** Parses a page as browsers do (the WHATWG parser), even if its HTML is invalid. */
export function readHtml(html: string, url: URL): HtmlPage {
  const elements = [...elementsIn(parse(html))];
  const base = elements.find(({ tagName }) => tagName === 'base');
  const home = resolve(base === undefined ? undefined : attribute(base, 'href'), url) ?? url;
  const meta = new Map<string, string>();
  for (const element of elements) {
    const [name, content] = [attribute(element, 'name'), attribute(element, 'content')];
    if (element.tagName === 'meta' && name !== undefined && content !== undefined) meta.set(name, content);
  }
  const written = elements.filter(({ tagName }) => tagName === 'form').slice(0, MAX_FORMS);
  const forms = written.flatMap((element): Form[] => {
    const action = attribute(element, 'action')?.trim();
    // An empty action means the page itself, and not its <base>.
    const target = action === undefined || action === '' ? url : resolve(action, home);
    if (target === undefined) return [];
    return [
      {
        action: target,
        method: attribute(element, 'method')?.trim().toLowerCase() === 'post' ? 'POST' : 'GET',
        encoding: attribute(element, 'enctype')?.trim().toLowerCase() ?? 'application/x-www-form-urlencoded',
        controls: controlsOf(element, elements),
      },
    ];
  });
  return { forms, meta };
}

/** The first form with all these fields; without fields, the first form that can be sent. */
export function formWith({ forms }: HtmlPage, names: readonly string[]): Form | undefined {
  return forms.find(({ controls }) => {
    if (names.length === 0) return controls.length > 0;
    return names.every((name) => controls.some((control) => control.name === name));
  });
}

/** What a browser would send: all fields of the form, filled in, and one button, the first unless another is given. */
export function filled(form: Form, values: ReadonlyMap<string, string>): URLSearchParams {
  const buttons = form.controls.filter(({ isButton }) => isButton);
  const pressed = buttons.find(({ name }) => values.has(name)) ?? buttons[0];
  const sent = form.controls.filter((control) =>
    control.isButton ? control === pressed && control.name !== '' : control.isSent || values.has(control.name),
  );
  return new URLSearchParams(sent.map(({ name, value }): [string, string] => [name, values.get(name) ?? value]));
}

function controlsOf(form: Element, all: readonly Element[]): Control[] {
  const inside = new Set(elementsIn(form));
  const id = attribute(form, 'id');
  return all
    .filter((element) => {
      const owner = attribute(element, 'form');
      return owner === undefined ? inside.has(element) : id !== undefined && owner === id;
    })
    .flatMap((element): Control[] => {
      const control = controlOf(element);
      return control === undefined ? [] : [control];
    });
}

function controlOf(element: Element): Control | undefined {
  if (attribute(element, 'disabled') !== undefined) return undefined;
  const name = attribute(element, 'name') ?? '';
  const value = attribute(element, 'value');
  const type = attribute(element, 'type')?.toLowerCase();
  const field = (text: string, isSent = true) =>
    name === '' ? undefined : { name, value: text, isButton: false, isSent };
  switch (element.tagName) {
    case 'input':
      if (type === 'submit') return { name, value: value ?? 'Submit', isButton: true, isSent: false };
      if (type === 'checkbox' || type === 'radio')
        return field(value ?? 'on', attribute(element, 'checked') !== undefined);
      return ['reset', 'button', 'image', 'file'].includes(type ?? '') ? undefined : field(value ?? '');
    case 'button':
      return type === undefined || type === 'submit'
        ? { name, value: value ?? '', isButton: true, isSent: false }
        : undefined;
    case 'textarea':
      return field(textIn(element).replace(/^\n/, ''));
    case 'select': {
      const options = [...elementsIn(element)].filter(({ tagName }) => tagName === 'option');
      const chosen = options.find((option) => attribute(option, 'selected') !== undefined) ?? options[0];
      return chosen === undefined ? undefined : field(attribute(chosen, 'value') ?? textIn(chosen).trim());
    }
    default:
      return undefined;
  }
}

/** Depth first without recursion: a page may be nested to any depth. */
function* elementsIn(root: Node): Generator<Element> {
  const left = childrenOf(root).toReversed();
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if ('tagName' in node) yield node;
    for (const child of childrenOf(node).toReversed()) left.push(child);
  }
}

function childrenOf(node: Node): Node[] {
  return 'childNodes' in node ? node.childNodes : [];
}

function textIn(element: Element): string {
  return element.childNodes.map((child) => ('value' in child ? child.value : '')).join('');
}

function attribute({ attrs }: Element, name: string): string | undefined {
  return attrs.find((attr) => attr.name === name)?.value;
}

function resolve(written: string | undefined, base: URL): URL | undefined {
  if (written === undefined || !URL.canParse(written, base.href)) return undefined;
  return new URL(written, base);
}
