/**
 * How many seconds of waiting a priority is worth, learned from who was answered before whom. Priority is any number, and what it is
 * worth is a matter of each organisation's routing: nothing is taken for granted but that callers of one priority take turns.
 */
export type HeadStarts = Map<number, number>;

/** Priorities beyond these share the head start of the nearest one. */
const prioritiesMax = 8;

/** Seconds within which the order of two callers says little. */
const blurSeconds = 20;

/** The most that one answer moves a head start by. */
const stepSeconds = 2;

/** Seconds; the differences between priorities mean something, their level does not. 0 for what was never seen. */
export function headStartSeconds(starts: HeadStarts, priority: number): number {
  const known = starts.get(priority);
  if (known !== undefined) return known;
  let nearest: number | null = null;
  for (const each of starts.keys()) {
    if (nearest === null || Math.abs(each - priority) < Math.abs(nearest - priority)) nearest = each;
  }
  return nearest !== null && starts.size >= prioritiesMax ? (starts.get(nearest) ?? 0) : 0;
}

/** Somebody of `priority` was answered after `waitSeconds` while another waited on: one logistic step on the difference. */
export function learnHeadStart(
  starts: HeadStarts,
  answered: { readonly priority: number; readonly waitSeconds: number },
  passedOver: { readonly priority: number; readonly waitSeconds: number },
): void {
  if (answered.priority === passedOver.priority) return;
  const lead =
    answered.waitSeconds +
    headStartSeconds(starts, answered.priority) -
    (passedOver.waitSeconds + headStartSeconds(starts, passedOver.priority));
  const step = stepSeconds / (1 + Math.exp(Math.min(50, lead / blurSeconds)));
  move(starts, answered.priority, step);
  move(starts, passedOver.priority, -step);
}

function move(starts: HeadStarts, priority: number, seconds: number): void {
  if (!starts.has(priority) && starts.size >= prioritiesMax) return;
  starts.set(priority, headStartSeconds(starts, priority) + seconds);
}

/** The mean over the priorities seen, to which a head start is compared. */
export function meanHeadStartSeconds(starts: HeadStarts): number {
  if (starts.size === 0) return 0;
  let sum = 0;
  for (const seconds of starts.values()) sum += seconds;
  return sum / starts.size;
}
