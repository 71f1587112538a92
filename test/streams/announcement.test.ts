import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  announce,
  announcement,
  announcementLocales,
  announcementModes,
  announcementText,
  type WaitToAnnounce,
} from '../../streams/announcement.ts';
import { noEstimateReasons } from '../../streams/announcements/messages.ts';
import { predictSeedWait } from '../../streams/seed-wait.ts';

// P50 is said as 2 minutes, P80 as 5 (4 to the minute), P90 as 10.
const usual: WaitToAnnounce = {
  mode: 'approximate',
  locale: 'en',
  waitSecondsP50: 100,
  waitSecondsP80: 200,
  waitSecondsP90: 400,
  reason: null,
  callersAhead: null,
  agentsOnQueue: 4,
  prioritiesApply: false,
};
const oneMinute = { waitSecondsP50: 0, waitSecondsP80: 20, waitSecondsP90: 60 };
const tooLong = { waitSecondsP50: 700, waitSecondsP80: 1801, waitSecondsP90: 1900 };

const say = (change: Partial<WaitToAnnounce>): string => {
  const wait = { ...usual, ...change };
  return announcementText(announce(wait), wait);
};

describe('the mode', () => {
  test.each([
    ['approximate', 'P80 in steps', { lowMinutes: 5, highMinutes: 5 }],
    ['lessThan', 'P90 in steps', { lowMinutes: null, highMinutes: 10 }],
    ['padded', 'P50 and P80 in steps', { lowMinutes: 2, highMinutes: 5 }],
    ['precise', 'P80 to the minute', { lowMinutes: 4, highMinutes: 4 }],
  ] as const)('%s goes by %s', (mode, _quantile, minutes) => {
    expect(announce({ ...usual, mode })).toEqual({ mode, kind: 'wait', ...minutes, moreThan: false });
    expect(announce({ ...usual, ...tooLong, mode })).toEqual({
      mode,
      kind: 'wait',
      lowMinutes: 30,
      highMinutes: null,
      moreThan: true,
    });
  });

  test('takes a quantile that is not known, or out of order, for the next lower one', () => {
    const unknown = { ...usual, waitSecondsP80: null, waitSecondsP90: null };
    const disordered = { ...usual, waitSecondsP80: 10, waitSecondsP90: NaN };
    for (const wait of [unknown, disordered])
      for (const mode of ['approximate', 'lessThan', 'padded', 'precise'] as const)
        expect(announce({ ...wait, mode })).toMatchObject({ highMinutes: 2 });
  });

  test('seed is the tutorial to the letter, in English, with its minutes rounded down', () => {
    for (const inQueue of [0, 1, 2, 7, 50, 400]) {
      const seed = predictSeedWait({ inQueue, agentsAvailable: 1, ahtSeconds: 30 });
      const estimate = { waitSecondsP50: seed.predictedWaitSeconds, waitSecondsP80: null, waitSecondsP90: null };
      for (const locale of announcementLocales)
        expect(say({ mode: 'seed', locale, ...estimate, callersAhead: inQueue })).toBe(seed.announcement);
    }
    expect(announce({ ...usual, mode: 'seed', callersAhead: 3, waitSecondsP50: 239 })).toMatchObject({
      kind: 'wait',
      lowMinutes: 3,
      highMinutes: 3,
    });
    expect(announce({ ...usual, mode: 'seed', callersAhead: 0 })).toMatchObject({ kind: 'next', highMinutes: null });
  });

  test('seed says the time alone where the number of callers may not be told, and no fraction of a second', () => {
    for (const silent of [{ callersAhead: null }, { callersAhead: 3, prioritiesApply: true }]) {
      expect(announce({ ...usual, ...silent, mode: 'seed' })).toMatchObject({ mode: 'approximate', kind: 'wait' });
      expect(say({ ...silent, mode: 'seed', locale: 'de' })).toBe('Your estimated wait time is about 5 minutes.');
    }
    expect(say({ mode: 'seed', callersAhead: 2, waitSecondsP50: 12.3 })).toContain(' 12 seconds.');
    expect(say({ mode: 'seed', callersAhead: 2, waitSecondsP50: Infinity })).toContain(' 30 minutes.');
  });
});

