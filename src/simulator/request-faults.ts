import type { EpochMs } from '../../streams/record.ts';
import type { Fault } from './faults.ts';
import { failure, type RestAnswer, type RestRequest } from './rest.ts';

type RequestFault = Extract<Fault, { readonly pathPrefix: string }>;

/** Faults that befall requests, in place of an answer or on top of it. */
export interface RequestFaults {
  begin(fault: RequestFault, nowMs: EpochMs): void;
  clear(): void;
  /** What is answered instead, and how long the answer takes, in milliseconds. */
  meet(request: RestRequest, nowMs: EpochMs): { readonly instead?: RestAnswer; readonly delayMs: number };
}

export function createRequestFaults(): RequestFaults {
  let running: { readonly fault: RequestFault; readonly untilMs: EpochMs; left: number }[] = [];
  return {
    begin(fault, nowMs) {
      running.push({ fault, untilMs: nowMs + fault.forMs, left: fault.count ?? Infinity });
    },
    clear() {
      running = [];
    },
    meet(request, nowMs) {
      running = running.filter(({ untilMs, left }) => nowMs < untilMs && left > 0);
      let delayMs = 0;
      for (const each of running) {
        const { fault } = each;
        if (!request.path.startsWith(fault.pathPrefix)) continue;
        each.left -= 1;
        if (fault.kind !== 'slow-answers') return { instead: answerOf(fault), delayMs };
        delayMs = Math.max(delayMs, fault.delayMs);
      }
      return { delayMs };
    },
  };
}

function answerOf(fault: Exclude<RequestFault, { readonly kind: 'slow-answers' }>): RestAnswer {
  if (fault.kind === 'server-error') {
    const text = `<html><head><title>${fault.status}</title></head><body><h1>${fault.status}</h1></body></html>\n`;
    return { status: fault.status, headers: { 'content-type': 'text/html' }, text };
  }
  const seconds = fault.retryAfterSeconds;
  const when = seconds === null ? '' : ` Retry the request in [${seconds}] seconds`;
  const params = seconds === null ? {} : { seconds: String(seconds) };
  return {
    ...failure(429, 'too.many.requests', `Rate limit exceeded the maximum.${when}`, params),
    headers: seconds === null ? {} : { 'retry-after': String(seconds) },
  };
}
