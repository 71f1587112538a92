import { type WindowInput, windowQueues } from '../../streams/queue-window.ts';
import { parseWindowSizes } from '../../streams/window-size.ts';
import { counted } from '../support/wait-journals.ts';

// Windows of five sizes for 10,000 queues on one core: each second some of them change, and time passes.

const keys = 10_000;
const changesASecond = 500;
const rounds = 5;
const secondsOfRound = 60;
const startMs = Date.UTC(2026, 2, 2, 9);

const changed = (key: number, atMs: number): WindowInput =>
  counted(atMs, {
    queueId: `q${key}`,
    waiting: (key + atMs) % 7,
    interacting: key % 5,
    agentsOnQueue: 8,
    agentsIdle: (key * 3 + atMs) % 4,
    agentsInteracting: 5,
    agentsCommunicating: 0,
    agentsNotResponding: 0,
  });

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

export function measureWindows(say: (line: string) => void): void {
  const logic = windowQueues({
    windowSizes: parseWindowSizes('1m,15m,30m,1h,1d') ?? [],
    windowLiveEveryMs: 10_000,
    outOfOrdernessMs: 0,
    allowedLatenessMs: 0,
    holdMs: null,
    gapMaxMs: 900_000,
    timeZone: 'Europe/Berlin',
  });
  let state = logic.start();
  let records = 0;
  const step = (input: WindowInput) => {
    const [next, outputs] = logic.step(state, input);
    state = next;
    records += outputs.length;
  };
  let atMs = startMs;
  const tick = () => step({ kind: 'tick', receivedAtMs: atMs, heardUntilMs: atMs });
  tick();
  for (let key = 0; key < keys; key += 1) step(changed(key, atMs));
  const measured: number[] = [];
  const written: number[] = [];
  let changes = 0;
  for (let round = 0; round < rounds; round += 1) {
    records = 0;
    const beganMs = performance.now();
    for (let second = 0; second < secondsOfRound; second += 1) {
      atMs += 1_000;
      for (let change = 0; change < changesASecond; change += 1, changes += 1) {
        step(changed((changes * 7_919) % keys, atMs));
      }
      tick();
    }
    measured.push((secondsOfRound * changesASecond * 1000) / (performance.now() - beganMs));
    written.push(records);
  }
  const saved = JSON.stringify(state, (_, value: unknown) => (value instanceof Map ? [...value] : value));
  say(
    `windows, ${keys} keys in five sizes, ${changesASecond} changes a second of journal time: ${Math.round(median(measured))} updates/s, ` +
      `${median(written)} records a minute, ${Math.round(saved.length / keys)} bytes of saved state a key`,
  );
}
