import type { PageRequest } from '../kernel/ports.ts'
import type { AddressPoolStore } from './ports.ts'

/** Pools with the number of addresses in each state. */
export const listAddressPools = ({ addressPools }: { readonly addressPools: AddressPoolStore }) => async (filter: PageRequest & { readonly q?: string | undefined }) => {
  const page = await addressPools.list(filter)
  return { ...page, items: page.items.map(pool => ({ ...pool, nameservers: [...pool.nameservers] })) }
}
