/**
 * Cuts a stream of text into the JSON objects in it: those of one list, or one after the other as in JSON lines. What is inside
 * them is not looked at. Throws a `RangeError` for what is no object, or too long.
 */
export async function* jsonObjects(chunks: AsyncIterable<string>, charactersMax: number): AsyncGenerator<string> {
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
      } else if (depth === 0 && !between.includes(character)) {
        throw new RangeError(`an object is expected, not ${JSON.stringify(chunk.slice(at, at + 20))}`);
      } else if (character === quote) inText = true;
      else if (character === open) {
        if (depth === 0) from = at;
        depth += 1;
      } else if (character === close && depth > 0) {
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
}

const codesOf = (text: string) => Array.from(text, (character) => character.charCodeAt(0));
const [quote, backslash, open, close] = codesOf('"\\{}');
const between = codesOf(' \t\r\n,[]{\ufeff');
