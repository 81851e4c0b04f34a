import type { LedgerCause } from '#shared/vocabulary/billing.ts'
import { inTurn } from './details.ts'
import type { DetailSource } from './details.ts'
import type { AgeBucket, JournalFilter, MethodMovement, Month, Movement, ReportRow, Reports, Span } from './ports.ts'
import { earnedBefore, invoicedBefore } from '#shared/money/spread.ts'
import type { SpreadLine } from '#shared/money/spread.ts'

const money = ['bank', 'gateway_clearing'] as const
/** Movements of money that came from no client and went to none: between our own accounts, fees, entries by hand. */
const internal: readonly LedgerCause[] = ['gateway_payout', 'gateway_fee', 'manual_entry']
/** What never touches money: left out by name, so that nobody looks up how an invoice was paid that only was issued. */
const bookkeeping: readonly LedgerCause[] = ['invoice_issued', 'invoice_voided', 'invoice_uncollectible', 'credit_note', 'credit_applied', 'deposit_paid']
/** Invoices, their voiding and credit notes are spread by days; everything else on the revenue account counts whole on its day. */
const spread: readonly LedgerCause[] = ['invoice_issued', 'invoice_voided', 'credit_note']
const takesBack: readonly LedgerCause[] = ['invoice_voided', 'invoice_uncollectible', 'credit_note']

/** Prices and late fees. */
const income = ['revenue', 'late_fees'] as const
const isIncome = (account: string) => account === 'revenue' || account === 'late_fees'
const total = (items: readonly Omit<Movement, 'group'>[], of: (item: Omit<Movement, 'group'>) => boolean) => items.filter(of).reduce((sum, item) => sum + item.amount, 0n)
const isMoney = (account: string) => account === 'bank' || account === 'gateway_clearing'

/** Revenue per month, accrual and cash. Invoiced less earned, summed up, is what is deferred. */
export async function revenueByMonth(reports: Reports, months: readonly Month[]): Promise<ReportRow[]> {
  const [movements, earned] = [await reports.movements(months, [...income, ...money]), await reports.earned(months)]
  return months.map(({ month }, i) => {
    const mine = movements.filter(item => item.group === i)
    const received = total(mine, item => isMoney(item.account) && item.debit && !internal.includes(item.cause))
    const returned = -total(mine, item => isMoney(item.account) && !item.debit && !internal.includes(item.cause))
    return { key: month, label: month, cells: {
      invoiced: -total(mine, item => isIncome(item.account)),
      earned: (earned[i]?.earned ?? 0n) - total(mine, item => isIncome(item.account) && !spread.includes(item.cause)),
      deferred: earned[i]?.deferred ?? 0n, received, returned, cash: received - returned,
    } }
  })
}

/** Of the journal's lines, with the sign that the report shows them with. */
const journal = (reports: Reports, filter: JournalFilter, sign: 1n | -1n): DetailSource => async window =>
  (await reports.journal(filter, window)).map(row => ({ ...row, amount: sign * row.amount }))

const lines = (reports: Reports, month: Month, what: 'earned' | 'deferred', amountOf: (line: SpreadLine) => bigint): DetailSource => async window =>
  (await reports.revenueLines(month, what, window)).map(({ cursor, at, label, clientName, invoiceId, serviceId, ...line }) => ({ cursor, at, label, clientName, invoiceId, serviceId, amount: amountOf(line) }))

export function revenueDetails(reports: Reports, month: Month, column: string): DetailSource | null {
  const span = { start: month.start, end: month.end }
  switch (column) {
    case 'invoiced': return journal(reports, { accounts: income, ...span }, -1n)
    case 'earned': return inTurn(lines(reports, month, 'earned', line => earnedBefore(line, month.nextDay) - earnedBefore(line, month.firstDay)), journal(reports, { accounts: income, except: spread, ...span }, -1n))
    case 'deferred': return lines(reports, month, 'deferred', line => invoicedBefore(line, month.nextDay) - earnedBefore(line, month.nextDay))
    case 'received': return journal(reports, { accounts: money, except: internal, side: 'debit', ...span }, 1n)
    case 'returned': return journal(reports, { accounts: money, except: internal, side: 'credit', ...span }, -1n)
    default: return null
  }
}

