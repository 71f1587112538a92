import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../sinks/clock.ts';
import type { KafkaSettings } from '../../sinks/kafka/client.ts';
import { type PipelineProcess, startProcess, until } from '../support/pipeline-process.ts';

export const roles = ['ingest', 'derive', 'archive'] as const;
export type Role = (typeof roles)[number];

/** A process of the fleet, which somebody starts anew when it has ended, as a supervisor does. */
interface Member {
  readonly role: Role;
  running: PipelineProcess;
  startedMs: number;
  /** How it ended each time, but when it was killed by us. */
  readonly exits: string[];
  isKept: boolean;
}

export interface Fleet {
  readonly members: readonly Member[];
  /** Ends a member without a word; it is started anew. */
  kill(member: Member): Promise<void>;
  /** Stops a member where it stands, and lets it go on. */
  pause(member: Member): void;
  resume(member: Member): void;
  /** Ends members in order; resolves with what went wrong. */
  drain(role: Role): Promise<readonly string[]>;
  destroy(): void;
}

export interface FleetSettings {
  readonly kafka: KafkaSettings;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeZone: string;
  readonly sink: 'whole' | 'broken';
}

const brokenOffsets = join(import.meta.dirname, '../../dist/test/faults/broken-offsets.js');

/** One who ingests, two who derive, of whom one stands by, and one who archives: each a process of its own. */
export function startFleet({ kafka, dataDir, env, timeZone, sink }: FleetSettings): Fleet {
  const all = {
    ...env,
    KAFKA_BROKERS: kafka.brokers.join(','),
    QUEUECAST_TOPIC_PREFIX: kafka.topicPrefix,
    QUEUECAST_KAFKA_PARTITIONS: '3',
    QUEUECAST_KAFKA_RETENTION_MS: 'none',
    // A dead member is found out quickly.
    QUEUECAST_KAFKA_SESSION_MS: '2000',
    QUEUECAST_CHECKPOINT_EVERY_MS: '60000',
  };
  const folderOf = (role: Role, number: number) => join(dataDir, role === 'derive' ? `derive-${number}` : role);
  const start = (role: Role, number: number) =>
    startProcess(
      ['run', '--role', role, '--data-dir', folderOf(role, number), '--time-zone', timeZone],
      sink === 'broken' && role === 'derive'
        ? { ...all, NODE_OPTIONS: `--import ${pathToFileURL(brokenOffsets).href}` }
        : all,
    );
  let isDestroyed = false;

  function startMember(member: Member, number: number): void {
    member.startedMs = systemClock.nowMs();
    member.running = start(member.role, number);
    keep(member, number);
  }

  /** A process that has touched its health file hears signals. */
  async function isUp(member: Member): Promise<boolean> {
    const path = join(folderOf(member.role, members.indexOf(member)), `health-${member.role}`);
    const touchedMs = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    return touchedMs >= member.startedMs;
  }

  function keep(member: Member, number: number): void {
    const { running } = member;
    void running.ended.then((how) => {
      if (isDestroyed || !member.isKept || member.running !== running) return;
      // A transaction that the brokers have ended by themselves looks like a takeover; a supervisor starts it again, as it is told to.
      const isFenced = member.role === 'ingest' && running.output().includes('QC_SINK_FENCED');
      if (!isFenced) member.exits.push(`${member.role} ended with ${how}:\n${running.output().slice(-2_000)}`);
      startMember(member, number);
    });
  }

  const members = (['ingest', 'derive', 'derive', 'archive'] as const).map((role, number) => {
    const startedMs = systemClock.nowMs();
    const member: Member = { role, running: start(role, number), startedMs, exits: [], isKept: true };
    keep(member, number);
    return member;
  });

  return {
    members,
    async kill(member) {
      const { running } = member;
      const number = members.indexOf(member);
      member.isKept = false;
      running.child.kill('SIGKILL');
      await running.ended;
      member.isKept = true;
      startMember(member, number);
    },
    pause: ({ running }) => void running.child.kill('SIGSTOP'),
    resume: ({ running }) => void running.child.kill('SIGCONT'),
    async drain(role) {
      const drained = members.filter((member) => member.role === role);
      const faults: string[] = [];
      for (const member of drained) {
        // It may have been started just now: a signal is heard only by a process that runs.
        await until(() => isUp(member), member.running);
        member.isKept = false;
        member.running.child.kill('SIGTERM');
        const how = await member.running.ended;
        if (how !== 0) faults.push(`${role} ended with ${how}:\n${member.running.output().slice(-2_000)}`);
      }
      return faults;
    },
    destroy() {
      isDestroyed = true;
      for (const { running } of members) running.child.kill('SIGKILL');
    },
  };
}
