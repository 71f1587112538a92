import type { CallCenterEvent } from '../../src/simulator/call-center-event.ts';
import { idOf } from '../../src/simulator/roster.ts';

const queues = ['north', 'south', 'west'];
const agents: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['a1', new Set(['north', 'south'])],
  ['a2', new Set(['south'])],
  ['a3', new Set(['south', 'west'])],
  ['a4', new Set(['north', 'west'])],
]);

export const smallRoster = { queues, agents };

/** Calls and shifts of a small centre that never rests. */
export function* happenings(random: () => number, startMs: number, untilMs: number): Generator<CallCenterEvent> {
  const waiting: { callId: string; queue: string }[] = [];
  const talking: { callId: string; agent: string }[] = [];
  const on = new Set<string>();
  const take = <T>(from: T[]) => from.splice(Math.floor(random() * from.length), 1)[0];
  let calls = 0;
  for (let atMs = startMs + 1; atMs < untilMs; atMs += 1 + Math.floor(random() * 4_000)) {
    const chance = random();
    if (chance < 0.35) {
      const queue = queues[Math.floor(random() * queues.length)] ?? '';
      const callId = idOf(`call/${(calls += 1)}`);
      waiting.push({ callId, queue });
      yield { kind: 'arrival', atMs, callId, queueId: idOf(queue), priority: 0 };
    } else if (chance < 0.55) {
      const free = [...on].filter((agent) => !talking.some((each) => each.agent === agent));
      const call = waiting.find(({ queue }) => free.some((agent) => agents.get(agent)?.has(queue)));
      const agent = free.find((each) => agents.get(each)?.has(call?.queue ?? ''));
      if (call === undefined || agent === undefined) continue;
      waiting.splice(waiting.indexOf(call), 1);
      talking.push({ callId: call.callId, agent });
      yield { kind: 'answer', atMs, callId: call.callId, userId: idOf(agent) };
    } else if (chance < 0.75) {
      const ended = take(talking);
      if (ended !== undefined) yield { kind: 'end', atMs, callId: ended.callId };
    } else if (chance < 0.85) {
      const left = take(waiting);
      if (left !== undefined) yield { kind: 'abandon', atMs, callId: left.callId };
    } else {
      const agent = [...agents.keys()][Math.floor(random() * agents.size)] ?? '';
      if (talking.some((each) => each.agent === agent)) continue;
      const isOn = on.has(agent);
      if (isOn) on.delete(agent);
      else on.add(agent);
      yield { kind: isOn ? 'agent-off' : 'agent-on', atMs, userId: idOf(agent) };
    }
  }
}
