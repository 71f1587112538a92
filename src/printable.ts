/** A text for a terminal: characters that would move the cursor, break the line or turn the text round are escaped as in JSON. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    return short[character] ?? `\\u${code}`;
  });

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
