import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { startingWeights } from '../../../streams/wait/starting-weights.ts';
import { drive } from '../../../src/backtest/drive.ts';

const lines = [
  { t: 0, ev: 'agent', agent: 'a1', state: 'on', queues: ['sales', 'support'] },
  { t: 1, ev: 'arrival', id: 'c1', q: 'sales', pri: 0 },
  { t: 1, ev: 'answer', id: 'c1', q: 'sales', agent: 'a1', wait: 0 },
  { t: 2, ev: 'arrival', id: 'c2', q: 'sales', pri: 0 },
  { t: 3, ev: 'arrival', id: 'c3', q: 'support', pri: 0 },
];

test('each arrival is answered before the next line comes, and nothing else is', async () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const ended = drive(input, output, startingWeights);
  const answers: { id: string; p50: number; p80: number; p90: number }[] = [];
  for (const line of lines) {
    input.write(`${JSON.stringify(line)}\n`);
    if (line.ev !== 'arrival') continue;
    const [chunk] = await new Promise<[Buffer]>((resolve) => output.once('data', (data: Buffer) => resolve([data])));
    answers.push(JSON.parse(chunk.toString()) as (typeof answers)[number]);
  }
  input.end();
  await ended;
  expect(output.read()).toBeNull();
  expect(answers.map(({ id }) => id)).toEqual(['c1', 'c2', 'c3']);
  // Somebody idle and nobody waiting: no wait for most.
  expect(answers[0]?.p50).toBe(0);
  for (const { p50, p80, p90 } of answers.slice(1)) {
    expect(p50).toBeGreaterThan(0);
    expect(p80).toBeGreaterThan(p50);
    expect(p90).toBeGreaterThan(p80);
  }
  // The agent serves both queues: who waits in one is ahead in the other too.
  expect(answers[2]?.p50).toBeGreaterThan(answers[1]?.p50 ?? NaN);
});

test('a line that is no event ends it and says which', async () => {
  const input = new PassThrough();
  input.end('{"t":0,"ev":"agent","agent":"a1","state":"off"}\n{"t":1,"ev":"arrival"}\n');
  await expect(drive(input, new PassThrough(), null)).rejects.toThrow(/stdin, line 2: id: /);
});
