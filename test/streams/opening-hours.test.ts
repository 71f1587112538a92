import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseOpeningHours } from '../../src/opening-hours-text.ts';
import { type OpeningHours, openingAt, type OpenRange } from '../../streams/opening-hours.ts';

const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timeZone: string): Intl.DateTimeFormat {
  let clock = clocks.get(timeZone);
  if (clock === undefined) {
    const shown = { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
    clocks.set(timeZone, (clock = new Intl.DateTimeFormat('en-GB', { timeZone, ...shown })));
  }
  return clock;
}

/** What the local clock shows, spelt out: nothing here knows of offsets. */
function isOpenByClock(hours: OpeningHours, atMs: number, timeZone: string): boolean {
  const parts = new Map(
    clockOf(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, value]),
  );
  const day = days.indexOf(parts.get('weekday') ?? '');
  const minute = day * 1440 + Number(parts.get('hour')) * 60 + Number(parts.get('minute'));
  return hours.some(({ fromMinute, untilMinute }) => fromMinute <= minute && minute < untilMinute);
}

function parsed(text: string): OpeningHours {
  const hours = parseOpeningHours(text);
  if (hours === undefined) throw new Error(`no opening hours: ${text}`);
  return hours;
}

const utc = (text: string) => Date.parse(`${text}Z`);

/** Both kinds of hemisphere, odd offsets, clocks that change by half an hour, by a day, a minute past midnight, or never. */
const zones = [
  ...['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/St_Johns'],
  ...['Pacific/Apia', 'Africa/Casablanca', 'Pacific/Chatham', 'Asia/Gaza', 'America/Sao_Paulo', 'Asia/Jerusalem'],
];

const instants = fc.oneof(
  fc.integer({ min: utc('1990-01-01T00:00'), max: utc('2037-12-31T00:00') }),
  // About the changes of clocks in Berlin, New York, Lord Howe, Apia and St John's.
  fc
    .tuple(
      fc.constantFrom(
        '2024-03-31T01:00',
        '2024-10-27T01:00',
        '2024-03-10T07:00',
        '2024-11-03T06:00',
        '2024-04-06T15:00',
      ),
      fc.integer({ min: -90_000_000, max: 90_000_000 }),
    )
    .map(([change, byMs]) => utc(change) + byMs),
  fc.integer({ min: -90_000_000, max: 90_000_000 }).map((byMs) => utc('2011-12-30T10:00') + byMs),
  fc.integer({ min: -90_000_000, max: 90_000_000 }).map((byMs) => utc('2010-03-14T03:31') + byMs),
);

const range = fc
  .tuple(fc.nat({ max: 10_079 }), fc.integer({ min: 1, max: 3_000 }))
  .map(([fromMinute, length]): OpenRange => ({ fromMinute, untilMinute: Math.min(fromMinute + length, 10_080) }));
const dayRange = fc
  .tuple(fc.nat({ max: 6 }), fc.nat({ max: 95 }), fc.integer({ min: 1, max: 48 }))
  .map(([day, quarter, length]): OpenRange => {
    const fromMinute = day * 1440 + quarter * 15;
    return { fromMinute, untilMinute: Math.min(fromMinute + length * 15, 10_080) };
  });
const someHours = fc.array(fc.oneof(range, dayRange), { maxLength: 8 });

