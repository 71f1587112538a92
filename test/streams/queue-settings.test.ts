import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type QueueRule, settingsOfQueue } from '../../streams/queue-settings.ts';

const localeOf = (queues: readonly QueueRule[], queueId = 'id-1', name: string | undefined = 'Sales Berlin') =>
  settingsOfQueue({ announcementLocale: 'en', queues }, queueId, name).locale;

describe('the settings of a queue', () => {
  test('are those of its id before its name, that before the longest wildcard, and at last those of all', () => {
    const rules: QueueRule[] = [
      { pattern: '*', locale: 'de' },
      { pattern: 'Sales*', locale: 'fr' },
      { pattern: 'Sales Berlin', locale: 'es' },
      { pattern: 'id-1', locale: 'pt' },
    ];
    const found = [4, 3, 2, 1, 0].map((count) => localeOf(rules.slice(0, count)));
    expect(found).toEqual(['pt', 'es', 'fr', 'de', 'en']);
    fc.assert(
      fc.property(fc.shuffledSubarray(rules, { minLength: 4 }), (shuffled) => {
        expect(localeOf(shuffled)).toBe('pt');
      }),
    );
  });

  test('come each by itself from the narrowest rule that has it', () => {
    const queues: QueueRule[] = [
      { pattern: 'Sales*', timeZone: 'Europe/Berlin', callbackAfterSeconds: 60, openingHours: [] },
      { pattern: 'Sales Berlin', callbackAfterSeconds: null, openingHours: null },
    ];
    expect(settingsOfQueue({ announcementMode: 'padded', queues }, 'id-1', 'Sales Berlin')).toEqual({
      timeZone: 'Europe/Berlin',
      openingHours: null,
      announcementMode: 'padded',
      locale: 'en',
      callbackAfterSeconds: null,
    });
  });

  test('of equal wildcards are those of the first', () => {
    const two: QueueRule[] = [
      { pattern: 'Sales*', locale: 'de' },
      { pattern: '*Berli', locale: 'fr' },
      { pattern: '*erlin', locale: 'es' },
    ];
    expect(localeOf(two)).toBe('de');
    expect(localeOf([...two].reverse())).toBe('es');
  });

  test('are matched to the letter, with any characters where a wildcard stands', () => {
    const matches = (pattern: string, name?: string) => localeOf([{ pattern, locale: 'de' }], 'id-1', name) === 'de';
    for (const pattern of ['*', 'Sales*', '*Berlin', 'S*s*n', '*ales B*', 'Sales Berlin*', 'S**n'])
      expect(matches(pattern, 'Sales Berlin'), pattern).toBe(true);
    for (const pattern of ['sales*', '*berlin', 'Sales', 'Berlin*', 'Sales Berlin*n', '.*', 'id*', 'S*s*s*n'])
      expect(matches(pattern, 'Sales Berlin'), pattern).toBe(false);
    expect(matches('a*a', 'a')).toBe(false);
    expect(matches('50 % (*)', '50 % (*)')).toBe(true);
  });

  test('of a queue whose name is not known are those of its id and of all', () => {
    const unnamed = (pattern: string) =>
      settingsOfQueue({ queues: [{ pattern, locale: 'de' }] }, 'id-1', undefined).locale;
    expect([unnamed('id-1'), unnamed('*'), unnamed('Sales*')]).toEqual(['de', 'de', 'en']);
  });

  test('match a name as a regular expression would that means the same', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    fc.assert(
      fc.property(letters, letters, (pattern, name) => {
        fc.pre(pattern !== '' && pattern !== name);
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
        expect(localeOf([{ pattern, locale: 'de' }], 'id-1', name) === 'de').toBe(expression.test(name));
      }),
      { numRuns: 1_000 },
    );
  });
});
