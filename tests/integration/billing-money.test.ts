import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld } from '../support/billing.ts'

describe.each(databaseKinds())('money on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = billingWorld(test.app)
  })
  afterAll(() => test.close())

  it('an order invoice carries a number, PPN by the rule in force and a balanced entry', async () => {
    const { invoiceId, total } = await world.order({ prices: [100_001n] })
    const invoice = await world.invoice(invoiceId)
    expect(invoice).toMatchObject({ status: 'issued', taxable: 100_001n, tax: 11_000n, dpp: 91_667n, total: 111_001n, taxRule: 'ppn-12-dpp-11/12' })
    expect(invoice.number).toMatch(/^INV-2026-\d{6}$/)
    expect(total.amount).toBe(111_001n)
  })

  it('a payment pays the invoice, starts period 0 and asks for the build, once', async () => {
    const { invoiceId, serviceId, orderId } = await world.order()
    const { paymentId } = await world.pay(invoiceId)
    await world.pay(invoiceId, 111_000n, paymentId)
    expect((await world.invoice(invoiceId)).status).toBe('paid')
    expect(await world.periods(serviceId)).toHaveLength(1)
    expect(await world.jobs('billing.service-paid', 'serviceId', serviceId)).toBe(1)
    expect((await world.orderRow(orderId)).status).toBe('fulfilling')
    await world.activate(serviceId)
    expect((await world.service(serviceId)).status).toBe('active')
    expect((await world.orderRow(orderId)).status).toBe('fulfilled')
  })
})
