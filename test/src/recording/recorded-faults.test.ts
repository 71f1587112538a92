import { expect, test } from 'vitest';
import type { Arrival } from '../../../src/genesys/arrival.ts';
import { decodeArrival } from '../../../src/genesys/decode.ts';
import { arrivalLine, parseLine } from '../../../src/recording/format.ts';
import { arrivalsAmong } from '../../support/border-faults.ts';
import { faultKinds } from '../../support/border-story.ts';

// Whatever the platform does, what is recorded of it makes the same journal again.

const together = 3;
const some = faultKinds.flatMap((_, at) => (at % together === 0 ? [faultKinds.slice(at, at + together)] : []));

test.each(some.map((kinds, seed) => [kinds.join(', '), kinds, seed + 1] as const))(
  'a recording of a run with faults gives its journal to the byte: %s',
  async (_, kinds, seed) => {
    const arrivals = await arrivalsAmong(kinds, seed);
    const journal = (all: readonly Arrival[]) => all.flatMap(decodeArrival).map((event) => JSON.stringify(event));
    const replayed = arrivals.map((arrival) => parseLine(arrivalLine(arrival))).filter((each) => each !== undefined);
    expect(replayed).toHaveLength(arrivals.length);
    const events = journal(arrivals);
    expect(events.length).toBeGreaterThan(1_000);
    expect(journal(replayed)).toEqual(events);
  },
);
