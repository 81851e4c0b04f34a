import { readCsv } from '#shared/text/csv.ts'
import { addressStatuses } from '#shared/vocabulary/machines.ts'
import type { AddressLineProblem, AddressStatus } from '#shared/vocabulary/machines.ts'
import type { AddressChange, PoolAddress } from './address-ports.ts'
import { toAddress, toNumber } from './address-range.ts'

export interface ListedChange extends AddressChange { readonly line: number, readonly address: string }
export interface ListProblem { readonly line: number, readonly text: string, readonly problem: AddressLineProblem }
/** What a list would change; lines with a problem are left out. */
export interface ListPlan { readonly changes: readonly ListedChange[], readonly problems: readonly ListProblem[], readonly unchanged: number }
type Known = Pick<PoolAddress, 'id' | 'address' | 'status' | 'reason'>

const shape = /^\d{1,3}(\.\d{1,3}){3}$/
const longest = 500
const normal4 = (text: string): string | null => shape.test(text) && text.split('.').every(part => Number(part) < 256) ? toAddress(toNumber(text)) : null

/** What such a line asks of an address; null: it is so already. */
function stepTo(known: Known, status: AddressStatus, reason: string): Omit<AddressChange, 'id'> | AddressLineProblem | null {
  // A list that was exported names what is in use too: as long as it is so, the line asks for nothing.
  if (status === known.status && (status !== 'blocked' || reason === known.reason)) return null
  if (known.status === 'quarantine') return 'address_rests'
  if (known.status !== 'free' && known.status !== 'blocked') return 'address_in_use'
  if (status === 'free') return { from: known.status, to: 'free', reason: null }
  if (status !== 'blocked') return 'status_invalid'
  if (reason.length > longest) return 'reason_too_long'
  return reason.length < 3 ? 'reason_missing' : { from: known.status, to: 'blocked', reason }
}

/** Reads lines one after the other: an address counts where it stands first. */
function judge(pool: readonly Known[], normal: (text: string) => string | null) {
  const byAddress = new Map(pool.map(row => [row.address, row]))
  const met = new Set<string>()
  return (told: { readonly address: string, readonly status: string, readonly reason: string }): Omit<ListedChange, 'line'> | AddressLineProblem | null => {
    const address = normal(told.address)
    if (address === null) return 'address_invalid'
    const known = byAddress.get(address)
    if (!known) return 'address_not_in_pool'
    if (met.has(address)) return 'address_twice'
    const status = addressStatuses.find(value => value === told.status.toLowerCase())
    if (!status) return 'status_invalid'
    met.add(address)
    const step = stepTo(known, status, told.reason)
    return step === null || typeof step === 'string' ? step : { address, id: known.id, ...step }
  }
}

/** Its columns and rows. Null: its first line does not name the columns. */
function readList(text: string) {
  const firstLine = text.split('\n', 1)[0] ?? ''
  const delimiter = [';', '\t'].find(letter => firstLine.includes(letter)) ?? ','
  const [head, ...rows] = readCsv(text, delimiter)
  const names = head?.cells.map(cell => cell.toLowerCase()) ?? []
  const [address, status, reason] = [names.indexOf('address'), names.indexOf('status'), names.indexOf('reason')]
  return address < 0 || status < 0 ? null : { delimiter, rows, address, status, reason }
}

/** The addresses that a list names, each once. Null: its first line does not name the columns. */
export function listedAddresses(text: string, normal: (text: string) => string | null): string[] | null {
  const list = readList(text)
  return list && [...new Set(list.rows.map(({ cells }) => normal(cells[list.address] ?? '')).filter(address => address !== null))]
}

/**
 * Compares a list (CSV with the columns address, status and reason, in any order, others beside them) with a pool. Only free and blocked
 * addresses change. Null: its first line does not name the columns.
 */
export function planList(text: string, pool: readonly Known[], normal: (text: string) => string | null = normal4): ListPlan | null {
  const list = readList(text)
  if (!list) return null
  const { delimiter, rows, address, status, reason } = list
  const look = judge(pool, normal)
  const [changes, problems]: [ListedChange[], ListProblem[]] = [[], []]
  let unchanged = 0
  for (const { line, cells } of rows) {
    const found = look({ address: cells[address] ?? '', status: cells[status] ?? '', reason: cells[reason] ?? '' })
    if (found === null) unchanged++
    else if (typeof found === 'string') problems.push({ line, text: cells.join(delimiter).slice(0, 120), problem: found })
    else changes.push({ line, ...found })
  }
  return { changes, problems, unchanged }
}
