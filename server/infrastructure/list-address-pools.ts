import type { Clock, PageRequest } from '../kernel/ports.ts'
import { daysBefore, lookBackDays, toPoolView } from './pool-outlook.ts'
import type { AddressPoolStore, PoolAddressStore } from './ports.ts'

interface Deps { readonly addressPools: AddressPoolStore, readonly poolAddresses: PoolAddressStore, readonly clock: Clock }

/** Pools with the number of addresses in each state, and when each will be full. */
export const listAddressPools = ({ addressPools, poolAddresses, clock }: Deps) => async (filter: PageRequest & { readonly q?: string | undefined, readonly low?: boolean | undefined, readonly lost?: boolean | undefined }) => {
  const now = clock.now()
  const page = await addressPools.list(filter)
  const first = await poolAddresses.firstDays(page.items.map(({ id }) => id), daysBefore(now, lookBackDays))
  return { ...page, items: page.items.map(pool => toPoolView(pool, first.get(pool.id), now)) }
}
