/** The business time as the browser knows it: the real time, moved by what the demo's clock was moved. */
export function useBusinessClock() {
  const offsetSeconds = useState('business-clock-offset', () => 0)
  const now = () => new Date(Date.now() + offsetSeconds.value * 1000)
  /** The business day (WIB) in so many days from now, as `YYYY-MM-DD`. */
  const day = (inDays = 0) => new Date(now().getTime() + (inDays * 24 + 7) * 3_600_000).toISOString().slice(0, 10)
  /** The end of that day, as an instant. */
  const endOfDay = (inDays: number) => `${day(inDays)}T23:59:59+07:00`
  return { now, day, endOfDay, offsetSeconds }
}
