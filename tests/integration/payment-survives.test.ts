import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { InvoicePrinter } from '#server/billing/ports.ts'
import { drawInvoice } from '#server/drivers/pdf/invoice.ts'
import type { UserActor } from '#server/platform/http.ts'
import downloadInvoice from '../../server/api/portal/invoices/[id]/pdf.get.ts'
import { databaseKinds } from '../support/app.ts'
import { serveRoutes } from '../support/http.ts'
import { clientActor, startPaymentWorld } from '../support/payments.ts'
import { smtpSink } from '../support/smtp.ts'
import type { SmtpSink } from '../support/smtp.ts'

const printer = { fails: false, asked: 0 }
const draw: InvoicePrinter = (document) => {
  printer.asked++
  return printer.fails ? Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })) : drawInvoice(document)
}

/** D1: a gateway keeps money for which its shop lost the record, because drawing a PDF failed in the payment's own transaction. */
describe.each(databaseKinds())('D1: a payment survives what fails around it, on %s', (kind) => {
  let w: Awaited<ReturnType<typeof startPaymentWorld>>
  let sink: SmtpSink
  let server: Awaited<ReturnType<typeof serveRoutes>>
  let actor: UserActor | null = null
  beforeAll(async () => {
    sink = await smtpSink()
    w = await startPaymentWorld(kind, { SMTP_URL: sink.url }, { printer: draw })
    server = await serveRoutes(w.test.app, [['get', '/api/portal/invoices/{id}/pdf', downloadInvoice]], (event) => {
      event.context.actor = actor
    })
  })
  afterAll(async () => {
    await server.close()
    await w.close()
    await sink.close()
  })

  async function started() {
    const order = await w.world.order()
    actor = clientActor(order.clientId)
    const view = await w.start(order, 'bca_va')
    return { ...order, paymentId: view.id, gatewayOrder: (await w.payment(view.id)).gatewayOrderId ?? '' }
  }
  const mailsOf = (clientId: string) => w.world.rows<{ id: string, status: string }>(sql`select id, status from mails where user_id = ${clientId} and template = 'invoice_paid'`)
  const pdf = (invoiceId: string) => fetch(`${server.url}/api/portal/invoices/${invoiceId}/pdf`)
  const received = (clientId: string) => sink.received.filter(mail => JSON.stringify(mail.to).includes(clientId))

  it('PDF, disk and SMTP fail during the webhook: the payment is booked, and its mail goes out once when SMTP is back', async () => {
    const { clientId, invoiceId, serviceId, paymentId, gatewayOrder } = await started()
    printer.fails = true
    printer.asked = 0
    sink.refuseWith(451)
    w.midtrans.act.pay(gatewayOrder)
    await w.work()
    expect((await w.payment(paymentId)).status).toBe('settled')
    expect((await w.world.invoice(invoiceId)).status).toBe('paid')
    expect(await w.entries('payment_received', paymentId)).toBe(1)
    expect(await w.world.jobs('billing.service-paid', 'serviceId', serviceId)).toBe(1)
    expect(printer.asked).toBe(0)

    const [mail, ...more] = await mailsOf(clientId)
    expect([mail?.status, more]).toEqual(['queued', []])
    await expect(w.test.app.notifications.sendMail({ mailId: mail?.id ?? '' })).rejects.toMatchObject({ kind: 'retryable' })
    const refused = await pdf(invoiceId)
    expect([refused.status, refused.headers.get('content-type')]).toEqual([500, 'application/problem+json; charset=utf-8'])
    expect(await refused.text()).not.toContain('ENOSPC')
    expect((await w.world.invoice(invoiceId)).status).toBe('paid')

    printer.fails = false
    sink.refuseWith(null)
    // The gateway, which knows nothing of all this, says it again.
    w.midtrans.act.notify(gatewayOrder)
    await w.work()
    for (const { id } of await mailsOf(clientId)) for (let i = 0; i < 2; i++) await w.test.app.notifications.sendMail({ mailId: id })
    expect((await mailsOf(clientId)).map(row => row.status)).toEqual(['sent'])
    expect(received(clientId)).toHaveLength(1)
    expect((await pdf(invoiceId)).status).toBe(200)
    expect(await w.entries('payment_received', paymentId)).toBe(1)
  })

  it.each(['journal_lines', 'paid_periods', 'mails'])('the disk of the database is full while %s are written: all of it is undone, and the next try books all of it once', async (table) => {
    const { clientId, invoiceId, serviceId, paymentId, gatewayOrder } = await started()
    const { executor } = w.test.app.core.database
    await executor.execute(sql.raw(`create function disk_full() returns trigger language plpgsql as $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`))
    await executor.execute(sql.raw(`create trigger disk_full before insert on ${table} for each row execute function disk_full()`))
    w.midtrans.act.pay(gatewayOrder)
    await w.work()
    expect((await w.payment(paymentId)).status).toBe('pending')
    expect((await w.world.invoice(invoiceId)).status).toBe('issued')
    expect(await w.entries('payment_received', paymentId)).toBe(0)
    expect(await w.world.periods(serviceId)).toEqual([])
    await executor.execute(sql.raw('drop function disk_full() cascade'))
    await w.work()
    expect((await w.payment(paymentId)).status).toBe('settled')
    expect((await w.world.invoice(invoiceId)).status).toBe('paid')
    expect(await w.entries('payment_received', paymentId)).toBe(1)
    expect(await w.world.periods(serviceId)).toHaveLength(1)
    expect(await mailsOf(clientId)).toHaveLength(1)
  })
})
