import { AppError } from '#shared/errors/codes.ts'
import type { RowProblem, RowProblemReason } from '#shared/vocabulary/transfers.ts'
import { readCsv } from '#shared/text/csv.ts'
import type { CsvRow } from '#shared/text/csv.ts'
import { headingName, statementFormats, summaryRow } from './statement-formats.ts'
import type { StatementFormat } from './statement-formats.ts'
import { readAmount, readDay, readMark } from './statement-values.ts'
import type { Period } from './statement-values.ts'

export const longestStatement = 20_000
/** How far down the heading is looked for. */
const longestPreamble = 60

/** One movement: positive came in, negative went out. `balance` as it is written. */
export interface Movement { readonly line: number, readonly bookedOn: string, readonly amount: bigint, readonly description: string, readonly balance: string }
export interface Statement { readonly format: StatementFormat, readonly movements: readonly Movement[], readonly problems: readonly RowProblem[], /** Numbers of accounts that the statement names. */ readonly accounts: readonly string[] }

interface Layout { readonly format: StatementFormat, readonly delimiter: string, readonly heading: readonly string[], readonly headingLine: number }

/**
 * Reads a bank's statement: its layout is found by its heading. A row that cannot be read is a problem with its line number, never left
 * out in silence. @throws AppError statement_unknown (no heading is known), statement_too_long
 */
export function readStatement(given: string): Statement {
  const text = given.replace(/^\uFEFF/, '')
  const layout = findLayout(text)
  if (!layout) throw new AppError('statement_unknown')
  const { period, account } = readPreamble(layout, text)
  const movements: Movement[] = []
  const problems: RowProblem[] = []
  const accounts = new Set(account === null ? [] : [account])
  for (const row of readCsv(text, layout.delimiter)) {
    if (row.line <= layout.headingLine || summaryRow.test(row.cells.find(cell => cell !== '') ?? '')) continue
    if (movements.length + problems.length >= longestStatement) throw new AppError('statement_too_long', { params: { limit: longestStatement } })
    const result = readRow(layout, row, period)
    if ('reason' in result) {
      problems.push({ line: row.line, reason: result.reason, text: row.cells.join(' | ').slice(0, 300) })
      continue
    }
    movements.push(result)
    const number = layout.format.columns.account ? cellOf(layout, row, layout.format.columns.account).replace(/\D/g, '') : ''
    if (number !== '') accounts.add(number)
  }
  return { format: layout.format, movements, problems, accounts: [...accounts] }
}

/** What stands above the heading: the account, and the period that gives days their year. */
function readPreamble({ format, headingLine }: Layout, text: string): { account: string | null, period: Period | null } {
  if (!format.preamble) return { account: null, period: null }
  const above = text.split('\n', headingLine - 1).join('\n')
  const [, first = '', last = ''] = format.preamble.period.exec(above) ?? []
  const [from, until] = [first, last].map(day => readDay(day, ['day/month/year'], null))
  return { account: format.preamble.account.exec(above)?.[1]?.replace(/\D/g, '') ?? null, period: typeof from === 'string' && typeof until === 'string' ? { from, until } : null }
}

function findLayout(text: string): Layout | null {
  const head = text.split('\n', longestPreamble).join('\n')
  for (const delimiter of [',', ';', '\t']) {
    for (const { line, cells } of readCsv(head, delimiter)) {
      const heading = cells.map(headingName)
      const format = statementFormats.find(({ columns, sides, delimiters }) => (delimiter === '\t' || delimiters.includes(delimiter)) && [columns.date, columns.text[0] ?? '', ...Object.values(sides)].every(name => heading.includes(name)))
      if (format) return { format, delimiter, heading, headingLine: line }
    }
  }
  return null
}

const cellOf = ({ heading }: Layout, { cells }: CsvRow, name: string): string => cells[heading.indexOf(name)] ?? ''

function readRow(layout: Layout, row: CsvRow, period: Period | null): Movement | { readonly reason: RowProblemReason } {
  const { format, heading } = layout
  if (row.cells.length < heading.filter(name => name !== '').length - 1) return { reason: 'columns' }
  const currency = format.columns.currency ? cellOf(layout, row, format.columns.currency).toUpperCase() : ''
  if (currency !== '' && currency !== 'IDR' && currency !== 'RP') return { reason: 'currency' }
  const written = cellOf(layout, row, format.columns.date)
  if (/^pend/i.test(written)) return { reason: 'pending' }
  const bookedOn = readDay(written, format.dates, period)
  if (typeof bookedOn !== 'string') return bookedOn
  const amount = 'amount' in format.sides ? readMarked(layout, row, format.sides) : readSides(layout, row, format.sides)
  if (typeof amount !== 'bigint') return amount
  // A column name may stand twice (Mandiri: two descriptions); each that is filled says something.
  const description = format.columns.text.flatMap(name => heading.flatMap((given, i) => given === name ? [row.cells[i] ?? ''] : [])).filter(text => text !== '').join(' · ').slice(0, 500)
  return { line: row.line, bookedOn, amount, description, balance: format.columns.balance ? cellOf(layout, row, format.columns.balance) : '' }
}

function readSides(layout: Layout, row: CsvRow, { credit, debit }: { readonly credit: string, readonly debit: string }): bigint | { reason: RowProblemReason } {
  const [come, gone] = [credit, debit].map(name => readAmount(cellOf(layout, row, name) || '0', layout.format.decimal))
  if (typeof come !== 'bigint') return come ?? { reason: 'amount' }
  if (typeof gone !== 'bigint') return gone ?? { reason: 'amount' }
  if ((come === 0n) === (gone === 0n)) return { reason: come === 0n ? 'no_amount' : 'mark' }
  return come === 0n ? -gone : come
}

/** `250,000.00 CR`, or the mark in a cell of its own. */
function readMarked(layout: Layout, row: CsvRow, { amount: name, mark }: { readonly amount: string, readonly mark?: string }): bigint | { reason: RowProblemReason } {
  const at = layout.heading.indexOf(name)
  const cell = row.cells[at] ?? ''
  const [, digits = '', inside = ''] = /^(.*?)\s*([a-z]*)$/i.exec(cell) ?? []
  const sign = readMark(mark === undefined ? inside || (row.cells[at + 1] ?? '') : cellOf(layout, row, mark))
  const amount = readAmount(digits, layout.format.decimal)
  if (typeof amount !== 'bigint') return amount
  if (amount === 0n) return { reason: 'no_amount' }
  return sign === null ? { reason: 'mark' } : sign * amount
}
