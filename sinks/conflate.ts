import type { Output } from '../streams/record.ts';

export interface Conflated {
  readonly kept: readonly Output[];
  readonly dropped: number;
}

/**
 * Keeps the last state of each record type and key, where that last one stood, and every fact and revised fact. The order
 * of what is kept stays.
 *
 *     a1 F b1 a2 F   →   F b1 a2 F
 */
export function conflate(outputs: readonly Output[]): Conflated {
  const seen = new Map<Output['type'], Set<string>>();
  const kept: Output[] = [];
  for (const output of outputs.toReversed()) {
    if (output.type.kind === 'state') {
      let keys = seen.get(output.type);
      if (keys === undefined) seen.set(output.type, (keys = new Set()));
      if (keys.has(output.key)) continue;
      keys.add(output.key);
    }
    kept.push(output);
  }
  return { kept: kept.reverse(), dropped: outputs.length - kept.length };
}
