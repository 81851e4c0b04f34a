import type { PageRequest } from '../kernel/ports.ts'
import type { PackageStore } from './panel-ports.ts'

/** Synchronised packages, vanished ones included. */
export const listPackages = ({ packages }: { readonly packages: PackageStore }) => async (filter: PageRequest & { readonly q?: string | undefined }) => {
  const page = await packages.list(filter)
  return { ...page, items: page.items.map(each => ({ ...each, seenAt: each.seenAt.toISOString() })) }
}
