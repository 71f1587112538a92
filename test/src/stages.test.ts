import { describe, expect, test } from 'vitest';
import { runStages, type Stage } from '../../src/stages.ts';

/** A stage that ends when drained or stopped, and notes what happened. */
function stage(name: string, notes: string[], failure?: Error): Stage {
  let drain: () => void = () => undefined;
  const drained = new Promise<void>((resolve) => (drain = resolve));
  return {
    name,
    async run(signal) {
      if (failure !== undefined) throw failure;
      const stopped = new Promise<void>((_, reject) =>
        signal.addEventListener('abort', () => reject(new Error('stopped'))),
      );
      stopped.catch(() => notes.push(`${name} stopped`));
      await Promise.race([drained, stopped]);
      notes.push(`${name} ended`);
    },
    drain() {
      notes.push(`${name} drains`);
      drain();
    },
  };
}

const never = new AbortController().signal;

describe('stages', () => {
  test('drain in order: each ends before the next is asked to', async () => {
    const notes: string[] = [];
    const drain = new AbortController();
    const done = runStages([stage('a', notes), stage('b', notes)], { drain: drain.signal, hurry: never });
    drain.abort();
    await done;
    expect(notes).toEqual(['a drains', 'a ended', 'b drains', 'b ended']);
  });

  test('are all stopped when one fails, and its failure is thrown', async () => {
    const notes: string[] = [];
    const failing = [stage('a', notes), stage('b', notes, new Error('disk full')), stage('c', notes)];
    await expect(runStages(failing, { drain: never, hurry: never })).rejects.toThrow('disk full');
    expect(notes).toContain('a stopped');
    expect(notes).toContain('c stopped');
  });

  test('asked to drain before they began, end all the same', async () => {
    const notes: string[] = [];
    await runStages([stage('a', notes)], { drain: AbortSignal.abort(), hurry: never });
    expect(notes).toEqual(['a drains', 'a ended']);
  });

  test('that do not end in time are stopped, and the run says so', async () => {
    const notes: string[] = [];
    const hurry = new AbortController();
    const stuck = { ...stage('a', notes), drain: () => notes.push('a does not hear') };
    const done = runStages([stuck, stage('b', notes)], { drain: AbortSignal.abort(), hurry: hurry.signal });
    hurry.abort();
    await expect(done).rejects.toMatchObject({ code: 'QC_SINK_UNREACHABLE' });
    expect(notes).toContain('a stopped');
    expect(notes).toContain('b stopped');
  });
});
