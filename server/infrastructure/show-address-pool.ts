import { AppError } from '#shared/errors/codes.ts'
import type { AddressStatus } from '#shared/vocabulary/machines.ts'
import type { Clock, PageRequest } from '../kernel/ports.ts'
import type { PoolAddress } from './address-ports.ts'
import { daysBefore, lookBackDays, toPoolView } from './pool-outlook.ts'
import type { AddressPoolStore, PoolAddressStore } from './ports.ts'

interface Deps { readonly addressPools: AddressPoolStore, readonly poolAddresses: PoolAddressStore, readonly clock: Clock }
const shownDays = 365

/** One pool, when it will be full, and how full it was on each day of the last year that was seen. @throws AppError not_found */
export const showAddressPool = ({ addressPools, poolAddresses, clock }: Deps) => async ({ id }: { readonly id: string }) => {
  const pool = await addressPools.find(id)
  if (!pool) throw new AppError('not_found')
  const now = clock.now()
  const days = await poolAddresses.days(id, daysBefore(now, shownDays))
  return { ...toPoolView(pool, days.find(({ day }) => day >= daysBefore(now, lookBackDays)), now), history: days.map(({ day, held, total }) => ({ day, held, total })) }
}

export const toAddressView = ({ changedAt, quarantineUntil, ...row }: PoolAddress) => ({ ...row, changedAt: changedAt.toISOString(), quarantineUntil: quarantineUntil?.toISOString() ?? null })

/** The addresses of a pool with who holds each. @throws AppError not_found */
export const listPoolAddresses = ({ addressPools, poolAddresses }: Deps) => async ({ id, ...filter }: PageRequest & { readonly id: string, readonly q?: string | undefined, readonly status?: AddressStatus | undefined }) => {
  if (!await addressPools.find(id)) throw new AppError('not_found')
  const page = await poolAddresses.list(id, filter)
  return { ...page, items: page.items.map(toAddressView) }
}
