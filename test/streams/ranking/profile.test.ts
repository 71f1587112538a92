import fc from 'fast-check';
import { expect, test } from 'vitest';
import { profileOf, requiredBy } from '../../../streams/ranking/profile.ts';

test.each([
  [[], null, 'default'],
  [['b', 'a', 'b'], 'de', 'a+b@de'],
  [['a'], null, 'a@'],
  [[], 'de', '@de'],
  [['a/b', 'c+d'], '100%@', 'a%2fb+c%2bd@100%25%40'],
])('skills %j and language %j make the profile %s', (skills, language, profile) => {
  expect(profileOf(skills, language)).toBe(profile);
});

test('a profile says what is required, whatever the ids look like, and is one field of a key', () => {
  const id = fc.string({ minLength: 1, unit: fc.constantFrom('a', '%', '+', '@', '/', '2', 'f', 'ü', '\ud800') });
  fc.assert(
    fc.property(fc.uniqueArray(id), fc.option(id), (skills, language) => {
      const profile = profileOf(skills, language);
      expect(profile).not.toContain('/');
      expect(requiredBy(profile)).toEqual({ skills: skills.toSorted(), language });
    }),
  );
});