describe('opening hours', () => {
  test('are those that the local clock shows, at any instant in any zone, also when clocks are changed', () => {
    fc.assert(
      fc.property(someHours, instants, fc.constantFrom(...zones), (hours, atMs, zone) => {
        expect(openingAt(hours, atMs, zone).isOpen).toBe(isOpenByClock(hours, atMs, zone));
      }),
      { numRuns: 2_000 },
    );
  });

  test('change next at the very millisecond that is told, and at none before it', () => {
    fc.assert(
      fc.property(someHours, instants, fc.constantFrom(...zones), (hours, atMs, zone) => {
        const { isOpen, untilMs } = openingAt(hours, atMs, zone);
        const endMs = untilMs ?? atMs + 8 * 86_400_000;
        expect(endMs).toBeGreaterThan(atMs);
        if (untilMs !== null) {
          expect(isOpenByClock(hours, untilMs, zone)).toBe(!isOpen);
          expect(isOpenByClock(hours, untilMs - 1, zone)).toBe(isOpen);
        }
        for (let ms = atMs; ms < endMs; ms += 13 * 60_000) {
          if (isOpenByClock(hours, ms, zone) !== isOpen) expect.fail(`it changes before ${new Date(ms).toISOString()}`);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('never end where the whole week is open, and never begin where there are none', () => {
    expect(openingAt(parsed('mon-sun 00:00-24:00'), 0, 'Europe/Berlin')).toEqual({ isOpen: true, untilMs: null });
    expect(openingAt([], 0, 'Europe/Berlin')).toEqual({ isOpen: false, untilMs: null });
  });

  test('of a day on which clocks are put forward end an hour sooner, and back an hour later', () => {
    const untilMs = (at: string) => openingAt(parsed('sun 00:00-08:00'), utc(at), 'Europe/Berlin').untilMs;
    expect(untilMs('2024-03-30T23:30')).toBe(utc('2024-03-31T06:00'));
    expect(untilMs('2024-10-26T22:30')).toBe(utc('2024-10-27T07:00'));
    const twice = parsed('sun 02:15-02:45');
    // The hour comes twice, and the queue opens twice.
    expect(openingAt(twice, utc('2024-10-27T00:20'), 'Europe/Berlin')).toEqual({
      isOpen: true,
      untilMs: utc('2024-10-27T00:45'),
    });
    expect(openingAt(twice, utc('2024-10-27T00:50'), 'Europe/Berlin').untilMs).toBe(utc('2024-10-27T01:15'));
    // It does not come at all, so the next Sunday is the next time.
    expect(openingAt(twice, utc('2024-03-24T02:00'), 'Europe/Berlin')).toEqual({
      isOpen: false,
      untilMs: utc('2024-04-07T00:15'),
    });
    expect(openingAt(twice, utc('2024-03-31T00:50'), 'Europe/Berlin').untilMs).toBe(utc('2024-04-07T00:15'));
  });
});

test('opening hours that are asked about again and again, in any order, are the same as if asked once', () => {
  fc.assert(
    fc.property(someHours, fc.array(fc.tuple(instants, fc.constantFrom(...zones))), (hours, asked) => {
      for (const [atMs, zone] of asked) expect(openingAt(hours, atMs, zone)).toEqual(openingAt([...hours], atMs, zone));
    }),
  );
});

describe('opening hours as a text', () => {
  const monday = (from: number, until: number) => ({ fromMinute: from * 60, untilMinute: until * 60 });

  test('name days, ranges of days and several times a day', () => {
    expect(parsed('mon 8:00-12:00, 13:00-18:00')).toEqual([monday(8, 12), monday(13, 18)]);
    expect(parsed('Mon,Wed 08:00-12:00')).toEqual([monday(8, 12), monday(56, 60)]);
    expect(parsed('mon-fri 00:00-24:00')).toHaveLength(5);
    expect(parsed('sat-mon 09:00-10:00')).toEqual([monday(129, 130), monday(153, 154), monday(9, 10)]);
  });

  test('go on into the next day, and from Sunday into Monday', () => {
    expect(parsed('mon 22:00-02:00')).toEqual([monday(22, 26)]);
    expect(parsed('sun 22:00-02:00')).toEqual([monday(166, 168), monday(0, 2)]);
    expect(parsed('sun 22:00-24:00')).toEqual([monday(166, 168)]);
  });

  test.each([
    ...['', 'mon', '08:00-18:00', 'mon-fry 08:00-18:00', 'mon-fri-sat 08:00-18:00', 'mon 08:00', 'mon 8-18', 'mon-'],
    ...['mon 25:00-26:00', 'mon 08:60-09:00', 'mon 24:00-02:00', 'mon 08:00-24:30', 'mon 08:00-08:00', '- 08:00-09:00'],
    ...['mon 08:00-12:00 tue 08:00-12:00', 'mon 08:00-12:00;'],
  ])('are none as %j', (text) => {
    expect(parseOpeningHours(text)).toBeUndefined();
  });
});
