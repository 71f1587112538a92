import { z } from 'zod';
import { type ClosedWindow, hopping, type WindowEvent } from '../../streams/window.ts';
import { differenceOf, type GoldenKind } from './kind.ts';

const windowsInput = z.strictObject({
  sizeMs: z.number(),
  hopMs: z.number(),
  outOfOrdernessMs: z.number(),
  allowedLatenessMs: z.number(),
  holdMs: z.number().nullable(),
  finalWatermark: z.number().nullable(),
  events: z.array(z.strictObject({ key: z.string(), t: z.number(), value: z.number() })),
});

export const windows: GoldenKind = {
  kind: 'windows',
  runCase: ({ input, expected }, tolerance) => differenceOf(expected, play(windowsInput.parse(input)), tolerance),
};

/** Streams the events of a case and writes what comes out in the words of the golden files. */
function play({ events, finalWatermark, ...settings }: z.infer<typeof windowsInput>) {
  const logic = hopping({ ...settings, gapMaxMs: null, gauges: ['value'], advanceOnObservation: true });
  const inputs: WindowEvent[] = events.map(({ key, t, value }) => ({
    kind: 'observed',
    key,
    atMs: t,
    values: { value },
  }));
  if (finalWatermark !== null) inputs.push({ kind: 'watermark', watermarkMs: finalWatermark });

  const emissions: ReturnType<typeof rowOf>[] = [];
  const dropped: number[] = [];
  let state = logic.start();
  for (const [afterEvent, event] of inputs.entries()) {
    const [next, outputs] = logic.step(state, event);
    state = next;
    for (const output of outputs) {
      if (output.kind === 'late') dropped.push(afterEvent);
      else emissions.push(rowOf(output, afterEvent));
    }
  }
  const latest = new Map(emissions.map(({ afterEvent: _, ...row }) => [`${row.key}/${row.start}`, row]));
  const final = [...latest.values()].sort((a, b) => (a.key === b.key ? a.start - b.start : a.key < b.key ? -1 : 1));
  return { final, emissions, dropped };
}

function rowOf(
  { key, revision, startMs, endMs, count, coverageMs, interpolated, gauges }: ClosedWindow,
  afterEvent: number,
) {
  return { afterEvent, key, revision, start: startMs, end: endMs, count, ...gauges['value'], coverageMs, interpolated };
}
