import { mkdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Arrival } from '../../../src/genesys/arrival.ts';
import { RecordingError } from '../../../src/recording/errors.ts';
import { arrivalLine, organizationLine, parseLine } from '../../../src/recording/format.ts';
import { readLines } from '../../../src/recording/lines.ts';
import { openReplay } from '../../../src/recording/replay.ts';
import { createRecordingWriter } from '../../../src/recording/writer.ts';
import { temporaryFolders } from '../../support/temporary-folder.ts';

const makeFolder = temporaryFolders();
const signal = new AbortController().signal;
const queueId = '11111111-1111-4111-8111-111111111111';
const topic = `v2.analytics.queues.${queueId}.observations`;
const body = (waiting: number) => ({
  group: { queueId, mediaType: 'voice' },
  data: [
    {
      interval: '2026-03-01T09:12:04.000Z/2026-03-01T09:12:04.000Z',
      metrics: [{ metric: 'oWaiting', stats: { count: waiting } }],
    },
  ],
});
const frame = (receivedAtMs: number, waiting = 0): Arrival => ({
  kind: 'frame',
  receivedAtMs,
  topic,
  body: body(waiting),
});
const tick = (receivedAtMs: number): Arrival => ({ kind: 'tick', receivedAtMs, heardUntilMs: receivedAtMs - 1 });
const gap = (receivedAtMs: number, endMs: number | null): Arrival => ({
  ...{ kind: 'channel-gap', receivedAtMs, channel: 0, queueIds: null, userIds: null, endMs },
  ...{ startMs: receivedAtMs - 5 },
  ...{ cause: 'closed', repairedBy: endMs === null ? 'none' : 'snapshot' },
});
const arrivals: readonly Arrival[] = [
  { kind: 'rest', receivedAtMs: 1_000, path: '/api/v2/routing/queues', queueIds: [queueId], body: { entities: [] } },
  { kind: 'frame', receivedAtMs: 1_001, topic: null, body: null },
  { kind: 'frame', receivedAtMs: 1_001, topic: '', body: null },
  frame(1_002, 3),
  tick(2_000),
  gap(2_005, null),
  gap(2_010, 2_010),
  {
    ...{ kind: 'rest', receivedAtMs: 2_400, path: '/api/v2/analytics/conversations/aggregates/query' },
    ...{ queueIds: [queueId], interval: { startMs: 0, endMs: 1_800_000 } },
    body: { results: [{ group: { queueId, mediaType: 'voice' }, data: [] }] },
  },
  { kind: 'queue-removed', receivedAtMs: 2_500, queueId },
  { kind: 'agent-removed', receivedAtMs: 2_500, userId: queueId },
  { kind: 'agent-satisfaction', receivedAtMs: 2_600, userId: queueId, value: 0.7 },
  { kind: 'agent-satisfaction', receivedAtMs: 2_600, userId: queueId, value: null },
];

function newFile(name: string): string {
  const folder = makeFolder();
  mkdirSync(folder);
  return join(folder, name);
}

async function record(path: string, batches: readonly (readonly Arrival[])[]): Promise<void> {
  const writer = await createRecordingWriter(path);
  for (const batch of batches) await writer.append(batch, 'org-1');
  await writer.close();
}

async function replay(path: string, batchEventsMax = 3) {
  const source = await openReplay({ path, batchEventsMax, tickMs: 1_000 });
  const batches: (readonly Arrival[])[] = [];
  await source.run(({ events }) => {
    batches.push(events);
    return Promise.resolve();
  }, signal);
  return { source, batches, arrivals: batches.flat(), fault: source.fault() };
}

const codeOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => undefined,
    (error: unknown) => (error instanceof RecordingError ? `${error.code}: ${error.message}` : error),
  );

describe('a line', () => {
  test.each(arrivals)('gives back what arrived: $kind', (arrival) => {
    expect(parseLine(arrivalLine(arrival))).toEqual(arrival);
  });

  test('has the form that readers elsewhere know', () => {
    expect(JSON.parse(arrivalLine(tick(2_000)))).toEqual({
      ...{ receivedAtMs: 2_000, kind: 'tick', topicOrPath: null },
      body: { heardUntilMs: 1_999 },
    });
    expect(Object.keys(JSON.parse(arrivalLine(frame(1))) as object)).toEqual([
      ...['receivedAtMs', 'kind', 'topicOrPath', 'body'],
    ]);
  });
});

