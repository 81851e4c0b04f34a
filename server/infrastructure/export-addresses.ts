import { AppError } from '#shared/errors/codes.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { SheetCell, SheetWriter } from '../reports/ports.ts'
import type { AddressPoolStore, PoolAddressStore } from './ports.ts'

interface Deps { readonly addressPools: AddressPoolStore, readonly poolAddresses: PoolAddressStore, readonly writer: SheetWriter, readonly zone: string }
const part = 500

async function* rowsOf(addresses: PoolAddressStore, poolId: string): AsyncGenerator<readonly SheetCell[]> {
  for (let after: string | null = null; ;) {
    const rows = await addresses.after(poolId, after, part)
    for (const row of rows) yield [row.address, row.status, row.service?.hostname ?? null, row.service ? row.service.ordinal + 1 : null, row.reason, row.changedAt]
    const last = rows.at(-1)
    if (!last || rows.length < part) return
    after = last.address
  }
}

/**
 * All addresses of a pool as a file that is written while it is read; `number` tells the first address of a machine (1) from its further ones. Its first line and its states are the words that `importAddresses`
 * understands, in every language. @throws AppError not_found
 */
export const exportAddresses = ({ addressPools, poolAddresses, writer, zone }: Deps) => async ({ id, locale }: { readonly id: string, readonly locale: Locale }): Promise<{ name: string, type: string, content: AsyncIterable<Uint8Array> }> => {
  const pool = await addressPools.find(id)
  if (!pool) throw new AppError('not_found')
  const text = (label: string) => ({ label, kind: 'text' as const })
  const columns = [text('address'), text('status'), text('hostname'), { label: 'number', kind: 'number' as const }, text('reason'), { label: 'since', kind: 'moment' as const }]
  return { name: `gardu-addresses-${pool.firstAddress}.csv`, type: writer.type, content: writer.write({ title: pool.firstAddress, columns, rows: rowsOf(poolAddresses, id), locale, zone }) }
}
