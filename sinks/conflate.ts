import type { Output } from '../streams/record.ts';

interface Conflated {
  readonly kept: readonly Output[];
  readonly dropped: number;
}

/** What goes into one delivery, as it comes. */
interface Conflation {
  add(output: Output): void;
  conflated(): Conflated;
}

/**
 * Keeps the last state of each record type and key, where that last one stood, and every fact and revised fact. The order
 * of what is kept stays. What is superseded is let go at once: of a long batch that is most, and garbage costs least while it is young.
 *
 *     a1 F b1 a2 F   →   F b1 a2 F
 */
export function startConflation(): Conflation {
  const places = new Map<Output['type'], Map<string, number>>();
  const outputs: (Output | undefined)[] = [];
  return {
    add(output) {
      if (output.type.kind === 'state') {
        let ofType = places.get(output.type);
        if (ofType === undefined) places.set(output.type, (ofType = new Map<string, number>()));
        const before = ofType.get(output.key);
        if (before !== undefined) outputs[before] = undefined;
        ofType.set(output.key, outputs.length);
      }
      outputs.push(output);
    },
    conflated() {
      const kept = outputs.filter((output) => output !== undefined);
      return { kept, dropped: outputs.length - kept.length };
    },
  };
}
