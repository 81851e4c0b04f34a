import type { OfferFilter, PackageRecord, PackageStore } from './panel-ports.ts'

export const packageJson = ({ madeAt, seenAt, ...rest }: PackageRecord) => ({ ...rest, seenAt: seenAt.toISOString(), ours: madeAt !== null })

/** Synchronised packages, vanished ones included. */
export const listPackages = ({ packages }: { readonly packages: PackageStore }) => async (filter: OfferFilter) => {
  const page = await packages.list(filter)
  return { ...page, items: page.items.map(({ products, ...each }) => ({ ...packageJson(each), products: [...products] })) }
}
