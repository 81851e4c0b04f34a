import { escapeXml } from '#shared/text/xml.ts'
import type { Sheet, SheetCell, SheetWriter } from '#server/reports/ports.ts'
import { inChunks, localTime } from './cell-text.ts'
import { zip } from './zip.ts'
import type { ZipFile } from './zip.ts'

const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const packages = 'http://schemas.openxmlformats.org/package/2006'
/** As many rows as one sheet of a workbook may have, its head included. */
const sheetRows = 1_048_576
/** Larger numbers lose digits in a spreadsheet: they are written as text. */
const exact = 999_999_999_999_999n

const inline = (text: string, style = 0) => `<c t="inlineStr"${style ? ` s="${style}"` : ''}><is><t xml:space="preserve">${escapeXml(text)}</t></is></c>`
const number = (value: bigint | number, style: number) => `<c s="${style}"><v>${value}</v></c>`

const epoch1900 = Date.UTC(1899, 11, 30)
/** Days since the beginning of 1900 as spreadsheets count them, in local time. */
const serial = (at: Date, zone: string): number => {
  const { day, time } = localTime(at, zone)
  return (Date.parse(`${day}T${time}Z`) - epoch1900) / 86_400_000
}

/** Styles below: 1 head, 2 money, 3 moment, 4 number. An inline string is never a formula, whatever it begins with. */
function cellXml(cell: SheetCell, zone: string): string {
  if (cell === null) return '<c/>'
  if (typeof cell === 'string') return inline(cell)
  if (cell instanceof Date) return `<c s="3"><v>${serial(cell, zone).toFixed(6)}</v></c>`
  if (typeof cell === 'number') return number(cell, 4)
  return cell > exact || cell < -exact ? inline(cell.toString()) : number(cell, 2)
}

const widths = { text: 36, money: 18, number: 12, moment: 18 }

/** One sheet; stops at the last row that it may have and leaves the rest to the next. */
async function* sheetXml(sheet: Sheet, rows: AsyncIterator<readonly SheetCell[]>, state: { ended: boolean }): AsyncGenerator<string> {
  const columns = sheet.columns.map(({ kind }, i) => `<col min="${i + 1}" max="${i + 1}" width="${widths[kind]}" customWidth="1"/>`).join('')
  yield `${declaration}<worksheet xmlns="${main}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>${columns}</cols><sheetData>`
  yield `<row>${sheet.columns.map(column => inline(column.label, 1)).join('')}</row>`
  for (let written = 1; written < sheetRows && !state.ended; written += 1) {
    const next = await rows.next()
    if (next.done) state.ended = true
    else yield `<row>${next.value.map(cell => cellXml(cell, sheet.zone)).join('')}</row>`
  }
  yield '</sheetData></worksheet>'
}

const styles = `${declaration}<styleSheet xmlns="${main}"><numFmts count="2"><numFmt numFmtId="164" formatCode="#,##0;-#,##0"/><numFmt numFmtId="165" formatCode="yyyy-mm-dd hh:mm"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="5"><xf/><xf fontId="1" applyFont="1"/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/><xf/></cellXfs></styleSheet>`

async function* once(text: string): AsyncGenerator<string> {
  yield text
}

async function* parts(sheet: Sheet): AsyncGenerator<ZipFile> {
  const file = (name: string, content: AsyncIterable<string>): ZipFile => ({ name, content: inChunks(content) })
  const rows = sheet.rows[Symbol.asyncIterator]()
  const state = { ended: false }
  let sheets = 0
  try {
    // The sheets come first: how many there are is known only afterwards.
    while (!state.ended) yield file(`xl/worksheets/sheet${sheets += 1}.xml`, sheetXml(sheet, rows, state))
  } finally {
    await rows.return?.()
  }
  const each = (text: (n: number) => string) => Array.from({ length: sheets }, (_, i) => text(i + 1)).join('')
  // A name of a sheet has at most 31 characters, and none of these.
  const title = escapeXml(sheet.title.replaceAll(/[\\/?*[\]:']/g, ' ').slice(0, 26))
  yield file('xl/workbook.xml', once(`${declaration}<workbook xmlns="${main}" xmlns:r="${office}"><sheets>${each(n => `<sheet name="${title}${n === 1 ? '' : ` ${n}`}" sheetId="${n}" r:id="rId${n}"/>`)}</sheets></workbook>`))
  yield file('xl/_rels/workbook.xml.rels', once(`${declaration}<Relationships xmlns="${packages}/relationships">${each(n => `<Relationship Id="rId${n}" Type="${office}/worksheet" Target="worksheets/sheet${n}.xml"/>`)}<Relationship Id="rIdStyles" Type="${office}/styles" Target="styles.xml"/></Relationships>`))
  yield file('xl/styles.xml', once(styles))
  yield file('_rels/.rels', once(`${declaration}<Relationships xmlns="${packages}/relationships"><Relationship Id="rId1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`))
  const overrides = `<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>${each(n => `<Override PartName="/xl/worksheets/sheet${n}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`)}`
  yield file('[Content_Types].xml', once(`${declaration}<Types xmlns="${packages}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${overrides}</Types>`))
}

/** An Office Open XML workbook, written while its rows are read; money and moments are numbers with a format, text is never a formula. */
export const xlsxWriter: SheetWriter = { type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', write: sheet => zip(parts(sheet)) }
