/** What a run counts, for its summary and its log. */
export interface Health {
  events: number;
  outputs: number;
  conflated: number;
  rejected: number;
  gaps: number;
  /** Looks at how everything stands that failed; each is tried again. */
  failedLooks: number;
}

export function createHealth(): Health {
  return { events: 0, outputs: 0, conflated: 0, rejected: 0, gaps: 0, failedLooks: 0 };
}
