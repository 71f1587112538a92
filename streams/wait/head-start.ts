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
  return starts.get(placeOf(starts, priority)) ?? 0;
}

/** The priority under which a head start is kept. */
function placeOf(starts: HeadStarts, priority: number): number {
  if (starts.has(priority) || starts.size < prioritiesMax) return priority;
  let nearest = priority;
  let distance = Infinity;
  for (const each of starts.keys()) {
    if (Math.abs(each - priority) >= distance) continue;
    nearest = each;
    distance = Math.abs(each - priority);
  }
  return nearest;
}

/** Somebody of `priority` was answered after `waitSeconds` while another waited on: one logistic step on the difference. */
export function learnHeadStart(
  starts: HeadStarts,
  answered: { readonly priority: number; readonly waitSeconds: number },
  passedOver: { readonly priority: number; readonly waitSeconds: number },
): void {
  // Of two that share a head start there is nothing to learn.
  if (placeOf(starts, answered.priority) === placeOf(starts, passedOver.priority)) return;
  const lead =
    answered.waitSeconds +
    headStartSeconds(starts, answered.priority) -
    (passedOver.waitSeconds + headStartSeconds(starts, passedOver.priority));
  const step = stepSeconds / (1 + Math.exp(Math.min(50, lead / blurSeconds)));
  move(starts, answered.priority, step);
  move(starts, passedOver.priority, -step);
}

function move(starts: HeadStarts, priority: number, seconds: number): void {
  const place = placeOf(starts, priority);
  if (starts.has(place) || starts.size < prioritiesMax) starts.set(place, (starts.get(place) ?? 0) + seconds);
}

/** The mean over the priorities seen, to which a head start is compared. */
export function meanHeadStartSeconds(starts: HeadStarts): number {
  if (starts.size === 0) return 0;
  let sum = 0;
  for (const seconds of starts.values()) sum += seconds;
  return sum / starts.size;
}
