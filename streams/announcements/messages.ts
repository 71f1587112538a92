/** Why there is no estimate; each has a text in each language. */
export const noEstimateReasons = ['no_agents', 'no_history', 'low_confidence', 'stale', 'gap', 'closed'] as const;
export type NoEstimateReason = (typeof noEstimateReasons)[number];

/**
 * All that is said in one language, as whole sentences: a language may build any of them anew, and the compiler finds what one
 * has forgotten. So few sentences and plurals do not pay for a message format, its parser, and arguments nobody checks.
 *
 * The texts go into SSML as they are, perhaps into an attribute: no `&`, `<`, `>` and no straight quotes. They are heard, so
 * a one that stands alone is a word where it has a gender. Minutes and callers are whole and at least 1.
 */
export interface AnnouncementMessages {
  readonly about: (minutes: number) => string;
  readonly lessThan: (minutes: number) => string;
  /** The minutes differ, the lower come first. */
  readonly between: (lowMinutes: number, highMinutes: number) => string;
  readonly exactly: (minutes: number) => string;
  readonly moreThan: (minutes: number) => string;
  readonly nextInLine: string;
  readonly callersAhead: (callers: number) => string;
  readonly noEstimate: Readonly<Record<NoEstimateReason, string>>;
}

/** Picks one of two forms by a language's plural rules; our languages take the form `other` for what is neither, as millions. */
export function pluralOf(language: string): (n: number, one: string, other: string) => string {
  const rules = new Intl.PluralRules(language);
  return (n, one, other) => (rules.select(n) === 'one' ? one : other);
}
