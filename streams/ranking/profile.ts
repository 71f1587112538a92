import type { Required } from './score.ts';

/** The profile of whoever asks for nothing. */
export const defaultProfile = 'default';

/**
 * The name of what is required: ids of skills in order with `+` between, then `@` and the id of the language, for example
 * `billing+sales@de`, `billing@`, `@de`. The order in which skills are asked for makes no difference.
 */
export function profileOf(skillIds: readonly string[], languageId: string | null): string {
  const skills = [...new Set(skillIds)].sort();
  if (skills.length === 0 && languageId === null) return defaultProfile;
  return `${skills.map(encodeURIComponent).join('+')}@${encodeURIComponent(languageId ?? '')}`;
}

/** The inverse of `profileOf`. */
export function requiredBy(profile: string): Required {
  if (profile === defaultProfile) return { skills: [], language: null };
  const [skills = '', language = ''] = profile.split('@');
  return {
    skills: skills === '' ? [] : skills.split('+').map(decodeURIComponent),
    language: language === '' ? null : decodeURIComponent(language),
  };
}
