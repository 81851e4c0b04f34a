/** Seconds of a month that no sample covers and that are not worth a word: a start or a stop of the machine. */
const unsaid = 360

/** How much of a month the samples of a machine cover, where they do not cover all of it: `Measured 718 of 720 hours …`. Null: nothing is missed, or its hypervisor has counters. */
export function useTrafficGap() {
  const { t } = useI18n()
  const format = useFormat()
  const hours = (seconds: number) => format.decimal(seconds / 3600, 1)
  return (samples: { readonly measuredSeconds: number, readonly missedSeconds: number } | null): string | null => !samples || samples.missedSeconds < unsaid
    ? null
    : t('traffic.gap', { measured: hours(samples.measuredSeconds), total: hours(samples.measuredSeconds + samples.missedSeconds) })
}