describe('minutes', () => {
  test.each([
    [-5, 1, 1],
    [0, 1, 1],
    [59.9, 1, 1],
    [60, 1, 1],
    [60.1, 2, 2],
    [121, 5, 3],
    [300, 5, 5],
    [301, 10, 6],
    [601, 20, 11],
    [1201, 30, 21],
    [1800, 30, 30],
  ])('of %d s are rounded up to the step %d, or to %d where the mode is precise', (waitSecondsP80, coarse, precise) => {
    const wait = { ...usual, waitSecondsP50: waitSecondsP80, waitSecondsP80 };
    expect(announce(wait)).toMatchObject({ highMinutes: coarse });
    expect(announce({ ...wait, mode: 'precise' })).toMatchObject({ highMinutes: precise });
  });

  test('that are equal are said as one', () => {
    expect(announce({ ...usual, mode: 'padded', waitSecondsP50: 130 })).toMatchObject({
      lowMinutes: 5,
      highMinutes: 5,
    });
    expect(say({ mode: 'padded', waitSecondsP50: 130 })).toBe('Your estimated wait time is about 5 minutes.');
  });
});

describe('a position', () => {
  test('is told after the time', () => {
    expect(say({ callersAhead: 1 })).toBe(
      'Your estimated wait time is about 5 minutes. There is 1 caller ahead of you.',
    );
    expect(say({ callersAhead: 3 })).toMatch(/\. There are 3 callers ahead of you\.$/);
  });

  test('is next in line only at position 1, with somebody on queue', () => {
    expect(announce({ ...usual, callersAhead: 0 }).kind).toBe('next');
    expect(say({ callersAhead: 0 })).toBe('You are next in line. Your estimated wait time is about 5 minutes.');
    for (const agentsOnQueue of [0, null]) {
      expect(announce({ ...usual, callersAhead: 0, agentsOnQueue }).kind).toBe('wait');
      expect(say({ callersAhead: 0, agentsOnQueue })).toBe('Your estimated wait time is about 5 minutes.');
    }
  });

  test('is not told where priorities apply, or where it is none', () => {
    for (const callersAhead of [0, 1, 3])
      expect(say({ callersAhead, prioritiesApply: true })).toBe('Your estimated wait time is about 5 minutes.');
    for (const callersAhead of [-1, 2.5, 1e21, NaN, Infinity])
      expect(say({ callersAhead })).toBe('Your estimated wait time is about 5 minutes.');
  });
});

describe('without an estimate', () => {
  test('the reason is announced and no number, whatever else is known', () => {
    for (const reason of noEstimateReasons) {
      expect(announce({ ...usual, reason, callersAhead: 0 })).toEqual({
        mode: 'approximate',
        kind: reason,
        lowMinutes: null,
        highMinutes: null,
        moreThan: false,
      });
      for (const locale of announcementLocales) expect(say({ reason, locale, callersAhead: 3 })).not.toMatch(/\d/);
    }
  });

  test('nor a reason it is low confidence, not zero', () => {
    for (const waitSecondsP50 of [null, NaN])
      expect(announce({ ...usual, waitSecondsP50 })).toMatchObject({ kind: 'low_confidence', highMinutes: null });
  });

  test('every reason has its own text in every language', () => {
    const texts = announcementLocales.flatMap((locale) => noEstimateReasons.map((reason) => say({ reason, locale })));
    expect(new Set(texts).size).toBe(announcementLocales.length * noEstimateReasons.length);
    expect(say({ reason: 'closed', mode: 'seed', locale: 'de' })).toBe(say({ reason: 'closed', locale: 'en' }));
  });
});

test('a range that begins with one is a word where a digit would be read with the wrong gender', () => {
  const range = { mode: 'padded', waitSecondsP50: 50, waitSecondsP80: 100 } as const;
  expect(say({ ...range, locale: 'de' })).toContain(' ein bis 2 Minuten.');
  expect(say({ ...range, locale: 'fr' })).toContain(' d’une à 2 minutes.');
});

