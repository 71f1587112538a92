/**
 * Cuts a stream of text into the JSON objects in it: those of one list, or one after the other as in JSON lines. What is inside
 * them is not looked at. Throws a `RangeError` for what is neither, for a text that ends too early, and for an object that is too long.
 */
export async function* jsonObjects(chunks: AsyncIterable<string>, charactersMax: number): AsyncGenerator<string> {
  let place: Place = 'start';
  let depth = 0;
  let inText = false;
  let isEscaped = false;
  let kept = '';
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const character = chunk.charCodeAt(at);
      if (inText) {
        if (isEscaped) isEscaped = false;
        else if (character === backslash) isEscaped = true;
        else if (character === quote) inText = false;
        continue;
      }
      if (depth === 0) {
        if (space.includes(character)) continue;
        const next: Place | undefined = places[place].next[String.fromCharCode(character)];
        if (next === undefined) {
          throw new RangeError(`${places[place].expected}, not ${JSON.stringify(chunk.slice(at, at + 20))}`);
        }
        place = next;
      }
      if (character === quote) inText = true;
      else if (character === open) {
        if (depth === 0) from = at;
        depth += 1;
      } else if (character === close) {
        depth -= 1;
        if (depth > 0) continue;
        yield kept + chunk.slice(from, at + 1);
        kept = '';
      }
    }
    if (depth === 0) continue;
    kept += chunk.slice(from);
    if (kept.length > charactersMax) throw new RangeError(`an object of more than ${charactersMax} characters`);
  }
  if (depth > 0) throw new RangeError('the text ends within an object');
  if (places[place].inList) throw new RangeError('the text ends within the list: its end is missing');
}

type Place = 'start' | 'first in list' | 'next in list' | 'after one in list' | 'after list' | 'lines';

interface Rules {
  /** Where each character leads that may come here, outside of objects. */
  readonly next: Readonly<Record<string, Place>>;
  readonly expected: string;
  readonly inList: boolean;
}

const places: Readonly<Record<Place, Rules>> = {
  start: {
    next: { '[': 'first in list', '{': 'lines' },
    expected: 'a list of objects or an object is expected',
    inList: false,
  },
  'first in list': {
    next: { '{': 'after one in list', ']': 'after list' },
    expected: 'an object is expected',
    inList: true,
  },
  'next in list': { next: { '{': 'after one in list' }, expected: 'an object is expected', inList: true },
  'after one in list': {
    next: { ',': 'next in list', ']': 'after list' },
    expected: 'a comma or the end of the list is expected',
    inList: true,
  },
  'after list': { next: {}, expected: 'nothing is expected after the list', inList: false },
  lines: { next: { '{': 'lines' }, expected: 'an object is expected', inList: false },
};

const codesOf = (text: string) => Array.from(text, (character) => character.charCodeAt(0));
const [quote, backslash, open, close] = codesOf('"\\{}');
const space = codesOf(' \t\r\n\ufeff');
