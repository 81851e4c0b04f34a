import { sql } from 'drizzle-orm'
import { drawInvoice } from '#server/drivers/pdf/invoice.ts'
import { printInvoice } from '#server/billing/print-invoice.ts'
import type { Life } from './life.ts'

const failure = new Error('ENOSPC: no space left on device, write')

/**
 * Somebody opens an invoice as PDF, and sometimes it cannot be drawn. A sentence for what that broke: the books and what waits to be sent
 * must stand as they stood, and the next try must draw it.
 */
export async function readPaper({ house, dice, tally }: Life): Promise<string[]> {
  if (!dice.chance(0.3)) return []
  const { rows } = house.world()
  const recent = await rows<{ id: string }>(sql`select id from invoices where number is not null order by issued_at desc, id limit 50`)
  const invoice = recent[dice.between(0, Math.max(0, recent.length - 1))]
  if (!invoice) return []
  const { core: { read, clock }, billing: { policy, calendar } } = house.app()
  // Of what billing is made from, printing needs no more than this.
  const deps = { read, clock, rules: { policy, calendar } } as unknown as Parameters<typeof printInvoice>[0]
  const print = (fails: boolean) => printInvoice({ ...deps, printer: fails ? () => Promise.reject(failure) : drawInvoice })({ invoiceId: invoice.id, clientId: null, locale: dice.pick(['id', 'en'] as const) })
  const books = async () => JSON.stringify(await rows(sql`select (select count(*) from journal_entries) as entries, (select count(*) from transitions) as transitions, (select count(*) from mails) as mails, (select row_to_json(i) from invoices i where i.id = ${invoice.id}) as invoice`))
  const broken: string[] = []
  if (dice.chance(0.6)) {
    const before = await books()
    const outcome = await print(true).then(() => 'drawn', (error: unknown) => error)
    if (outcome !== failure) broken.push(`a PDF that cannot be drawn says so: ${String(outcome)}`)
    if (await books() !== before) broken.push(`a PDF that cannot be drawn changes nothing: invoice ${invoice.id}`)
    tally.documentsFailed++
  }
  const { content } = await print(false)
  if (Buffer.from(content.slice(0, 5)).toString() !== '%PDF-') broken.push(`the next try draws it: invoice ${invoice.id}`)
  tally.documents++
  return broken
}
