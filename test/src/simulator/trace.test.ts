import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TraceError } from '../../../src/simulator/errors.ts';
import { addDays, dateIn, midnightMs, weekdayOf } from '../../../src/simulator/local-date.ts';
import { parseTrace, readTrace, shiftedDate, timedLines } from '../../../src/simulator/trace.ts';

const arrival = '{"t":345610,"ev":"arrival","id":"c1","q":"PS","pri":2}';
const zone = 'Asia/Jerusalem';

function faultOf(text: string): TraceError {
  try {
    parseTrace(text, 'day.jsonl');
  } catch (error) {
    if (error instanceof TraceError) return error;
    throw error;
  }
  throw new Error('no fault was found');
}

describe('reading a trace', () => {
  test('an agent is a member of every queue he ever went on with', () => {
    const trace = parseTrace(
      [
        '{"t":1,"ev":"agent","agent":"a1","state":"on","queues":["PS"]}',
        '{"t":2,"ev":"agent","agent":"a1","state":"off"}',
        '{"t":90000,"ev":"agent","agent":"a1","state":"on","queues":["NW","PS"]}',
      ].join('\n'),
      'day.jsonl',
    );
    expect([...(trace.agents.get('a1') ?? [])].sort()).toEqual(['NW', 'PS']);
    expect(trace).toMatchObject({ queues: ['PS', 'NW'], firstDay: 0, lastDay: 1 });
  });

  test.each([
    ['is no JSON', '{"t":345611,"ev":', 'not a JSON object'],
    ['names an unknown event', '{"t":345611,"ev":"hold","id":"c1"}', 'ev: '],
    ['lacks a field', '{"t":345611,"ev":"answer","id":"c1","q":"PS","wait":1}', 'agent: '],
    ['has a negative wait', '{"t":345611,"ev":"abandon","id":"c1","q":"PS","wait":-1}', 'wait: '],
    ['goes back in time', '{"t":345609,"ev":"abandon","id":"c1","q":"PS","wait":1}', 'is before 345610'],
  ])('a line that %s is one error with file, line and way out', (_, line, fault) => {
    const error = faultOf(`${arrival}\n${line}\n`);
    expect(error).toMatchObject({ code: 'QC_TRACE_MALFORMED', file: 'day.jsonl', line: 2 });
    expect(error.message).toContain(fault);
    expect(error.message).toMatch(/^day\.jsonl, line 2: .*name another trace\.$/);
  });

  test('an empty trace is an error', () => {
    expect(faultOf('\n').message).toContain('holds no event');
  });

  test('a gzipped trace reads like a plain one, and a missing file is a clear error', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'queuecast-trace-'));
    await writeFile(join(folder, 'day.jsonl.gz'), gzipSync(arrival));
    await writeFile(join(folder, 'day.jsonl'), arrival);
    expect(await readTrace(join(folder, 'day.jsonl.gz'))).toEqual(await readTrace(join(folder, 'day.jsonl')));
    await expect(readTrace(join(folder, 'no.jsonl'))).rejects.toMatchObject({ code: 'QC_TRACE_UNREADABLE' });
  });
});

describe('laying a trace on the calendar', () => {
  test('the shown date is the newest of the same weekday with the whole trace in the past', () => {
    const days = { firstDay: 4, lastDay: 4 };
    // 5 January 1999 was a Tuesday; 2026-03-10 is one.
    const tuesdayEvening = Date.parse('2026-03-10T20:00:00Z');
    const wednesday = Date.parse('2026-03-10T22:00:00Z'); // 00:00 in Jerusalem
    expect(shiftedDate(days, tuesdayEvening, zone)).toBe('2026-03-03');
    expect(shiftedDate(days, wednesday, zone)).toBe('2026-03-10');
    expect(shiftedDate({ firstDay: 4, lastDay: 5 }, wednesday, zone)).toBe('2026-03-03');
  });

  test('every moment: same weekday, all days over, and a week later would be too late', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 31 }),
        fc.integer({ min: Date.parse('2000-01-01'), max: Date.parse('2050-01-01') }),
        fc.constantFrom(zone, 'UTC', 'America/Sao_Paulo', 'Pacific/Apia'),
        (firstDay, dayCount, nowMs, timeZone) => {
          const date = shiftedDate({ firstDay, lastDay: firstDay + dayCount - 1 }, nowMs, timeZone);
          expect(weekdayOf(date)).toBe((5 + firstDay) % 7);
          expect(midnightMs(addDays(date, dayCount), timeZone)).toBeLessThanOrEqual(nowMs);
          expect(midnightMs(addDays(date, dayCount + 7), timeZone)).toBeGreaterThan(nowMs);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('a trace second is that long after local midnight, and time never goes back where an hour is missing', () => {
    const trace = parseTrace(
      [
        '{"t":36000,"ev":"arrival","id":"a","q":"q"}',
        '{"t":86399,"ev":"arrival","id":"b","q":"q"}',
        '{"t":86401,"ev":"arrival","id":"c","q":"q"}',
      ].join('\n'),
      'day.jsonl',
    );
    const at = (date: string) => Array.from(timedLines(trace, date, zone), ({ atMs }) => new Date(atMs).toISOString());
    expect(at('2026-03-03')).toEqual([
      '2026-03-03T08:00:00.000Z',
      '2026-03-03T21:59:59.000Z',
      '2026-03-03T22:00:01.000Z',
    ]);
    // 27 March 2026 has 23 hours in Jerusalem: its last traced hour runs into the 28th.
    expect(at('2026-03-27')).toEqual([
      '2026-03-27T08:00:00.000Z',
      '2026-03-27T21:59:59.000Z',
      '2026-03-27T21:59:59.000Z',
    ]);
  });

  test('midnight is the first moment of its date, also where the clocks skip it or show it twice', () => {
    for (const [timeZone, date] of [
      ['America/Sao_Paulo', '2018-11-04'],
      ['Asia/Beirut', '2022-03-27'],
      ['America/Havana', '2022-11-06'],
      ['Asia/Jerusalem', '2026-03-27'],
    ] as const) {
      const atMs = midnightMs(date, timeZone);
      expect(dateIn(timeZone, atMs)).toBe(date);
      expect(dateIn(timeZone, atMs - 1)).toBe(addDays(date, -1));
    }
  });

  test('a date that a zone skipped begins with the next one', () => {
    expect(new Date(midnightMs('2011-12-30', 'Pacific/Apia')).toISOString()).toBe('2011-12-30T10:00:00.000Z');
  });

  test('an unknown zone and a date that is none are named', () => {
    expect(() => midnightMs('2026-03-01', 'Mars/Base')).toThrow(/"Mars\/Base" is unknown/);
    expect(() => midnightMs('1.3.2026', 'UTC')).toThrow(/"1\.3\.2026" is not a date/);
  });
});
