import { GenesysError } from '../genesys/errors.ts';
import * as snapshot from '../genesys/snapshot.ts';
import * as wire from '../genesys/wire.ts';
import { judgeClock, judgeRate } from './judge.ts';
import { attempt, type Check } from './platform-checks.ts';

// Whether the platform lets us in, and how it keeps its time and its count.

/** Hosts, credentials and whose they are. */
export const checkLogin: Check = async (asking) => {
  const { rest, signal, loginUrl, apiUrl } = asking;
  const organization = await attempt(asking, async () =>
    snapshot.readAnswer(wire.organizationAnswer, await rest.get('/api/v2/organizations/me', signal)),
  );
  if (organization instanceof GenesysError) {
    const { code, message: told } = organization;
    const failed = { status: 'failed', told, cost: 'nothing more can be asked' } as const;
    if (code !== 'QC_GENESYS_CREDENTIALS') return { findings: [{ name: 'host', ...failed }], isLast: true };
    const reached = { name: 'host', status: 'ok', told: `${loginUrl}: answered` } as const;
    return { findings: [reached, { name: 'credentials', ...failed }], isLast: true };
  }
  return {
    findings: [
      { name: 'host', status: 'ok', told: `${[...new Set([loginUrl, apiUrl])].join(' and ')}: answered` },
      { name: 'credentials', status: 'ok', told: 'the login is accepted' },
      { name: 'organisation', status: 'ok', told: `${organization.name ?? 'without a name'} (${organization.id})` },
    ],
  };
};

/** By the answer that came last. */
export const checkClock: Check = ({ lastAnswer }) => {
  const last = lastAnswer();
  return Promise.resolve({ findings: last === undefined ? [] : [judgeClock(last)] });
};

/** By the answer that came last. */
export const checkRate: Check = ({ lastAnswer }) => {
  const last = lastAnswer();
  return Promise.resolve({ findings: last === undefined ? [] : [judgeRate(last.answer)] });
};
