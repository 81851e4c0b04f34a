import type { StorefrontProduct } from './useCatalogue.ts'

/** What a hosting package gives, as pairs of a key below `storefront.spec` and words. */
export function useHostingSpecs() {
  const { t } = useTexts()
  const { memory, decimal } = useFormat()
  return (limits: StorefrontProduct['hosting']): (readonly [key: string, value: string])[] => {
    if (!limits) return []
    const size = (mebibytes: number | null) => mebibytes === null ? t('storefront.spec.unlimited') : memory(mebibytes)
    const number = (most: number | null) => most === null ? t('storefront.spec.unlimited') : decimal(most)
    return [['disk', size(limits.diskMiB)], ['bandwidth', size(limits.bandwidthMiB)], ['mailboxes', number(limits.maxMailboxes)], ['databases', number(limits.maxDatabases)], ['addonDomains', number(limits.maxAddonDomains)]]
  }
}