describe.each(['recording.jsonl', 'recording.jsonl.gz'])('a recording in %s', (name) => {
  test('gives back all that was written, in batches, and whose it is', async () => {
    const path = newFile(name);
    await record(path, [arrivals.slice(0, 1), arrivals.slice(1, 6), arrivals.slice(6)]);
    const { source, batches, arrivals: found, fault } = await replay(path);
    expect(source.organizationId).toBe('org-1');
    expect(found).toEqual(arrivals);
    expect(batches.map(({ length }) => length)).toEqual([3, 3, 3, 3]);
    expect(source.clock.nowMs()).toBe(2_600);
    expect(fault).toBeUndefined();
  });

  test('is on disk after each append, whether its end is written or not', async () => {
    const path = newFile(name);
    const writer = await createRecordingWriter(path);
    for (const arrival of arrivals) {
      await writer.append([arrival], 'org-1');
      expect((await replay(path)).arrivals.at(-1)).toEqual(arrival);
    }
    await writer.close();
    const bytes = await readFile(path);
    expect(writer.counts).toMatchObject({ frames: 3, answers: 2, ticks: 1, gaps: 1, bytes: bytes.length });
    const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
    expect(text.trim().split('\n')).toEqual([organizationLine('org-1', 1_000), ...arrivals.map(arrivalLine)]);
  });

  test('counts a gap once that is told again when it is found to be wider', async () => {
    const writer = await createRecordingWriter(newFile(name));
    const opened = { ...gap(2_005, null), queueIds: ['q'], userIds: [] };
    await writer.append([opened, { ...opened, receivedAtMs: 2_010, queueIds: ['q', 'r'] } as Arrival], 'org-1');
    await writer.close();
    expect(writer.counts.gaps).toBe(1);
  });

  test('that was cut off in its last line gives what is before it, and says so', async () => {
    const path = newFile(name);
    const whole = [organizationLine('org-1', 1), arrivalLine(tick(2)), arrivalLine(tick(3)).slice(0, 30)].join('\n');
    await writeFile(path, name.endsWith('.gz') ? gzipSync(whole).subarray(0, -8) : whole);
    const { arrivals: found, fault } = await replay(path);
    expect(found).toEqual([tick(2)]);
    expect(fault).toMatchObject({ isTorn: true });
    expect(fault?.error.message).toContain('line 3');
  });

  test('with a malformed line gives everything before it, and an error with the number of the line', async () => {
    const path = newFile(name);
    const lines = [
      organizationLine('org-1', 1),
      arrivalLine(tick(2)),
      '{"receivedAtMs":"3"}',
      arrivalLine(tick(4)),
      '',
    ];
    await writeFile(path, name.endsWith('.gz') ? gzipSync(lines.join('\n')) : lines.join('\n'));
    const { arrivals: found, fault } = await replay(path, 1_000);
    expect(found).toEqual([tick(2)]);
    expect(fault?.isTorn).toBe(false);
    expect(`${fault?.error.code}: ${fault?.error.message}`).toMatch(/^QC_RECORDING_MALFORMED: .*, line 3: kind: /);
  });
});

