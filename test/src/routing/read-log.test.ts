import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inOrderOfStart, readLog } from '../../../src/routing/read-log.ts';
import type { Interaction } from '../../../src/routing/interaction.ts';

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, format: 'json' | 'csv', pieceBytes = 7): Promise<readonly Interaction[]> {
  const log: Interaction[] = [];
  for await (const each of readLog(inPieces(Buffer.from(text), pieceBytes), format)) log.push(each);
  return log;
}

const first = {
  id: '1',
  skills: ['billing'],
  language: 'de',
  startMs: Date.parse('2026-03-01T09:00:00Z'),
  handleSeconds: 90.5,
};
const second = { id: '2 "ü{"', skills: [], language: null, startMs: null, handleSeconds: null };

describe('an interaction log', () => {
  test('is read from a table', async () => {
    const text =
      '\ufeffid,required_skill,requiredLanguage,started_at,handle_seconds\r\n1,billing,de,2026-03-01 09:00:00,90.5\r\n"2 ""ü{""",,,,\r\n\r\n3,a+b,,2026-03-01T10:00:00+01:00,0\n';
    const third = { id: '3', skills: ['a', 'b'], language: null, startMs: first.startMs, handleSeconds: 0 };
    expect(await read(text, 'csv')).toEqual([first, second, third]);
  });

  test('is read from a list of objects, or from an object a line, in pieces of any size', async () => {
    const objects = [
      {
        id: '1',
        required_skill: 'billing',
        requiredLanguage: 'de',
        started_at: '2026-03-01T09:00:00Z',
        handleSeconds: 90.5,
      },
      { id: '2 "ü{"', required_skill: [] },
    ];
    for (const pieceBytes of [1, 3, 1_000]) {
      expect(await read(JSON.stringify(objects, null, 1), 'json', pieceBytes)).toEqual([first, second]);
      expect(await read(objects.map((each) => JSON.stringify(each)).join('\n'), 'json', pieceBytes)).toEqual([
        first,
        second,
      ]);
    }
  });

  test('whose text is any at all comes out as it went in', async () => {
    const texts = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(texts, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 40 }),
        async (ids, pieceBytes) => {
          const log = await read(JSON.stringify(ids.map((id) => ({ id }))), 'json', pieceBytes);
          expect(log.map(({ id }) => id)).toEqual(ids);
        },
      ),
    );
  });

  test.each([
    [
      'csv',
      'id,handle_seconds\n1,2\n2,soon\n',
      /^Interaction 2, handle_seconds: not a number of seconds from 0 to 604800$/,
    ],
    ['csv', 'id,handle_seconds\n1,-5\n', /^Interaction 1, handle_seconds: not a number of seconds from 0 to 604800$/],
    [
      'csv',
      'id,handle_seconds\n1,604801\n',
      /^Interaction 1, handle_seconds: not a number of seconds from 0 to 604800$/,
    ],
    [
      'json',
      '[{"id":"1","handle_seconds":1e12}]',
      /^Interaction 1, handle_seconds: not a number of seconds from 0 to 604800$/,
    ],
    ['csv', 'id,handle_seconds\n1,2\n2\n', /^Interaction 2: .*(columns|length)/i],
    ['csv', 'name\nx\n', /^Interaction 1: the first line has no column id/],
    ['csv', 'id\n1\n2\n1\n', /^Interaction 3, id: "1" is an earlier interaction's too/],
    ['json', '[{"id":"1"},{"id":"1"}]', /^Interaction 2, id: "1" is an earlier interaction's too/],
    ['csv', 'id,required_skil\n1,s\n', /^Interaction 1: .*column "required_skil": the fields are id, required_skill, /],
    ['csv', 'id,requiredSkill,required_skill\n1,s,t\n', /^Interaction 1: .*column "required_skill" twice/],
    [
      'json',
      '[{"id":"1"},{"id":"2","skill":{"x":[]}}]',
      /^Interaction 2, skill: there is no such field: the fields are id, /,
    ],
    ['csv', 'id\n', /^The log: it is empty/],
    ['json', '[]', /^The log: it is empty/],
    ['json', '[{"id":"1"},{"id":""}]', /^Interaction 2, id: /],
    ['json', '[{"id":"1","started_at":"noon"}]', /^Interaction 1, started_at: /],
    ['json', '{"id":"1"}\n{"id":', /^Interaction 2: the text ends within an object/],
    ['json', '{"id":"1"}\nid: 2', /^Interaction 2: an object is expected, not "/],
    ['json', '[{"id":"1"},{"id":"2"},', /^Interaction 3: the text ends within the list/],
    ['json', '[{"id":"1"}', /^Interaction 2: the text ends within the list/],
    ['json', '[', /^Interaction 1: the text ends within the list/],
    ['json', '[{"id":"1"},]', /^Interaction 2: an object is expected, not "/],
    ['json', '[{"id":"1"}{"id":"2"}]', /^Interaction 2: a comma or the end of the list is expected, not "{/],
    ['json', '[{"id":"1"}]]', /^Interaction 2: nothing is expected after the list, not "]/],
    ['json', '[[{"id":"1"}]]', /^Interaction 1: an object is expected, not "\[/],
    ['json', ',,{"id":"1"}', /^Interaction 1: a list of objects or an object is expected, not ",/],
    ['json', '{"id":"1"},{"id":"2"}', /^Interaction 2: an object is expected, not ",/],
    ['json', '[{"id":"1"},{id:2}]', /^Interaction 2: .*JSON/],
    ['json', `{"id":"${'x'.repeat(200_000)}"}`, /^Interaction 1: an object of more than 100000 characters/],
  ] as const)('in %s that is wrong is refused with its row and field: %s', async (format, text, told) => {
    await expect(read(text, format)).rejects.toMatchObject({
      code: 'QC_LOG_INVALID',
      message: expect.stringMatching(told),
    });
  });

  test('is put in the order of its starts, those of one moment as they came', async () => {
    const log = [
      { ...first, id: 'late', startMs: 5 },
      { ...first, id: 'a', startMs: 1 },
      { ...first, id: 'b', startMs: 1 },
    ];
    expect((await inOrderOfStart(log)).map(({ id }) => id)).toEqual(['a', 'b', 'late']);
    await expect(inOrderOfStart([first, second])).rejects.toThrow(/Interaction 2, started_at: with capacity/);
  });
});
