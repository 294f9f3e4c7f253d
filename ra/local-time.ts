const london = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/London',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23'
});

/** Seconds since midnight by the clocks of Great Britain, in which the hours of SEC Appendix N are given. */
export function secondOfDay(at: Date): number {
  let seconds = 0;
  for (const { type, value } of london.formatToParts(at)) {
    if (type === 'hour') seconds += Number(value) * 3_600;
    if (type === 'minute') seconds += Number(value) * 60;
    if (type === 'second') seconds += Number(value);
  }
  return seconds;
}