describe('a recording', () => {
  test.each([
    ['not JSON', 'nonsense'],
    [
      'kind: one of frame, rest, tick, gap, removed, satisfaction expected',
      '{"receivedAtMs":3,"kind":"song","topicOrPath":null,"body":null}',
    ],
    ['topicOrPath: string expected', '{"receivedAtMs":3,"kind":"frame","topicOrPath":3,"body":null}'],
    ['body.heardUntilMs: number expected', '{"receivedAtMs":3,"kind":"tick","topicOrPath":null,"body":{}}'],
    ['receivedAtMs: 1 is before 2', '{"receivedAtMs":1,"kind":"tick","topicOrPath":null,"body":{"heardUntilMs":null}}'],
  ])('with a line that is wrong is told what is wrong: %s', async (told, line) => {
    const path = newFile('bad.jsonl');
    await writeFile(path, [organizationLine('org-1', 1), arrivalLine(tick(2)), line, ''].join('\n'));
    expect((await replay(path)).fault?.error.message).toContain(`line 3: ${told}`);
  });

  test('that does not say whose it is, or is none, is refused at once with the way out', async () => {
    const nameless = newFile('nameless.jsonl');
    await writeFile(nameless, `${arrivalLine(tick(2))}\n`);
    expect(await codeOf(replay(nameless))).toMatch(/QC_RECORDING_MALFORMED: .*line 1: .*organizations\/me/);
    const empty = newFile('empty.jsonl');
    await writeFile(empty, '');
    expect(await codeOf(replay(empty))).toMatch(/QC_RECORDING_UNREADABLE: .*empty/);
    expect(await codeOf(replay(newFile('absent.jsonl')))).toMatch(/QC_RECORDING_UNREADABLE: .*absent.*ENOENT/);
    const unpacked = newFile('unpacked.jsonl.gz');
    await writeFile(unpacked, organizationLine('org-1', 1));
    expect(await codeOf(replay(unpacked))).toMatch(/QC_RECORDING_UNREADABLE: .*incorrect header/);
  });

  test('with a line longer than any arrival is another kind of file', async () => {
    const path = newFile('long.txt');
    await writeFile(path, `short\n${'x'.repeat(300_000)}\n`);
    const read = async () => {
      const lines: number[] = [];
      for await (const some of readLines(path, 100_000)) lines.push(...some.map(({ number }) => number));
      return lines;
    };
    expect(await codeOf(read())).toMatch(/QC_RECORDING_UNREADABLE: .*line 2 has more than 100000 characters/);
  });

  test('is not written over', async () => {
    const path = newFile('precious.jsonl');
    await record(path, [[tick(1)]]);
    const before = await readFile(path);
    expect(await codeOf(createRecordingWriter(path))).toMatch(
      /QC_RECORDING_UNWRITABLE: .*is there already.*move it away/,
    );
    expect(await readFile(path)).toEqual(before);
  });

  test('made by two writers at once is made by one', async () => {
    const path = newFile('contested.jsonl');
    const [one, other] = [await createRecordingWriter(path), await createRecordingWriter(path)];
    await one.append([tick(1)], 'org-1');
    expect(await codeOf(other.append([tick(1)], 'org-1'))).toMatch(/QC_RECORDING_UNWRITABLE/);
    await one.append([tick(2)], 'org-1');
    await Promise.all([one.close(), other.close()]);
    expect((await replay(path)).arrivals).toEqual([tick(1), tick(2)]);
  });

  test('of nothing makes no file, nor does a folder that is not there', async () => {
    const path = newFile('nothing.jsonl');
    await record(path, [[]]);
    const made: string[] = [];
    expect(await codeOf(replay(path))).toMatch(/ENOENT/);
    const nowhere = await createRecordingWriter(join(makeFolder(), 'absent', 'recording.jsonl'), () =>
      made.push('nowhere'),
    );
    expect(await codeOf(nowhere.append([tick(1)], 'org-1'))).toMatch(/QC_RECORDING_UNWRITABLE: .*ENOENT.*a folder/);
    await nowhere.close();
    const somewhere = await createRecordingWriter(path, () => made.push('somewhere'));
    for (const batch of [[], [tick(1)], [tick(2)]]) await somewhere.append(batch, 'org-1');
    await somewhere.close();
    expect(made).toEqual(['somewhere']);
  });

  test('without ticks gets them from its stamps; a gap is not heard through', async () => {
    const path = newFile('tickless.jsonl');
    const written = [
      frame(900),
      frame(1_500),
      frame(1_600),
      gap(2_200, null),
      frame(5_100),
      gap(6_000, 6_000),
      frame(7_000),
    ];
    await record(path, [written]);
    const ticks = (await replay(path)).arrivals.filter(({ kind }) => kind === 'tick');
    expect(ticks.map((each) => [each.receivedAtMs, each.kind === 'tick' && each.heardUntilMs])).toEqual([
      [1_000, 900],
      [2_000, 1_600],
      [5_000, 2_195],
      [6_000, 2_195],
      [7_000, 6_000],
    ]);
  });

  test('ends early when asked to, with what was read handed over', async () => {
    const path = newFile('long.jsonl');
    await record(path, [Array.from({ length: 10 }, (_, at) => tick(at + 1))]);
    const source = await openReplay({ path, batchEventsMax: 2, tickMs: 1_000 });
    const heard: Arrival[] = [];
    await source.run(({ events }) => {
      heard.push(...events);
      if (heard.length === 4) source.drain();
      return Promise.resolve();
    }, signal);
    expect(heard.length).toBeGreaterThanOrEqual(4);
    expect(heard.length).toBeLessThan(6);
  });
});
