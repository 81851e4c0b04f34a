import { crc32, inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { csvWriter } from '#server/drivers/export/csv.ts'
import { xlsxWriter } from '#server/drivers/export/xlsx.ts'
import { exportReport } from '#server/reports/export-report.ts'
import type { ExportDeps } from '#server/reports/export-report.ts'
import type { DetailRow, Reports, Sheet, SheetCell, SheetWriter } from '#server/reports/ports.ts'

const columns: Sheet['columns'] = [{ label: 'When', kind: 'moment' }, { label: 'What', kind: 'text' }, { label: 'Amount', kind: 'money' }, { label: 'Rate', kind: 'number' }]
const sheet = (rows: Iterable<readonly SheetCell[]>, locale: 'id' | 'en' = 'en'): Sheet => ({ title: 'Piutang: "umur" [1/2]', columns, locale, zone: 'Asia/Jakarta', rows: (async function* () {
  yield* rows
})() })
const whole = async (content: AsyncIterable<Uint8Array>) => {
  const pieces: Uint8Array[] = []
  for await (const piece of content) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** What a reader of the archive finds: its directory, and every file whose checksum agrees. */
function unzip(archive: Buffer): Map<string, string> {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4B, 5, 6]))
  const found = new Map<string, string>()
  let at = archive.readUInt32LE(end + 16)
  for (let n = archive.readUInt16LE(end + 10); n > 0; n -= 1) {
    const [crc, packed, size, nameLength, local] = [archive.readUInt32LE(at + 16), archive.readUInt32LE(at + 20), archive.readUInt32LE(at + 24), archive.readUInt16LE(at + 28), archive.readUInt32LE(at + 42)]
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength)
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28)
    const content = inflateRawSync(archive.subarray(start, start + packed))
    expect([name, content.length, crc32(content)]).toEqual([name, size, crc])
    found.set(name, content.toString('utf8'))
    at += 46 + nameLength
  }
  return found
}

/** The largest number of rows that a writer took in before it gave something out, and the most that the process held meanwhile. */
async function strain(writer: SheetWriter, rows: number) {
  let [taken, atLastPiece, widest, bytes] = [0, 0, 0, 0]
  const source = (function* (): Generator<SheetCell[]> {
    for (taken = 0; taken < rows; taken += 1) yield [new Date(1_767_225_600_000 + taken * 1000), `INV-2026-${taken} · VPS Mini · web-${taken * 7919 % 100_003}.contoh.id`, BigInt(taken) * 1000n, null]
  })()
  const before = process.memoryUsage()
  let heaviest = 0
  for await (const piece of writer.write(sheet(source))) {
    bytes += piece.length
    widest = Math.max(widest, taken - atLastPiece)
    atLastPiece = taken
    const now = process.memoryUsage()
    heaviest = Math.max(heaviest, now.heapUsed + now.external - before.heapUsed - before.external)
  }
  return { taken, widest, bytes, megabytes: heaviest / 2 ** 20 }
}

describe('files of reports', () => {
  it.each([['csv', csvWriter], ['xlsx', xlsxWriter]] as const)('200,000 rows as %s: written while they are read, a bounded number of them in memory', async (_, writer) => {
    const { taken, widest, bytes, megabytes } = await strain(writer, 200_000)
    expect(taken).toBe(200_000)
    expect(bytes).toBeGreaterThan(2_000_000)
    expect(widest).toBeLessThan(10_000)
    expect(megabytes).toBeLessThan(96)
  }, 60_000)

  it('all rows behind a number are read page by page, however many there are', async () => {
    const total = 200_000
    let [largest, last] = [0, 0]
    const journal: Reports['journal'] = async (_, { after, limit }) => {
      const from = after === null ? 0 : Number(after) + 1
      largest = Math.max(largest, limit)
      return Array.from({ length: Math.min(limit, total - from) }, (_, i): DetailRow => ({ cursor: String(from + i), at: null, label: `INV ${from + i}`, clientName: null, invoiceId: null, serviceId: null, amount: 1n }))
    }
    const writer: SheetWriter = { type: 'text/plain', async* write({ rows }) {
      for await (const [, , , amount] of rows) last += Number(amount)
      yield new Uint8Array()
    } }
    const words = { title: String, row: String, column: (_: string, column: string) => column, detail: String, rowLabel: (_: string, label: string) => label }
    const calendar = { isoDay: (at: Date) => at.toISOString().slice(0, 10), startOfDay: (day: string) => new Date(`${day}T00:00:00Z`) }
    const deps: Pick<ExportDeps, 'clock' | 'calendar' | 'words' | 'writers' | 'zone'> & { reports: Pick<Reports, 'journal'> } = { reports: { journal }, clock: { now: () => new Date('2026-11-02T03:00:00Z') }, calendar, zone: 'UTC', words: { id: words, en: words }, writers: { csv: writer, xlsx: writer } }
    await whole(exportReport(deps as ExportDeps)({ report: 'revenue', role: 'finance', key: '2026-11', column: 'received', format: 'csv', locale: 'en' }).content)
    expect([last, largest]).toEqual([total, 5_000])
  })

  it('attack 9402d6c: cells that begin like a formula are text; quotes, separators and line ends do not leave their cell; numbers stay numbers', async () => {
    const nasty = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', 'a;b,"c"\nd', 'Budi']
    const lines = (await whole(csvWriter.write(sheet(nasty.map(text => [new Date('2026-11-01T18:00:00Z'), text, -5n, 1.5]), 'id')))).toString('utf8')
    expect(lines).toBe(`\uFEFFWhen;What;Amount;Rate\r\n${['\'=1+1', '\'+1', '\'-1', '\'@SUM(A1)', '\'\tx', '"\'\rx"', '"a;b,""c""\nd"', 'Budi'].map(text => `2026-11-02 01:00:00;${text};-5;1,5\r\n`).join('')}`)
    const english = (await whole(csvWriter.write(sheet([[null, 'a;b', -5n, 1.5]])))).toString('utf8')
    expect(english).toBe('\uFEFFWhen,What,Amount,Rate\r\n,a;b,-5,1.5\r\n')
  })

  it('a workbook has its parts with right checksums; numbers, moments and text are what they are, and text is never a formula', async () => {
    const parts = unzip(await whole(xlsxWriter.write(sheet([[new Date('2026-11-01T18:00:00Z'), '=HYPERLINK("x") & <b>\u0001', -1_250_000n, 1.5], [null, '', 10n ** 16n, null]]))))
    expect([...parts.keys()].sort()).toEqual(['[Content_Types].xml', '_rels/.rels', 'xl/_rels/workbook.xml.rels', 'xl/styles.xml', 'xl/workbook.xml', 'xl/worksheets/sheet1.xml'])
    const xml = parts.get('xl/worksheets/sheet1.xml') ?? ''
    // 46328 is 2 November 2026; one o'clock in Jakarta is a twenty-fourth of it.
    expect(xml).toContain('<row><c s="3"><v>46328.041667</v></c><c t="inlineStr"><is><t xml:space="preserve">=HYPERLINK(&quot;x&quot;) &amp; &lt;b&gt;</t></is></c><c s="2"><v>-1250000</v></c><c s="4"><v>1.5</v></c></row>')
    expect(xml).toContain('<t xml:space="preserve">10000000000000000</t>')
    expect(xml).not.toContain('<f>')
    expect(parts.get('xl/workbook.xml')).toContain('<sheet name="Piutang  &quot;umur&quot;  1 2 " sheetId="1" r:id="rId1"/>')
  })
})
