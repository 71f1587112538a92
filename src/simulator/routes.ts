import type { Access, Routes } from './access.ts';
import { createAggregates } from './aggregates.ts';
import { createAnalytics } from './analytics.ts';
import type { CallCenter } from './call-center.ts';
import { createCatalog } from './catalog.ts';
import { createDetails } from './details.ts';
import { createDirectory } from './directory.ts';
import { createEstimatedWait } from './estimated-wait.ts';
import type { StatusLedger } from './status-ledger.ts';
import type { PlatformSwitches } from './switches.ts';
import { createUsers } from './users.ts';

/** Everything that can be asked of the platform but its channels. */
export function createRoutes(options: {
  readonly center: CallCenter;
  readonly statuses: StatusLedger;
  readonly switches: PlatformSwitches;
  readonly access: Pick<Access, 'revoke'>;
  readonly requestsPerMinute: number;
  readonly newSecret: () => string;
}): Routes {
  const { center, statuses, switches, access, requestsPerMinute, newSecret } = options;
  const emptyAnswer = switches.emptyAggregates === 'nothing' ? {} : { results: [] };
  const subjects: readonly Routes[] = [
    tokenRoutes(access),
    createDirectory(center),
    createCatalog(center.roster, requestsPerMinute),
    createUsers(center, statuses, emptyAnswer),
    createEstimatedWait(center),
    createAnalytics(center, switches),
    createAggregates({ center, newSecret, emptyAnswer }),
    createDetails({ history: center.history, newSecret, jobLagMs: switches.detailJobLagMs }),
  ];
  return {
    answer(request, caller, nowMs) {
      for (const subject of subjects) {
        const answer = subject.answer(request, caller, nowMs);
        if (answer !== undefined) return answer;
      }
      return undefined;
    },
  };
}

function tokenRoutes(access: Pick<Access, 'revoke'>): Routes {
  return {
    answer({ method, path }, caller) {
      if (path !== '/api/v2/tokens/me' || !['HEAD', 'DELETE'].includes(method)) return undefined;
      if (method === 'DELETE') access.revoke(caller.token);
      return { status: 200 };
    },
  };
}
