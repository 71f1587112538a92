import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../sinks/clock.ts';
import { startHttpServer } from '../../src/http/server.ts';
import { routingRoutes } from '../../src/http/routing.ts';
import type { NamedAgent } from '../../src/routing/roster.ts';
import { createSimulation } from '../../src/routing/simulation.ts';
import { seededRandom } from '../../src/simulator/model/random.ts';
import { rankAgents } from '../../streams/agent-ranking.ts';
import type { QueueEvent } from '../../streams/event.ts';
import { defaultWeights } from '../../streams/ranking/weights.ts';
import { agentStatus } from '../support/wait-journals.ts';

// Rankings: what one agent's event costs, how fast a log is simulated beside the tutorial's loop, and how fast the what-if question is answered.

const rounds = 7;
const startMs = Date.UTC(2026, 2, 2, 9);
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const skills = Array.from({ length: 10 }, (_, at) => `skill-${at}`);
const languages = ['de', 'en', 'fr'];

/** Microseconds for one status of one agent, with so many in the queue; three profiles are ranked. */
function updateMicroseconds(agents: number): number {
  const random = seededRandom(`${agents}`);
  const logic = rankAgents({
    ...{ rankingTop: 5, rankingWeights: defaultWeights },
    agentNames: false,
    rankingProfiles: ['skill-1@de', 'skill-2+skill-3@en'],
  });
  const state = logic.start();
  const step = (event: QueueEvent) => logic.step(state, event);
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)]!;
  step({ kind: 'queue-profile', receivedAtMs: startMs, queueId: 'q', name: 'q', serviceLevels: [] });
  for (let n = 0; n < agents; n += 1) {
    const known = skills.filter(() => random() < 0.4);
    step({
      kind: 'agent-profile',
      receivedAtMs: startMs,
      userId: `u${n}`,
      skills: known.map((skillId) => ({ skillId, proficiency: 1 + Math.floor(random() * 5) })),
      languages: [{ languageId: pick(languages), proficiency: 5 }],
    });
    step(agentStatus(`u${n}`, startMs, { routingStatus: 'IDLE', activeQueueIds: ['q'] }));
  }
  const events = Array.from({ length: 20_000 }, (_, n) => {
    const atMs = startMs + 1_000 + n;
    const routingStatus = n % 2 === 0 ? 'INTERACTING' : 'IDLE';
    return agentStatus(`u${Math.floor(random() * agents)}`, atMs, { routingStatus, activeQueueIds: ['q'] });
  });
  const beganMs = performance.now();
  for (const event of events) step(event);
  return ((performance.now() - beganMs) * 1000) / events.length;
}

function centre(count: number): readonly NamedAgent[] {
  const random = seededRandom('centre');
  return Array.from({ length: count }, (_, n) => ({
    id: `agent-${n}`,
    name: `Invented ${n}`,
    routingStatus: 'IDLE',
    skills: new Map(skills.filter(() => random() < 0.5).map((skill) => [skill, 1 + Math.floor(random() * 5)])),
    languages: languages.filter(() => random() < 0.5),
    csat: Math.round(random() * 100) / 100,
    queueTimeSeconds: Math.floor(random() * 600),
    idleSinceMs: startMs - n,
  }));
}

/** The tutorial's loop, repaired: one satisfaction map, and a table that is there. */
const script = `
import json, sys, time
from dataclasses import dataclass

@dataclass
class Weights:
    proficiency: float = 0.4
    language_match: float = 0.3
    historical_csat: float = 0.3
    min_score_threshold: float = 0.5

def score(agent, skill, language, csat, weights):
    proficiency = min(agent["skills"].get(skill, 0) / 5.0, 1.0)
    match = 1.0 if language in agent["languages"] else 0.0
    total = weights.proficiency * proficiency + weights.language_match * match + weights.historical_csat * csat.get(agent["id"], 0.5)
    return total if total >= weights.min_score_threshold else 0.0

with open(sys.argv[1]) as file:
    given = json.load(file)
agents, csat, waits, weights = given["agents"], given["csat"], given["queueTime"], Weights()
results = []
began = time.perf_counter()
for row in given["interactions"]:
    scored = [(agent, score(agent, row["skill"], row["language"], csat, weights)) for agent in agents]
    scored = [each for each in scored if each[1] > 0]
    if not scored:
        continue
    scored.sort(key=lambda each: (-each[1], waits.get(each[0]["id"], 9999)))
    results.append({"interaction_id": row["id"], "selected_agent_id": scored[0][0]["id"], "composite_score": scored[0][1]})
seconds = time.perf_counter() - began
print(json.dumps({"seconds": seconds, "assigned": len(results)}))
`;