describe.each([
  [
    'en',
    [
      'Your estimated wait time is about 5 minutes.',
      'Your estimated wait time is about 1 minute.',
      'Your estimated wait time is less than 10 minutes.',
      'Your estimated wait time is less than 1 minute.',
      'Your estimated wait time is between 2 and 5 minutes.',
      'Your estimated wait time is 4 minutes.',
      'Your estimated wait time is 1 minute.',
      'Your estimated wait time is more than 30 minutes.',
      'You are next in line. Your estimated wait time is about 5 minutes.',
      'Your estimated wait time is about 5 minutes. There is 1 caller ahead of you.',
      'Your estimated wait time is about 5 minutes. There are 2 callers ahead of you.',
    ],
  ],
  [
    'de',
    [
      'Ihre Wartezeit beträgt voraussichtlich etwa 5 Minuten.',
      'Ihre Wartezeit beträgt voraussichtlich etwa eine Minute.',
      'Ihre Wartezeit beträgt voraussichtlich weniger als 10 Minuten.',
      'Ihre Wartezeit beträgt voraussichtlich weniger als eine Minute.',
      'Ihre Wartezeit beträgt voraussichtlich 2 bis 5 Minuten.',
      'Ihre Wartezeit beträgt voraussichtlich 4 Minuten.',
      'Ihre Wartezeit beträgt voraussichtlich eine Minute.',
      'Ihre Wartezeit beträgt voraussichtlich mehr als 30 Minuten.',
      'Sie sind als Nächstes an der Reihe. Ihre Wartezeit beträgt voraussichtlich etwa 5 Minuten.',
      'Ihre Wartezeit beträgt voraussichtlich etwa 5 Minuten. Vor Ihnen wartet eine Person.',
      'Ihre Wartezeit beträgt voraussichtlich etwa 5 Minuten. Vor Ihnen warten 2 Personen.',
    ],
  ],
  [
    'fr',
    [
      'Votre temps d’attente estimé est d’environ 5 minutes.',
      'Votre temps d’attente estimé est d’environ une minute.',
      'Votre temps d’attente estimé est inférieur à 10 minutes.',
      'Votre temps d’attente estimé est inférieur à une minute.',
      'Votre temps d’attente estimé est de 2 à 5 minutes.',
      'Votre temps d’attente estimé est de 4 minutes.',
      'Votre temps d’attente estimé est d’une minute.',
      'Votre temps d’attente estimé est supérieur à 30 minutes.',
      'Votre appel est le prochain. Votre temps d’attente estimé est d’environ 5 minutes.',
      'Votre temps d’attente estimé est d’environ 5 minutes. Il y a une personne avant vous.',
      'Votre temps d’attente estimé est d’environ 5 minutes. Il y a 2 personnes avant vous.',
    ],
  ],
  [
    'es',
    [
      'Su tiempo de espera estimado es de aproximadamente 5 minutos.',
      'Su tiempo de espera estimado es de aproximadamente un minuto.',
      'Su tiempo de espera estimado es de menos de 10 minutos.',
      'Su tiempo de espera estimado es de menos de un minuto.',
      'Su tiempo de espera estimado es de 2 a 5 minutos.',
      'Su tiempo de espera estimado es de 4 minutos.',
      'Su tiempo de espera estimado es de un minuto.',
      'Su tiempo de espera estimado es de más de 30 minutos.',
      'Su llamada es la siguiente. Su tiempo de espera estimado es de aproximadamente 5 minutos.',
      'Su tiempo de espera estimado es de aproximadamente 5 minutos. Hay una llamada antes de la suya.',
      'Su tiempo de espera estimado es de aproximadamente 5 minutos. Hay 2 llamadas antes de la suya.',
    ],
  ],
  [
    'pt',
    [
      'O seu tempo de espera estimado é de cerca de 5 minutos.',
      'O seu tempo de espera estimado é de cerca de um minuto.',
      'O seu tempo de espera estimado é de menos de 10 minutos.',
      'O seu tempo de espera estimado é de menos de um minuto.',
      'O seu tempo de espera estimado é de 2 a 5 minutos.',
      'O seu tempo de espera estimado é de 4 minutos.',
      'O seu tempo de espera estimado é de um minuto.',
      'O seu tempo de espera estimado é de mais de 30 minutos.',
      'A sua chamada é a próxima. O seu tempo de espera estimado é de cerca de 5 minutos.',
      'O seu tempo de espera estimado é de cerca de 5 minutos. Há uma pessoa à sua frente.',
      'O seu tempo de espera estimado é de cerca de 5 minutos. Há 2 pessoas à sua frente.',
    ],
  ],
] as const)('in %s', (locale, sentences) => {
  const waits: Partial<WaitToAnnounce>[] = [
    {},
    oneMinute,
    { mode: 'lessThan' },
    { mode: 'lessThan', ...oneMinute },
    { mode: 'padded' },
    { mode: 'precise' },
    { mode: 'precise', ...oneMinute },
    tooLong,
    { callersAhead: 0 },
    { callersAhead: 1 },
    { callersAhead: 2 },
  ];

  test.each(sentences.map((sentence, i) => [sentence, waits[i]!] as const))('it is said: %s', (sentence, wait) => {
    expect(say({ ...wait, locale })).toBe(sentence);
  });
});

