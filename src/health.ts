/** What a run counts, for its summary and its log. */
export interface Health {
  events: number;
  outputs: number;
  conflated: number;
  rejected: number;
  gaps: number;
}

export function createHealth(): Health {
  return { events: 0, outputs: 0, conflated: 0, rejected: 0, gaps: 0 };
}
