import type { Required } from './score.ts';

/** The profile of whoever asks for nothing. */
export const defaultProfile = 'default';

/**
 * The name of what is required: ids of skills in order with `+` between, then `@` and the id of the language, for example
 * `billing+sales@de`, `billing@`, `@de`. The order in which skills are asked for makes no difference.
 */
export function profileOf(skillIds: readonly string[], languageId: string | null): string {
  const skills = [...new Set(skillIds)].filter((id) => id !== '').sort();
  const language = languageId ?? '';
  if (skills.length === 0 && language === '') return defaultProfile;
  return `${skills.map(escaped).join('+')}@${escaped(language)}`;
}

/** The inverse of `profileOf`. */
export function requiredBy(profile: string): Required {
  if (profile === defaultProfile) return { skills: [], language: null };
  const [skills = '', language = ''] = profile.split('@');
  return {
    skills: skills === '' ? [] : skills.split('+').map(unescaped),
    language: language === '' ? null : unescaped(language),
  };
}

/** Whatever an id looks like, it does not look like two, nor like two fields of a key. */
const escaped = (id: string) => id.replaceAll(/[%+@/]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);

const unescaped = (id: string) =>
  id.replaceAll(/%([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
