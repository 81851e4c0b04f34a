import type { StorefrontProduct } from './useCatalogue.ts'

/** What a VPS plan gives, as pairs of a key below `storefront.spec` and words. */
export function useVpsSpecs() {
  const { t } = useTexts()
  const { memory, decimal } = useFormat()
  /** What its machines are; empty where that is not known. */
  const virtualisation = (product: Pick<StorefrontProduct, 'virtualisation'>) => product.virtualisation.map(each => t(`storefront.virtualisation.${each}`)).join(' / ')
  const specs = (product: Pick<StorefrontProduct, 'virtualisation' | 'spec'>): (readonly [key: string, value: string])[] => {
    const { spec } = product
    return [
      ...product.virtualisation.length > 0 ? [['virtualisation', virtualisation(product)] as const] : [],
      ['cpu', t('storefront.spec.cores', { n: spec.cpuCores })], ['ram', memory(spec.ramMiB)], ['disk', `${decimal(spec.diskGiB)} GiB`], ['rate', `${decimal(spec.rateMbps)} Mbps`],
      ...spec.traffic ? [['traffic', t('storefront.spec.trafficPerMonth', { n: decimal(spec.traffic.limitGiB) })] as const] : [],
    ]
  }
  return { virtualisation, specs }
}
