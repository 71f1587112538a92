interface Terminal {
  readonly isTTY?: boolean;
  readonly write: (text: string) => unknown;
}

const barWidth = 30;

/** A bar on a terminal that fills as a task goes on, and is wiped out at its end; silent where nobody looks. */
export function createProgress(terminal: Terminal, label: string, total: number) {
  let shown: { readonly percent: number; readonly note: string } | undefined;
  return {
    /** `note` stands after the label. */
    at(done: number, note = '') {
      const share = total === 0 ? 1 : Math.min(1, done / total);
      const percent = Math.floor(100 * share);
      if (terminal.isTTY !== true || (percent === shown?.percent && note === shown.note)) return;
      shown = { percent, note };
      const filled = Math.round(barWidth * share);
      const bar = '█'.repeat(filled).padEnd(barWidth, '░');
      terminal.write(`\r\u001b[K${bar} ${String(percent).padStart(3)} % ${[label, note].join(' ').trimEnd()}`);
    },
    end() {
      if (terminal.isTTY === true) terminal.write('\r\u001b[K');
    },
  };
}
