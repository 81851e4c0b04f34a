import type { z } from 'zod'
import type { productSpec } from '#shared/contracts/storefront.ts'

type Size = Pick<z.output<typeof productSpec>, 'cpuCores' | 'ramMiB' | 'diskGiB' | 'rateMbps' | 'traffic'>

/** What a machine was sold with, in words and in the order in which plans are compared: `1 vCPU · 2 GiB RAM · …`. Traffic is named where the plan limits it. */
export function useMachineSpec(): (size: Size) => string {
  const { t } = useI18n()
  const format = useFormat()
  return ({ cpuCores, ramMiB, diskGiB, rateMbps, traffic }) => [
    t('portal.service.cores', { n: cpuCores }), t('portal.service.memory', { size: format.memory(ramMiB) }), t('portal.service.disk', { n: diskGiB }), t('portal.service.rate', { n: rateMbps }), ...(traffic ? [t('portal.service.traffic', { n: traffic.limitGiB })] : []),
  ].join(' · ')
}