function measureBatch(say: (line: string) => void): void {
  const agents = centre(500);
  const random = seededRandom('log');
  const interactions = Array.from({ length: 5_000 }, (_, n) => ({
    id: `i${n}`,
    skill: skills[Math.floor(random() * skills.length)] ?? '',
    language: languages[Math.floor(random() * languages.length)] ?? '',
  }));
  const folder = mkdtempSync(join(tmpdir(), 'queuecast-bench-'));
  const given = join(folder, 'given.json');
  writeFileSync(
    given,
    JSON.stringify({
      agents: agents.map((agent) => ({
        id: agent.id,
        skills: Object.fromEntries(agent.skills),
        languages: agent.languages,
      })),
      csat: Object.fromEntries(agents.map(({ id, csat }) => [id, csat])),
      queueTime: Object.fromEntries(agents.map(({ id, queueTimeSeconds }) => [id, queueTimeSeconds])),
      interactions,
    }),
  );
  const asked = interactions.map(({ id, skill, language }, n) => ({
    ...{ id, skills: [skill], language },
    startMs: startMs + n * 500,
    handleSeconds: 240,
  }));
  const ours = (capacity: boolean) => {
    const beganMs = performance.now();
    const rules = capacity ? { handleSeconds: 240, waitSecondsMax: null } : null;
    const simulation = createSimulation({ agents, weights: defaultWeights, capacity: rules });
    for (const each of asked) simulation.take(each);
    const assigned = simulation.finish().assignments.length;
    return { assigned, seconds: (performance.now() - beganMs) / 1000 };
  };
  const theirs = () => {
    const { stdout, stderr } = spawnSync('python3', ['-c', script, given], { encoding: 'utf8' });
    if (stdout === '') throw new Error(`python3 is needed for the tutorial's loop: ${stderr}`);
    return JSON.parse(stdout) as { readonly seconds: number; readonly assigned: number };
  };
  try {
    const measured = Array.from({ length: rounds }, () => ({ free: ours(false), busy: ours(true), python: theirs() }));
    const each = (of: (round: (typeof measured)[number]) => number) => median(measured.map(of));
    const rate = (seconds: number) => Math.round(interactions.length / seconds).toLocaleString('en-US');
    const { free, python } = measured[0]!;
    if (free.assigned !== python.assigned) throw new Error(`${free.assigned} assigned, in Python ${python.assigned}`);
    say(
      `batch of ${interactions.length} interactions over 500 agents: ${rate(each((round) => round.free.seconds))} interactions/s`,
    );
    say(
      `the tutorial's loop in Python: ${rate(each((round) => round.python.seconds))} interactions/s; ratio ${each((round) => round.python.seconds / round.free.seconds).toFixed(0)}`,
    );
    say(
      `with capacity: ${rate(each((round) => round.busy.seconds))} interactions/s; ratio ${each((round) => round.python.seconds / round.busy.seconds).toFixed(0)}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One connection that asks again as soon as it is answered, and four of them. */
async function measureRequests(say: (line: string) => void): Promise<void> {
  const agents = centre(500);
  const roster = { agents, origin: 'live', asOfMs: startMs, isStale: false, csat: 'ranking' } as const;
  const server = await startHttpServer({
    ...{ host: '127.0.0.1', port: 0, version: '0', clock: systemClock },
    log: { error: (told: unknown) => say(String(told)) },
    rate: { ratePerSecond: 1e9, capacity: 1e9 },
    subjects: [routingRoutes({ rosters: () => Promise.resolve(roster), weights: defaultWeights, clock: systemClock })],
  });
  const ask = async (n: number) => {
    const body = JSON.stringify({ queue_id: 'q', required_skill: skills[n % 10], required_language: languages[n % 3] });
    const init = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
    const answer = await fetch(`${server.url}/simulate/routing`, init);
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`answered ${answer.status}`);
  };
  try {
    for (let n = 0; n < 300; n += 1) await ask(n);
    for (const connections of [1, 4]) {
      const took: number[] = [];
      const beganMs = performance.now();
      const one = async () => {
        for (let n = 0; n < 2_000 / connections; n += 1) {
          const askedMs = performance.now();
          await ask(n);
          took.push(performance.now() - askedMs);
        }
      };
      await Promise.all(Array.from({ length: connections }, one));
      const rate = Math.round((took.length / (performance.now() - beganMs)) * 1000);
      const sorted = took.toSorted((a, b) => a - b);
      const at = (share: number) => (sorted[Math.floor(share * sorted.length)] ?? NaN).toFixed(1);
      say(
        `/simulate/routing, 500 agents, ${connections} at a time: ${rate} requests/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`,
      );
    }
  } finally {
    await server.close();
  }
}

export async function measureRouting(say: (line: string) => void): Promise<void> {
  updateMicroseconds(100);
  const updates = Array.from({ length: rounds }, () => ({
    few: updateMicroseconds(100),
    many: updateMicroseconds(10_000),
  }));
  const few = median(updates.map((each) => each.few));
  const many = median(updates.map((each) => each.many));
  const ratio = median(updates.map((each) => each.many / each.few));
  say(
    `ranking update per agent event, three profiles: ${few.toFixed(1)} µs with 100 agents, ${many.toFixed(1)} µs with 10,000; ratio ${ratio.toFixed(2)}`,
  );
  measureBatch(say);
  await measureRequests(say);
}
