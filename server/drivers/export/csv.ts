import type { Sheet, SheetCell, SheetWriter } from '#server/reports/ports.ts'
import { inChunks, localTime } from './cell-text.ts'

/** What a spreadsheet would take for a formula. Numbers are written by ourselves and stay numbers. */
const formula = /^[=+\-@\t\r]/
const quoted = (text: string, separator: string) => text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text

function cellText(cell: SheetCell, sheet: Sheet, separator: string): string {
  if (cell === null) return ''
  if (typeof cell === 'bigint') return cell.toString()
  if (typeof cell === 'number') return sheet.locale === 'id' ? String(cell).replace('.', ',') : String(cell)
  if (cell instanceof Date) {
    const { day, time } = localTime(cell, sheet.zone)
    return `${day} ${time}`
  }
  // The text itself may come from anybody who could choose a name.
  return quoted(formula.test(cell) ? `'${cell}` : cell, separator)
}

async function* lines(sheet: Sheet): AsyncGenerator<string> {
  const separator = sheet.locale === 'id' ? ';' : ','
  const line = (cells: readonly SheetCell[]) => `${cells.map(cell => cellText(cell, sheet, separator)).join(separator)}\r\n`
  yield `\uFEFF${line(sheet.columns.map(column => column.label))}`
  for await (const row of sheet.rows) yield line(row)
}

/** CSV (RFC 4180) in UTF-8 with its mark, so that spreadsheets read it right: `;` and a decimal comma in Indonesian, `,` and a point in English. */
export const csvWriter: SheetWriter = { type: 'text/csv; charset=utf-8', write: sheet => inChunks(lines(sheet)) }
