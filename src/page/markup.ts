/** Markup that needs no more escaping. */
export interface Markup {
  readonly markup: string;
}

type Part = Markup | string | number | null;
type Attributes = Readonly<Record<string, string | number | undefined>>;

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string) => text.replace(/[&<>"]/g, (character) => escapes[character] ?? character);

/** One element; texts are escaped, numbers of attributes have as many digits as anybody can see. */
export function element(name: string, attributes: Attributes, ...parts: readonly (Part | readonly Part[])[]): Markup {
  const said = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${typeof value === 'number' ? short(value) : escape(value)}"`],
  );
  return { markup: `<${name}${said.join('')}>${join(parts)}</${name}>` };
}

const join = (parts: readonly (Part | readonly Part[])[]): string =>
  parts.map((part) => (isList(part) ? join(part) : partOf(part))).join('');

const isList = (part: Part | readonly Part[]): part is readonly Part[] => Array.isArray(part);

function partOf(part: Part): string {
  if (part === null) return '';
  return typeof part === 'object' ? part.markup : escape(String(part));
}

/** A coordinate in the fewest digits. */
export const short = (value: number) => String(Math.round(value * 10) / 10);

/** A path through these points. */
export const lineThrough = (points: readonly (readonly [x: number, y: number])[]) =>
  points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${short(x)} ${short(y)}`).join('');
