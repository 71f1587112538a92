/** A member of a consumer group, and the partition numbers it worked on before the group was formed anew. */
export interface Claim {
  readonly memberId: string;
  readonly owned: readonly number[];
}

/**
 * Shares the partition numbers 0 to `count` - 1 out evenly. A number means that partition of every topic, so that what belongs
 * together stays together. Whoever has a number keeps it as long as that is fair: a move costs a fold.
 */
export function assignNumbers(claims: readonly Claim[], count: number): ReadonlyMap<string, readonly number[]> {
  const members = claims.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const free = new Set(Array.from({ length: count }, (_, number) => number));
  const fewest = Math.floor(count / members.length);
  let withOneMore = count % members.length;
  const assigned = new Map<string, number[]>();
  // The ones who hold most come first to what is left over after an even share: nobody else would keep it.
  for (const { memberId, owned } of members.toSorted((a, b) => b.owned.length - a.owned.length)) {
    const kept = owned.filter((number) => free.has(number));
    const share = kept.length > fewest && withOneMore > 0 ? fewest + 1 : fewest;
    if (share > fewest) withOneMore -= 1;
    assigned.set(memberId, kept.slice(0, share));
    for (const number of kept.slice(0, share)) free.delete(number);
  }
  for (const number of free) {
    const [, poorest] = [...assigned].reduce((least, each) => (each[1].length < least[1].length ? each : least));
    poorest.push(number);
  }
  return assigned;
}