/** PPN per month; issued less taken back and with other bookings it is exactly the movement of the account. */
export async function taxByMonth(reports: Reports, months: readonly Month[]): Promise<ReportRow[]> {
  const [movements, base] = [await reports.movements(months, ['ppn_payable']), await reports.taxBase(months)]
  return months.map(({ month }, i) => {
    const mine = movements.filter(item => item.group === i)
    const issued = -total(mine, item => item.cause === 'invoice_issued')
    const takenBack = total(mine, item => takesBack.includes(item.cause))
    const movement = -total(mine, () => true)
    return { key: month, label: month, cells: { dpp: base[i] ?? 0n, issued, takenBack, other: movement - issued + takenBack, movement } }
  })
}

export function taxDetails(reports: Reports, month: Month, column: string): DetailSource | null {
  const span = { accounts: ['ppn_payable'] as const, start: month.start, end: month.end }
  switch (column) {
    case 'issued': return journal(reports, { ...span, causes: ['invoice_issued'] }, -1n)
    case 'takenBack': return journal(reports, { ...span, causes: takesBack }, 1n)
    case 'other': return journal(reports, { ...span, except: ['invoice_issued', ...takesBack] }, -1n)
    case 'movement': return journal(reports, span, -1n)
    default: return null
  }
}

const methodKey = ({ gateway, method }: Pick<MethodMovement, 'gateway' | 'method'>) => `${gateway ?? ''}:${method ?? ''}`

/** Money by the way it came, the most first, with what went back and what gateways kept. */
export async function paymentsByMethod(reports: Reports, span: Span): Promise<ReportRow[]> {
  const groups = Map.groupBy(await reports.movementsByMethod(span), methodKey)
  const rows = [...groups].map(([key, items]) => {
    const received = total(items, item => isMoney(item.account) && item.debit)
    const returned = -total(items, item => isMoney(item.account) && !item.debit)
    const fees = total(items, item => item.account === 'gateway_fees')
    const number = items.filter(item => isMoney(item.account) && item.debit).reduce((sum, item) => sum + item.number, 0)
    return { key, label: key, cells: { number, received, returned, fees, net: received - returned - fees } }
  })
  return rows.sort((a, b) => a.cells.received === b.cells.received ? a.key < b.key ? -1 : 1 : a.cells.received > b.cells.received ? -1 : 1)
}

export function paymentDetails(reports: Reports, span: Span, key: string, column: string): DetailSource | null {
  const [gateway = '', method = ''] = key.split(':')
  const of = { gateway: gateway || null, method: method || null, start: span.start, end: span.end }
  switch (column) {
    case 'received': return journal(reports, { ...of, accounts: money, except: [...internal, ...bookkeeping], side: 'debit' }, 1n)
    case 'returned': return journal(reports, { ...of, accounts: money, except: [...internal, ...bookkeeping], side: 'credit' }, -1n)
    case 'fees': return journal(reports, { ...of, accounts: ['gateway_fees'] }, 1n)
    default: return null
  }
}

export function creditDetails(reports: Reports, end: Date, clientId: string, column: string): DetailSource | null {
  return column === 'credit' ? journal(reports, { accounts: ['client_credit'], clientId, end }, -1n) : null
}

const buckets: readonly AgeBucket[] = ['current', 'days30', 'days60', 'days90', 'older']
export function ageingDetails(reports: Reports, at: { end: Date, day: number }, clientId: string, column: string): DetailSource | null {
  const bucket = buckets.find(name => name === column)
  return bucket || column === 'total' ? window => reports.openInvoices(at, { clientId, ...(bucket ? { bucket } : {}) }, window) : null
}
