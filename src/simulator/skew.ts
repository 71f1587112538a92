const isoTime = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
const times = new RegExp(`"(?:(${isoTime})|(${isoTime})/(${isoTime}))"|"calculatedMetricValue":(\\d+)`, 'g');

/** Moves the times in a JSON text; intervals with a length stay, for a platform cuts them by its own clock. */
export function shiftTimes(text: string, byMs: number): string {
  if (byMs === 0) return text;
  const shift = (time: string): string => new Date(Date.parse(time) + byMs).toISOString();
  return text.replaceAll(times, (whole, time?: string, from?: string, to?: string, epochMs?: string) => {
    if (time !== undefined) return `"${shift(time)}"`;
    if (epochMs !== undefined) return `"calculatedMetricValue":${Number(epochMs) + byMs}`;
    return from !== undefined && from === to ? `"${shift(from)}/${shift(from)}"` : whole;
  });
}