describe('whatever is known', () => {
  const seconds = fc.oneof(fc.double({ min: -10, max: 3_000, noNaN: true }), fc.double());
  const quantile = fc.option(seconds);
  const anyWait: fc.Arbitrary<WaitToAnnounce> = fc.record({
    mode: fc.constantFrom(...announcementModes),
    locale: fc.constantFrom(...announcementLocales),
    waitSecondsP50: quantile,
    waitSecondsP80: quantile,
    waitSecondsP90: quantile,
    reason: fc.option(fc.constantFrom(...noEstimateReasons), { freq: 10 }),
    callersAhead: fc.option(fc.oneof(fc.nat(5), fc.nat(), fc.double())),
    agentsOnQueue: fc.option(fc.nat(3)),
    prioritiesApply: fc.boolean(),
  });

  const hasEstimate = (wait: WaitToAnnounce) =>
    wait.reason === null && wait.waitSecondsP50 !== null && !Number.isNaN(wait.waitSecondsP50);

  test('bounds are in order, never 0, and there is one exactly where there is an estimate', () => {
    fc.assert(
      fc.property(anyWait, (wait) => {
        const { mode, kind, lowMinutes, highMinutes, moreThan } = announcement.parse(announce(wait));
        for (const minutes of [lowMinutes, highMinutes])
          expect(minutes).toSatisfy((n: number | null) => n === null || (n >= 1 && n <= 30));
        if (lowMinutes !== null && highMinutes !== null) expect(lowMinutes).toBeLessThanOrEqual(highMinutes);
        const hasWait = kind === 'wait' || (kind === 'next' && mode !== 'seed');
        expect(highMinutes !== null || moreThan).toBe(hasWait);
        expect(kind === 'next').toBe(
          hasEstimate(wait) && wait.callersAhead === 0 && (wait.agentsOnQueue ?? 0) > 0 && !wait.prioritiesApply,
        );
      }),
    );
  });

  test('the text is whole sentences without a character that SSML reads as its own', () => {
    fc.assert(
      fc.property(anyWait, (wait) => {
        const text = announcementText(announce(wait), wait);
        expect(text).toMatch(/^\p{Lu}[^&<>"'{}]+\.$/u);
        expect(text).not.toMatch(/undefined|null|NaN|Infinity|\d[.,]\d|\b0 (minut|Minut|caller)| {2}/);
      }),
    );
  });

  test('no number is told but the minutes announced and, where it may be, the callers ahead', () => {
    fc.assert(
      fc.property(anyWait, (wait) => {
        fc.pre(wait.mode !== 'seed');
        const announced = announce(wait);
        const numbers = [...announcementText(announced, wait).matchAll(/\d+/g)].map(Number);
        const known = [announced.lowMinutes, announced.highMinutes, wait.prioritiesApply ? null : wait.callersAhead];
        for (const number of numbers) expect(known).toContain(number);
      }),
    );
  });

  test('a longer wait is never announced as a shorter one', () => {
    const ordered = fc.tuple(seconds, seconds, seconds).filter((each) => !each.some(Number.isNaN));
    const quantiles = (of: readonly number[]) => {
      const [waitSecondsP50 = 0, waitSecondsP80 = 0, waitSecondsP90 = 0] = [...of].sort((a, b) => a - b);
      return { waitSecondsP50, waitSecondsP80, waitSecondsP90 };
    };
    fc.assert(
      fc.property(anyWait, ordered, ordered, (wait, a, b) => {
        const shorter = announce({ ...wait, reason: null, ...quantiles(a.map((each, i) => Math.min(each, b[i]!))) });
        const longer = announce({ ...wait, reason: null, ...quantiles(a.map((each, i) => Math.max(each, b[i]!))) });
        expect(shorter.highMinutes ?? Infinity).toBeLessThanOrEqual(longer.highMinutes ?? Infinity);
        expect(shorter.lowMinutes ?? 0).toBeLessThanOrEqual(longer.lowMinutes ?? 0);
        if (shorter.moreThan) expect(longer.moreThan).toBe(true);
      }),
    );
  });

  test('no wait is announced as shorter than the quantile it goes by, but in the words of the tutorial', () => {
    fc.assert(
      fc.property(anyWait, fc.double({ min: 0, max: 3_000, noNaN: true }), (wait, each) => {
        fc.pre(wait.mode !== 'seed');
        const { highMinutes } = announce({
          ...wait,
          reason: null,
          waitSecondsP50: each,
          waitSecondsP80: each,
          waitSecondsP90: each,
        });
        expect((highMinutes ?? Infinity) * 60).toBeGreaterThanOrEqual(each);
      }),
    );
  });
});
