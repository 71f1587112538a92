import { parseArgs } from 'node:util';
import { measureFirstRun } from './first-run.ts';
import { measureFrames } from './frames.ts';
import { measureHistory } from './history.ts';
import { measureKafka } from './kafka.ts';
import { measureParquet } from './parquet.ts';
import { measureRouting } from './routing.ts';
import { measureWaits } from './waits.ts';
import { measureWindows } from './windows.ts';

// npm run bench: ratios within one run, medians of several rounds. Nothing here is a test. --only frames, wait, windows, parquet, history, routing, install or kafka runs one part, --only
// kafka:latency a part of a part.

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const [part, ofPart] = values.only?.split(':') ?? [];
const say = (line: string) => void process.stdout.write(`${line}\n`);
const parts = {
  frames() {
    measureFrames(say);
  },
  wait() {
    measureWaits(say);
  },
  windows() {
    measureWindows(say);
  },
  parquet: () => measureParquet(say),
  history: () => measureHistory(say),
  routing: () => measureRouting(say),
  async install() {
    for (const line of await measureFirstRun()) say(line);
  },
  kafka: () => measureKafka(say, ofPart),
};
for (const [name, measure] of Object.entries(parts)) {
  if (part === undefined || part === name) await measure();
}
// The clients of the brokers that are gone keep asking for them.
process.exit();
