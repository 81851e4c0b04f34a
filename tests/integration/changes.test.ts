import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { auditLog, productConnections, productTemplates, promoCodes, resources, serviceDiscounts, servicePriceChanges, services, templates } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import { money } from '#shared/money/money.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { day, tester } from '../support/billing.ts'
import { changesWorld, clientActor, large, small } from '../support/changes.ts'
import type { ChangesWorld } from '../support/changes.ts'

describe.each(databaseKinds())('changes of a service on %s', (kind) => {
  let test: TestApp
  let world: ChangesWorld
  let pro: string
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    test.clock.set('2026-11-02T03:00:00Z')
    world = await changesWorld(test)
    await world.billing.reset()
    pro = await world.plan('VPS Pro', large, 250_000n, { more: { annually: 2_400_000n } })
  })
  const credit = async (clientId: string) => test.app.core.read.ledger.credit(clientId)
  const statusOf = async (invoiceId: string | null) => (await world.billing.invoice(invoiceId ?? '')).status
  /** A machine that runs since 2 November, ten days later: twenty of its thirty days are left. */
  async function running() {
    const built = await world.build()
    test.clock.advance(10 * day)
    return built
  }

  describe('an upgrade now', () => {
    it('costs the unused days at the new price less the same days at the old one; the page says so to the Rupiah', async () => {
      const built = await running()
      const { options, refusal, currentRenewalTotal } = await world.options(built)
      const option = options.find(candidate => candidate.productId === pro)?.cycles.find(candidate => candidate.cycle === 'monthly')
      expect(refusal).toBeNull()
      expect(currentRenewalTotal.amount).toBe('111000')
      expect(option).toMatchObject({ price: { amount: '250000' }, renewalTotal: { amount: '277500' }, nowRefusal: null, now: { credit: { amount: '66667' }, charge: { amount: '166667' }, net: { amount: '100000' }, tax: { amount: '11000' }, total: { amount: '111000' }, periods: [{ days: 20, wholeDays: 30 }] } })
      const change = await world.ask(built, pro, { expectedTotal: option?.now?.total.amount ?? '' })
      const invoice = await world.billing.invoice(change.invoiceId ?? '')
      expect(invoice).toMatchObject({ status: 'issued', taxable: 100_000n, total: 111_000n, dueAt: new Date('2026-11-14T03:00:00Z') })
      expect(await test.app.core.read.invoices.linesOf(invoice.id)).toMatchObject([{ kind: 'change', serviceId: built.serviceId, amount: money(100_000), periodStart: new Date('2026-11-12T03:00:00Z'), periodEnd: new Date('2026-12-02T03:00:00Z') }])
    })

    it('changes nothing before it is paid; then product, price and machine, and the change is done when the machine was read back', async () => {
      const built = await running()
      const change = await world.ask(built, pro)
      expect(await world.billing.service(built.serviceId)).toMatchObject({ productName: 'VPS Mini', price: 100_000n })
      await world.billing.pay(change.invoiceId ?? '')
      expect(await world.billing.service(built.serviceId)).toMatchObject({ productId: pro, productName: 'VPS Pro', price: 250_000n, spec: large, cycle: 'monthly' })
      expect((await world.change(change.id)).status).toBe('applied')
      expect(await world.billing.jobs('billing.service-changed', 'serviceId', built.serviceId)).toBe(1)
      await world.resize(built.serviceId)
      expect((await world.change(change.id)).status).toBe('done')
      expect((await world.look(built.serviceId)).machines).toMatchObject([{ power: 'running', cores: 4, ramMiB: 8192, diskGiB: 80, rateMbps: 200, password: built.machines[0]?.password }])
      expect(await world.billing.periods(built.serviceId)).toHaveLength(1)
    })

    it('a second upgrade in the same period credits what the first one charged', async () => {
      const built = await running()
      await world.billing.pay((await world.ask(built, pro)).invoiceId ?? '')
      await world.resize(built.serviceId)
      test.clock.advance(5 * day)
      const max = await world.plan('VPS Max', { ...large, cpuCores: 8 }, 400_000n)
      const { options } = await world.options(built)
      // 250.000 − 125.000 used, 400.000 − 200.000 used: fifteen of thirty days.
      expect(options.find(option => option.productId === max)?.cycles[0]?.now).toMatchObject({ credit: { amount: '125000' }, charge: { amount: '200000' }, net: { amount: '75000' } })
    })

    it('credits what was paid, not the list price, where the first period had a discount', async () => {
      const order = await world.billing.order({ discount: 40_000n })
      await test.app.core.database.executor.update(services).set({ templateId: world.templateId }).where(eq(services.id, order.serviceId))
      await world.addAddress(order.serviceId)
      await world.billing.pay(order.invoiceId)
      const worker = world.worker()
      await worker.follow({ kind: 'provision', serviceId: order.serviceId, cause: 'paid' })
      await world.drain(worker)
      test.clock.advance(15 * day)
      expect((await world.options(order)).options.find(option => option.productId === pro)?.cycles.find(option => option.cycle === 'monthly')?.now).toMatchObject({ credit: { amount: '30000' }, charge: { amount: '125000' } })
    })

    it('a client\'s credit pays it at once', async () => {
      const built = await running()
      await test.app.core.transact(stores => test.app.billing.creditClient(stores, { clientId: built.clientId, amount: money(500_000), causeId: built.serviceId, memo: 'x', actor: tester }))
      const change = await world.ask(built, pro)
      expect(await statusOf(change.invoiceId)).toBe('paid')
      expect((await world.billing.service(built.serviceId)).productId).toBe(pro)
    })

    it('one that costs nothing makes no invoice', async () => {
      const built = await running()
      const same = await world.plan('VPS Baru', { ...small, cpuCores: 2 }, 100_000n)
      const change = await world.ask(built, same)
      expect(change).toMatchObject({ invoiceId: null, status: 'applied' })
      expect((await world.billing.service(built.serviceId)).productId).toBe(same)
    })

    it('a service has one open change, however many ask at the same time', async () => {
      const built = await running()
      const asked = await Promise.allSettled(Array.from({ length: 4 }, () => world.ask(built, pro)))
      expect(asked.filter(result => result.status === 'fulfilled')).toHaveLength(1)
      expect(asked.flatMap(result => result.status === 'rejected' ? [(result.reason as AppError).code] : [])).toEqual(['change_open', 'change_open', 'change_open'])
    })

    it('unpaid it is never reminded of, suspended for or shown as a debt of the service; it lapses, and its invoice is void', async () => {
      const built = await running()
      const change = await world.ask(built, pro)
      expect((await test.app.billing.describeServices([built.serviceId])).get(built.serviceId)).toMatchObject({ openInvoiceId: null, change: { id: change.id, status: 'waiting', cancellable: true } })
      for (let days = 0; days < 2; days++) {
        await world.billing.sweep()
        expect(await statusOf(change.invoiceId)).toBe('issued')
        test.clock.advance(day)
      }
      await world.billing.sweep()
      expect(await statusOf(change.invoiceId)).toBe('void')
      expect(await world.change(change.id)).toMatchObject({ status: 'lapsed', closedReason: 'change_lapsed' })
      expect(await world.billing.notices(change.invoiceId ?? '')).toEqual([])
      expect(await world.billing.service(built.serviceId)).toMatchObject({ status: 'active', productName: 'VPS Mini', price: 100_000n })
      expect((await world.ask(built, pro)).status).toBe('waiting')
    })

    it('of a service that is held it does not lapse', async () => {
      const built = await running()
      const change = await world.ask(built, pro)
      await test.app.billing.setHold({ serviceId: built.serviceId, until: new Date('2026-11-16T03:00:00Z'), reason: 'asks for time', actor: tester })
      test.clock.advance(3 * day)
      await world.billing.sweep()
      expect(await statusOf(change.invoiceId)).toBe('issued')
      test.clock.set('2026-11-16T03:00:00Z')
      await world.billing.sweep()
      expect(await statusOf(change.invoiceId)).toBe('void')
    })

    it('a payment under way is waited for by a day; money that comes after the end becomes credit', async () => {
      const built = await running()
      const change = await world.ask(built, pro)
      const invoiceId = change.invoiceId ?? ''
      await test.app.core.database.executor.execute(sql`insert into payments (id, invoice_id, client_id, gateway, method, status, amount, currency, created_at) values (gen_random_uuid(), ${invoiceId}, ${built.clientId}, 'midtrans', 'bca_va', 'pending', 111000, 'IDR', now())`)
      test.clock.advance(2.5 * day)
      await world.billing.sweep()
      expect(await statusOf(invoiceId)).toBe('issued')
      test.clock.advance(day)
      await world.billing.sweep()
      expect(await statusOf(invoiceId)).toBe('void')
      await world.billing.pay(invoiceId, 111_000n)
      expect(await credit(built.clientId)).toBe(111_000n)
      expect(await world.billing.service(built.serviceId)).toMatchObject({ productName: 'VPS Mini', price: 100_000n })
      expect((await world.change(change.id)).status).toBe('lapsed')
    })

    it('its client cancels it: the invoice is void, what was paid on it is credit; nobody else can', async () => {
      const built = await running()
      const change = await world.ask(built, pro)
      await world.billing.pay(change.invoiceId ?? '', 50_000n)
      const stranger = await world.billing.client('Budi')
      const cancel = (clientId: string) => test.app.billing.cancelChange({ serviceId: built.serviceId, changeId: change.id, clientId, actor: clientActor(clientId) })
      await expect(cancel(stranger)).rejects.toMatchObject({ code: 'not_found' })
      await expect(world.options({ serviceId: built.serviceId, clientId: stranger })).rejects.toMatchObject({ code: 'not_found' })
      await expect(world.ask({ serviceId: built.serviceId, clientId: stranger }, pro)).rejects.toMatchObject({ code: 'not_found' })
      await cancel(built.clientId)
      expect(await statusOf(change.invoiceId)).toBe('void')
      expect((await world.change(change.id)).status).toBe('cancelled')
      expect(await credit(built.clientId)).toBe(50_000n)
      await expect(cancel(built.clientId)).rejects.toMatchObject({ code: 'change_closed' })
    })

    it('a renewal that is due in between ends it, plainly, and asks for the old price', async () => {
      const built = await world.build()
      test.clock.set('2026-11-17T03:00:00Z')
      const change = await world.ask(built, pro)
      test.clock.set('2026-11-18T03:00:00Z')
      await world.billing.sweep()
      expect(await world.change(change.id)).toMatchObject({ status: 'lapsed', closedReason: 'renewal_issued' })
      expect(await statusOf(change.invoiceId)).toBe('void')
      const issued = (await world.billing.invoicesOf(built.serviceId)).filter(invoice => invoice.status === 'issued')
      expect(issued).toHaveLength(1)
      expect((await world.billing.invoice(issued[0]?.id ?? '')).taxable).toBe(100_000n)
      await expect(world.ask(built, pro)).rejects.toMatchObject({ code: 'renewal_open' })
      await world.billing.pay(issued[0]?.id ?? '')
      // Two periods are paid now: what is left of this one, and the whole next one.
      const { options } = await world.options(built)
      expect(options.find(option => option.productId === pro)?.cycles.find(option => option.cycle === 'monthly')?.now).toMatchObject({ periods: [{ days: 14, net: { amount: '70000' } }, { days: 31, wholeDays: 31, net: { amount: '150000' } }], net: { amount: '220000' } })
    })

    it.each([
      ['a smaller disk', { ...large, diskGiB: 10 }, 250_000n, {}, 'disk_smaller'], ['a lower price', large, 90_000n, {}, 'not_an_upgrade'], ['one that is sold out', large, 250_000n, { stockLimit: 0 }, 'out_of_stock'], ['one that is not on sale', large, 250_000n, { status: 'retired' as const }, 'product_unavailable'],
    ])('to %s is refused', async (_, spec, price, options, code) => {
      const built = await running()
      const product = await world.plan('X', spec, price, options)
      await expect(world.ask(built, product)).rejects.toMatchObject({ code })
      expect((await world.options(built)).options.find(option => option.productId === product)?.cycles[0]?.nowRefusal ?? 'product_unavailable').toBe(code)
    })

    it('to a product of another hypervisor, to another cycle, to what it is, or at another price than was shown is refused', async () => {
      const built = await running()
      const elsewhere = await world.shop.product(await world.shop.connection(), { spec: large, price: 250_000n })
      await expect(world.ask(built, elsewhere)).rejects.toMatchObject({ code: 'product_elsewhere' })
      // Its machine is a virtual one, and would be sold as what it cannot become.
      const db = test.app.core.database.executor
      const containers = await world.plan('Kontainer', large, 250_000n, {})
      const templateId = uuidv7()
      const [place] = await db.select().from(productConnections).where(eq(productConnections.productId, containers))
      await db.insert(templates).values({ id: templateId, connectionId: place?.connectionId ?? '', node: 'jkt1', ref: `local:vztmpl/${templateId}.tar.zst`, name: templateId, osFamily: 'debian', username: 'root', diskGiB: 1, machineType: 'container', seenAt: test.clock.now() })
      await db.update(productTemplates).set({ templateId }).where(eq(productTemplates.productId, containers))
      await expect(world.ask(built, containers)).rejects.toMatchObject({ code: 'product_of_other_machines' })
      await expect(world.ask(built, pro, { cycle: 'annually' })).rejects.toMatchObject({ code: 'cycle_at_renewal' })
      await expect(world.ask(built, pro, { expectedTotal: '1' })).rejects.toMatchObject({ code: 'price_changed', params: { amount: '111000' } })
      world.room.check = () => Promise.reject(new AppError('node_full'))
      await expect(world.ask(built, pro)).rejects.toMatchObject({ code: 'node_full' })
      // Staff are told, for as long as it stands.
      await expect(world.ask(built, pro)).rejects.toMatchObject({ code: 'node_full' })
      const told = async () => [(await world.shop.ordering.showRefusedGrowth({ serviceId: built.serviceId })).refused, (await test.app.provisioning.listAdminServices({ page: 1, pageSize: 10, refused: true })).items.map(row => row.id), (await test.app.provisioning.showStaffOverview()).refusedGrowths] as const
      expect(await told()).toMatchObject([{ node: 'jkt1', to: { cpuCores: large.cpuCores, ramMiB: large.ramMiB, diskGiB: large.diskGiB }, times: 2 }, [built.serviceId], 1])
      await db.update(resources).set({ node: 'jkt2' }).where(eq(resources.serviceId, built.serviceId))
      expect(await told()).toEqual([null, [], 0])
      await db.update(resources).set({ node: 'jkt1' }).where(eq(resources.serviceId, built.serviceId))
      expect((await told())[2]).toBe(1)
      await test.app.core.transact(stores => stores.refusedGrowths.forgetBefore(new Date(test.clock.now().getTime() + 1)))
      expect(await told()).toEqual([null, [], 0])
      expect(await world.billing.invoicesOf(built.serviceId)).toHaveLength(1)
    })

    it('a unit in stock is held while it waits, and free again when it lapses', async () => {
      const [one, two] = [await running(), await world.build()]
      const last = await world.plan('VPS Langka', large, 300_000n, { stockLimit: 1 })
      const change = await world.ask(one, last)
      await expect(world.ask(two, last)).rejects.toMatchObject({ code: 'out_of_stock' })
      await test.app.billing.cancelChange({ serviceId: one.serviceId, changeId: change.id, clientId: null, actor: tester })
      expect((await world.ask(two, last)).status).toBe('waiting')
    })

    it('holds what the machine grows by from the order on: of two at once one gets the last room of the node, what is left is not sold to anybody, and a lapsed one gives it back', async () => {
      const [one, two] = [await world.build(), await world.build()]
      test.clock.advance(10 * day)
      const gib = 1_073_741_824
      const { infrastructure, core } = test.app
      const node = (await world.look(one.serviceId)).resource?.node ?? ''
      // Both machines stand on one node; 13 GiB beside them: room for one growth of 7 GiB, and 6.
      await core.database.executor.update(resources).set({ node }).where(eq(resources.serviceId, two.serviceId))
      const look = (memoryFree: number) => core.transact(stores => stores.capacity.saveLook(world.connectionId, test.clock.now(), [{ node, memoryTotal: 256 * gib, memoryFree: (memoryFree + 4) * gib, storageFree: 5000 * gib, storageKey: node, cpuCores: 64 }]))
      const claim = (ramMiB: number) => core.transact(stores => infrastructure.holdCapacity(stores, { clientId: one.clientId, claims: [{ connectionIds: [world.connectionId], node, cpuCores: 1, ramMiB, diskGiB: 20, count: 1, holds: { connectionId: world.connectionId, nodes: [] } }] })).then(() => 'fits', (error: unknown) => error instanceof AppError ? error.code : error)
      test.clock.advance(60_000)
      await look(13)
      world.room.hold = infrastructure.holdGrowth
      const outcomes = await Promise.all([one, two].map(built => world.ask(built, pro).then(change => ({ built, change }), (error: unknown) => error instanceof AppError ? error.code : error)))
      expect(outcomes).toContain('node_full')
      const won = outcomes.find(outcome => typeof outcome === 'object' && outcome !== null && 'change' in outcome) as { built: typeof one, change: { id: string, invoiceId: string | null } }
      const lost = won.built === one ? two : one
      expect([await claim(6 * 1024), await claim(6 * 1024 + 1)]).toEqual(['fits', 'out_of_stock'])
      await test.app.billing.cancelChange({ serviceId: won.built.serviceId, changeId: won.change.id, clientId: null, actor: tester })
      expect(await claim(13 * 1024)).toBe('fits')
      // Paid, it is held until a look that began after the machine was read back tells of it.
      const paid = await world.ask(lost, pro)
      await world.billing.pay(paid.invoiceId ?? '')
      expect([await claim(6 * 1024), await claim(6 * 1024 + 1)]).toEqual(['fits', 'out_of_stock'])
      await world.resize(lost.serviceId)
      expect((await world.change(paid.id)).status).toBe('done')
      expect([await claim(6 * 1024), await claim(6 * 1024 + 1)]).toEqual(['fits', 'out_of_stock'])
      test.clock.advance(1000)
      await look(6)
      expect([await claim(6 * 1024), await claim(6 * 1024 + 1)]).toEqual(['fits', 'out_of_stock'])
      // What was looked at too long ago says nothing.
      test.clock.advance(121_000)
      await expect(world.ask(won.built, pro)).rejects.toMatchObject({ code: 'capacity_unknown' })
    })

    it('of a service that ends is void, also where other invoices are a loss', async () => {
      const built = await running()
      const change = await world.ask(built, pro)
      await test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId: built.serviceId, reason: 'nonpayment', note: 'x', actor: tester }))
      expect(await statusOf(change.invoiceId)).toBe('void')
      expect((await world.change(change.id)).status).toBe('lapsed')
    })

    it('a machine that cannot grow leaves the change open with its reason; staff try again, and no money moves', async () => {
      const built = await running()
      const change = await world.ask(built, pro)
      await world.billing.pay(change.invoiceId ?? '')
      const worker = world.worker()
      const inner = world.hypervisor.hook
      world.hypervisor.hook = (act, moment) => {
        if (act === 'growDisk') throw new DriverError('action_required', 'insufficient free space', { who: 'sysadmin' })
        return inner(act, moment)
      }
      const before = await world.billing.balances()
      await worker.follow({ kind: 'resize', serviceId: built.serviceId, cause: 'test' })
      await world.drain(worker)
      const failed = await world.look(built.serviceId)
      expect(failed).toMatchObject({ newest: { kind: 'resize', status: 'failed', reason: 'insufficient free space' }, resource: { status: 'error', problem: 'insufficient free space' }, machines: [{ power: 'running', cores: 1, diskGiB: 20 }], service: { status: 'active', productId: pro } })
      expect((await world.change(change.id)).status).toBe('applied')
      await expect(test.app.billing.cancelChange({ serviceId: built.serviceId, changeId: change.id, clientId: null, actor: tester })).rejects.toMatchObject({ code: 'change_closed' })
      world.hypervisor.hook = inner
      await worker.retry(built.serviceId)
      await world.drain(worker)
      expect(await world.look(built.serviceId)).toMatchObject({ resource: { status: 'ready', problem: null }, machines: [{ power: 'running', cores: 4, diskGiB: 80 }] })
      expect((await world.change(change.id)).status).toBe('done')
      expect(await world.billing.balances()).toEqual(before)
    })

    it('staff do it by the same rules, and it is audited', async () => {
      const built = await running()
      const staff = { kind: 'user', id: built.clientId, name: 'Rani', role: 'finance' } as const
      const change = await world.shop.ordering.requestChange({ serviceId: built.serviceId, clientId: null, productId: pro, cycle: 'monthly', timing: 'now', actor: staff })
      await test.app.billing.cancelChange({ serviceId: built.serviceId, changeId: change.id, clientId: null, actor: staff })
      const rows = await test.app.core.database.executor.select().from(auditLog).where(eq(auditLog.entityId, built.serviceId))
      expect(rows.map(row => row.action)).toEqual(['service.change', 'service.cancel_change'])
    })
  })

  describe('a change at renewal', () => {
    // Weeks lie between two runs here: that is confirmed.
    const sweep = () => test.app.billing.runBilling({ actor: tester, confirmBrake: true })
    const clientOf = (built: { serviceId: string, clientId: string }) => ({ serviceId: built.serviceId, clientId: built.clientId })
    const mini = () => world.plan('VPS Nano', { ...small, ramMiB: 512 }, 60_000n, { more: { annually: 600_000n } })
    const renewalOf = async (serviceId: string) => (await world.billing.invoicesOf(serviceId)).filter(invoice => invoice.status === 'issued')[0]?.id ?? ''

    it('a code that goes on holds for the new plan, a price announced for the old one does not, and what is told before is what the renewal asks', async () => {
      const built = await running()
      const db = test.app.core.database.executor
      const promoId = uuidv7()
      await db.insert(promoCodes).values({ id: promoId, code: `ON${promoId.slice(-8)}`, kind: 'percent', value: 10n, periods: null, createdAt: test.clock.now() })
      await db.insert(serviceDiscounts).values({ serviceId: built.serviceId, promoId, label: 'ON', kind: 'percent', value: 10n, periods: null })
      await db.insert(servicePriceChanges).values({ id: uuidv7(), serviceId: built.serviceId, oldPrice: 100_000n, price: 150_000n, effectiveFrom: new Date('2026-12-01T00:00:00Z'), createdAt: test.clock.now() })
      const told = async () => (await test.app.billing.describeServices([built.serviceId])).get(built.serviceId)
      expect((await told())?.nextInvoice).toMatchObject({ price: money(150_000n), discount: money(15_000n) })
      await world.ask(built, await mini(), { timing: 'renewal' })
      const before = await told()
      expect(before).toMatchObject({ nextInvoice: { price: money(60_000n), discount: money(6_000n) }, priceChanges: [] })
      test.clock.set('2026-11-18T03:00:00Z')
      await sweep()
      const invoice = await world.billing.invoice(await renewalOf(built.serviceId))
      expect([invoice.taxable, invoice.total]).toEqual([54_000n, before?.nextInvoice?.total.amount])
    })

    it('a smaller plan: the next renewal asks for its price, and product, price and machine change when the paid period begins', async () => {
      const built = await running()
      const nano = await mini()
      const change = await world.ask(built, nano, { timing: 'renewal', expectedTotal: '66600' })
      expect(change).toMatchObject({ timing: 'renewal', status: 'waiting', invoiceId: null, cancellable: true })
      expect(await world.billing.service(built.serviceId)).toMatchObject({ price: 100_000n, productName: 'VPS Mini' })
      test.clock.set('2026-11-18T03:00:00Z')
      await sweep()
      const renewal = await renewalOf(built.serviceId)
      expect((await world.billing.invoice(renewal)).taxable).toBe(60_000n)
      expect(await world.change(change.id)).toMatchObject({ invoiceId: renewal, startsAt: new Date('2026-12-02T03:00:00Z'), status: 'waiting' })
      await world.billing.pay(renewal)
      await sweep()
      // Paid early: what was paid for the present period is what it gets.
      expect(await world.billing.service(built.serviceId)).toMatchObject({ price: 100_000n, productName: 'VPS Mini' })
      test.clock.set('2026-12-02T03:00:00Z')
      await sweep()
      expect(await world.billing.service(built.serviceId)).toMatchObject({ price: 60_000n, productId: nano, spec: { ramMiB: 512 } })
      await world.resize(built.serviceId)
      expect((await world.change(change.id)).status).toBe('done')
      expect((await world.look(built.serviceId)).machines).toMatchObject([{ power: 'running', ramMiB: 512, diskGiB: 20 }])
      expect(await credit(built.clientId)).toBe(0n)
    })

    it('paid late, it begins with its payment', async () => {
      const built = await running()
      const change = await world.ask(built, await mini(), { timing: 'renewal' })
      test.clock.set('2026-11-18T03:00:00Z')
      await sweep()
      test.clock.set('2026-12-03T03:00:00Z')
      await sweep()
      expect(await world.billing.service(built.serviceId)).toMatchObject({ price: 100_000n, status: 'past_due' })
      await world.billing.pay(await renewalOf(built.serviceId))
      expect(await world.billing.service(built.serviceId)).toMatchObject({ price: 60_000n, status: 'active' })
      expect((await world.change(change.id)).status).toBe('applied')
    })

    it('another cycle: the renewal is for the new cycle at its price, and the machine is left alone', async () => {
      const built = await running()
      const annually = await world.plan('X', small, 100_000n, { more: { annually: 1_000_000n } })
      await test.app.core.database.executor.update(services).set({ productId: annually }).where(eq(services.id, built.serviceId))
      const change = await world.ask(built, annually, { timing: 'renewal', cycle: 'annually' })
      test.clock.set('2026-11-18T03:00:00Z')
      await sweep()
      await world.billing.pay(await renewalOf(built.serviceId))
      test.clock.set('2026-12-02T03:00:00Z')
      await sweep()
      expect(await world.billing.service(built.serviceId)).toMatchObject({ cycle: 'annually', price: 1_000_000n, productName: 'VPS Mini' })
      expect((await world.change(change.id)).status).toBe('done')
      expect((await world.billing.periods(built.serviceId)).map(period => [period.periodEnd?.toISOString(), period.amount])).toEqual([['2026-12-02T03:00:00.000Z', 100_000n], ['2027-12-02T03:00:00.000Z', 1_000_000n]])
      expect(await world.billing.jobs('billing.service-changed', 'serviceId', built.serviceId)).toBe(0)
    })

    it('the plan of the calendar foresees the new price and cycle', async () => {
      const built = await running()
      await world.ask(built, await mini(), { timing: 'renewal', cycle: 'annually' })
      const foreseen = []
      for await (const renewal of test.app.billing.foreseeRenewals(new Date('2028-01-01T00:00:00Z'))) foreseen.push([renewal.dueAt.toISOString().slice(0, 10), renewal.price.amount])
      expect(foreseen).toEqual([['2026-12-02', 600_000n], ['2027-12-02', 600_000n]])
    })

    it('cancelled before its renewal invoice, the renewal asks for the old price; after it, it cannot be cancelled', async () => {
      const built = await running()
      const nano = await mini()
      const cancel = (changeId: string) => test.app.billing.cancelChange({ ...clientOf(built), changeId, actor: clientActor(built.clientId) })
      await cancel((await world.ask(built, nano, { timing: 'renewal' })).id)
      const second = await world.ask(built, nano, { timing: 'renewal' })
      test.clock.set('2026-11-18T03:00:00Z')
      await sweep()
      await expect(cancel(second.id)).rejects.toMatchObject({ code: 'change_closed' })
      // Finance voids the renewal: the change waits for the next one, and may be cancelled again.
      await test.app.billing.voidInvoice({ invoiceId: await renewalOf(built.serviceId), reason: 'wrong', actor: tester })
      expect(await world.change(second.id)).toMatchObject({ status: 'waiting', invoiceId: null, startsAt: null })
      await cancel(second.id)
      await sweep()
      expect((await world.billing.invoice(await renewalOf(built.serviceId))).taxable).toBe(100_000n)
    })

    it('while its renewal invoice waits, a change takes its place: the old one is void, the new one is due when that was', async () => {
      const built = await running()
      const nano = await mini()
      test.clock.set('2026-11-18T03:00:00Z')
      await sweep()
      const old = await renewalOf(built.serviceId)
      const { options } = await world.options(built)
      const cycles = options.find(option => option.productId === pro)?.cycles.find(option => option.cycle === 'monthly')
      expect([cycles?.nowRefusal, cycles?.renewalRefusal]).toEqual(['renewal_open', null])
      test.clock.set('2026-11-28T03:00:00Z')
      const change = await world.ask(built, nano, { timing: 'renewal' })
      const renewal = await renewalOf(built.serviceId)
      expect([await statusOf(old), (await world.billing.invoice(renewal)).taxable, (await world.billing.invoice(renewal)).dueAt?.toISOString()]).toEqual(['void', 60_000n, '2026-12-02T03:00:00.000Z'])
      expect(await world.change(change.id)).toMatchObject({ status: 'waiting', invoiceId: renewal, startsAt: new Date('2026-12-02T03:00:00Z') })
      await world.billing.pay(renewal)
      test.clock.set('2026-12-02T03:00:00Z')
      await sweep()
      expect(await world.billing.service(built.serviceId)).toMatchObject({ price: 60_000n })
      expect(await world.billing.periods(built.serviceId)).toHaveLength(2)
    })

    it.each(['a part of it is paid', 'a payment for it is under way', 'it is overdue'])('not once %s: that invoice is paid first', async (what) => {
      const built = await running()
      const nano = await mini()
      test.clock.set('2026-11-18T03:00:00Z')
      await sweep()
      const renewal = await renewalOf(built.serviceId)
      if (what === 'a part of it is paid') await world.billing.pay(renewal, 1000n)
      else if (what === 'it is overdue') test.clock.set('2026-12-02T03:00:00Z')
      else await test.app.core.database.executor.execute(sql`insert into payments (id, invoice_id, client_id, gateway, method, status, amount, currency, created_at) values (gen_random_uuid(), ${renewal}, ${built.clientId}, 'midtrans', 'bca_va', 'pending', 111000, 'IDR', now())`)
      await expect(world.ask(built, nano, { timing: 'renewal' })).rejects.toMatchObject({ code: 'renewal_open' })
      expect(await statusOf(renewal)).toBe('issued')
    })

    it('a smaller disk is refused, with its reason', async () => {
      const built = await running()
      const tiny = await world.plan('VPS Tiny', { ...small, diskGiB: 10 }, 50_000n)
      await expect(world.ask(built, tiny, { timing: 'renewal' })).rejects.toMatchObject({ code: 'disk_smaller' })
    })

    it('renewals that were missed while nothing ran still ask for the new price', async () => {
      const built = await running()
      await world.ask(built, await mini(), { timing: 'renewal' })
      test.clock.set('2026-11-18T03:00:00Z')
      await sweep()
      await world.billing.pay(await renewalOf(built.serviceId))
      // The calendar did not run as the period began: it is the same run that issues the next renewal.
      test.clock.set('2026-12-20T03:00:00Z')
      await sweep()
      expect((await world.billing.invoice(await renewalOf(built.serviceId))).taxable).toBe(60_000n)
      expect(await world.billing.service(built.serviceId)).toMatchObject({ price: 60_000n })
    })
  })

  describe('the end of a service', () => {
    const act = (built: { serviceId: string, clientId: string, service: { hostname: string } }, action: 'cancel' | 'cancel_now' | 'keep', hostname = built.service.hostname) => world.worker().act({ id: built.serviceId, action, hostname, reason: 'too_expensive', note: ' pindah ', actor: { kind: 'user', id: built.clientId, name: 'Sari Dewi', role: 'client' } })

    it('cancelled for the end of what is paid it says why, ends waiting changes, and can be taken back', async () => {
      const built = await running()
      const change = await world.ask(built, pro)
      await act(built, 'cancel')
      expect(await world.billing.service(built.serviceId)).toMatchObject({ status: 'active', cancelAtPeriodEnd: true, cancelReason: 'too_expensive', cancelNote: 'pindah' })
      expect(await world.change(change.id)).toMatchObject({ status: 'lapsed', closedReason: 'service_cancelled' })
      expect(await statusOf(change.invoiceId)).toBe('void')
      await expect(world.ask(built, pro)).rejects.toMatchObject({ code: 'service_cancelled' })
      await act(built, 'keep')
      expect(await world.billing.service(built.serviceId)).toMatchObject({ cancelAtPeriodEnd: false, cancelReason: null, cancelNote: null })
      expect((await world.ask(built, pro)).status).toBe('waiting')
    })

    it('cancelled now it ends at once: machine destroyed, open invoices void, no money back; its hostname has to be typed', async () => {
      const built = await running()
      const change = await world.ask(built, pro)
      await expect(act(built, 'cancel_now', 'salah')).rejects.toMatchObject({ code: 'invalid_input' })
      await act(built, 'cancel_now')
      const worker = world.worker()
      await worker.follow({ kind: 'terminate', serviceId: built.serviceId, cause: 'request' })
      await world.drain(worker)
      expect(await world.look(built.serviceId)).toMatchObject({ service: { status: 'ended', endReason: 'request', cancelReason: 'too_expensive', cancelNote: 'pindah' }, resource: { status: 'destroyed' }, machines: [] })
      expect(await statusOf(change.invoiceId)).toBe('void')
      expect(await credit(built.clientId)).toBe(0n)
      await expect(act(built, 'keep')).rejects.toMatchObject({ code: 'transition_refused' })
    })

    it('a service that staff suspended is not ended by its client', async () => {
      const built = await running()
      await test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId: built.serviceId, reason: 'abuse', note: 'x', actor: tester }))
      await expect(act(built, 'cancel_now')).rejects.toMatchObject({ code: 'service_suspended' })
    })
  })
})
