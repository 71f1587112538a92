import { expect, test } from 'vitest';
import { decodeArrival } from '../../../src/genesys/decode.ts';
import { arrivalLine } from '../../../src/recording/format.ts';
import { startVirtualRun } from '../../support/virtual-subscriber.ts';
import { scripted, smallRoster, startMs } from '../simulator/virtual-client.ts';

const names = smallRoster.agents.map(({ name }) => name).sort();

async function arrivalsWith(agentNames: boolean) {
  const run = startVirtualRun({ driver: scripted([]), random: () => 0.5, agentNames });
  await run.runUntil(startMs + 30_000);
  await run.stop();
  return run.arrivals;
}

test('names of agents get past the border only where they are switched on', async () => {
  const told = (await arrivalsWith(true)).flatMap(decodeArrival);
  expect(told.flatMap((event) => (event.kind === 'agent-profile' ? [event.name] : [])).sort()).toEqual(names);
  const arrivals = await arrivalsWith(false);
  expect(arrivals.some((each) => each.kind === 'rest' && each.path === '/api/v2/users')).toBe(true);
  for (const name of names) {
    expect(JSON.stringify([arrivals, arrivals.flatMap(decodeArrival)])).not.toContain(name);
  }
});

test('no recording holds the name of an agent, whatever is switched on', async () => {
  const lines = (await arrivalsWith(true)).map(arrivalLine).join('\n');
  expect(lines).toContain(smallRoster.agents[0]?.id);
  for (const name of names) expect(lines).not.toContain(name);
});
