import type { OfferFilter, PackageStore } from './panel-ports.ts'

/** Synchronised packages, vanished ones included. */
export const listPackages = ({ packages }: { readonly packages: PackageStore }) => async (filter: OfferFilter) => {
  const page = await packages.list(filter)
  return { ...page, items: page.items.map(each => ({ ...each, products: [...each.products], seenAt: each.seenAt.toISOString() })) }
}
