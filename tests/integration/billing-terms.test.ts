import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sql } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld, day } from '../support/billing.ts'

const finance: Actor = { kind: 'user', id: uuidv7(), name: 'Dewi', role: 'finance' }
const lateFee = { kind: 'percent' as const, percent: 2, cap: money(50_000), days: 5 }
const patient = { lateFee, renewalLeadDays: 30, reminderDays: [-20, 0, 5], orderReminderDays: [-1], noticeHours: 48, suspendAfterDays: 10, terminateAfterDays: 40 }
const strict = { lateFee: { ...lateFee, percent: 5, days: 2 }, renewalLeadDays: 7, reminderDays: [0], orderReminderDays: [-1], noticeHours: 24, suspendAfterDays: 1, terminateAfterDays: 6 }

describe.each(databaseKinds())('billing terms on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = billingWorld(test.app)
  })
  beforeEach(async () => {
    await world.reset()
    await world.rows(sql`truncate billing_terms cascade`)
    test.clock.set('2026-11-02T03:00:00Z')
  })
  afterAll(() => test.close())
  const save = async (name: string, terms: typeof patient, productIds: string[] = []) => {
    await test.app.billing.saveTerms({ id: null, name, terms, productIds, actor: finance })
    return (await test.app.billing.showTerms()).items.find(item => item.name === name)?.id ?? ''
  }
  const group = async (name: string, termsId: string | null) => {
    await test.app.billing.saveClientGroup({ id: null, name, termsId, actor: finance })
    return (await test.app.billing.showTerms()).groups.find(item => item.name === name)?.id ?? ''
  }
  const productOf = async (serviceId: string) => (await world.service(serviceId)).productId
  /** Days after the first payment at which something is done to a service whose client never pays again. */
  async function history(serviceId: string, count: number) {
    const found: Record<string, number> = {}
    for (let n = 1; n <= count; n += 1) {
      test.clock.advance(day)
      await world.sweep()
      const { status } = await world.service(serviceId)
      const facts = { [status]: true, invoiced: (await world.invoicesOf(serviceId)).length > 1 }
      for (const [name, is] of Object.entries(facts)) if (is) found[name] ??= n
    }
    return found
  }

  it('plan, run, rail, mail and forecast of a product go by its own terms; other products by the house\'s', async () => {
    const [own, other] = [await world.running(), await world.running()]
    await save('Sabar', patient, [await productOf(own.serviceId)])
    // The first period ends thirty days after the payment: its renewal is due to be issued at once, sixteen days before the house's.
    test.clock.advance(day)
    await world.sweep()
    const [, renewal] = await world.invoicesOf(own.serviceId)
    expect(await world.invoicesOf(other.serviceId)).toHaveLength(1)
    const dueAt = new Date(renewal?.due_at ?? 0).getTime()
    const rail = (await test.app.billing.showInvoice({ invoiceId: renewal?.id ?? '', clientId: own.clientId, locale: 'en' })).rail
    expect(rail.find(step => step.kind === 'suspension')?.at).toBe(new Date(dueAt + 10 * day).toISOString())
    expect(rail.find(step => step.kind === 'termination')?.at).toBe(new Date(dueAt + 40 * day).toISOString())
    const plan = await test.app.billing.showPlan({ at: new Date(dueAt + 11 * day), page: 1, pageSize: 100, locale: 'en' })
    const suspensions = new Map(plan.items.filter(item => item.kind === 'suspend').map(item => [item.serviceId, item.dueSince]))
    expect(suspensions.get(own.serviceId)).toBe(new Date(dueAt + 10 * day).toISOString())
    expect(suspensions.get(other.serviceId)).toBe(new Date(dueAt + 3 * day).toISOString())
    const described = await test.app.billing.describeServices([other.serviceId, own.serviceId])
    expect(described.get(other.serviceId)?.nextInvoiceOn).toBe('2026-11-18')
    test.clock.set(new Date(dueAt + 4 * day))
    await test.app.billing.runBilling({ actor: finance, confirmBrake: true })
    expect((await world.service(own.serviceId)).status).toBe('past_due')
    const [mail] = await world.rows<{ params: Record<string, string> }>(sql`select params from mails where template = 'invoice_reminder' and user_id = ${own.clientId}`)
    expect(mail?.params.suspendOn).toContain('12 Des 2026')
  })

  it('a client\'s group comes before the product, the product before the house', async () => {
    const { serviceId, clientId } = await world.running()
    await save('Sabar', patient, [await productOf(serviceId)])
    const vip = await group('Ketat', await save('Tegas', strict))
    await test.app.billing.setClientGroup({ clientId, groupId: vip, actor: finance })
    // Paid until 2 December: issued 7 days before, suspended a day and terminated six days after it.
    expect(await history(serviceId, 37)).toMatchObject({ invoiced: 23, suspended: 31, ended: 36 })
  })

  it('a group without terms changes nothing, and who leaves a group is treated as before', async () => {
    const { serviceId, clientId } = await world.running()
    const facts = async () => (await test.app.core.read.subscriptions.factsOf(serviceId))?.terms
    await test.app.billing.setClientGroup({ clientId, groupId: await group('Biasa', null), actor: finance })
    expect(await facts()).toBeNull()
    await test.app.billing.setClientGroup({ clientId, groupId: await group('Ketat', await save('Tegas', strict)), actor: finance })
    expect(await facts()).toEqual(strict)
    await test.app.billing.setClientGroup({ clientId, groupId: null, actor: finance })
    expect(await facts()).toBeNull()
    const assigned = await world.rows<{ after: { group: string | null } }>(sql`select after from audit_log where action = 'client_group.assign' order by id`)
    expect(assigned.map(row => row.after.group)).toEqual(['Biasa', 'Ketat', null])
  })

  it('terms that something uses and groups with members are not deleted; names are given once; every change is audited', async () => {
    const { serviceId, clientId } = await world.running()
    const productId = await productOf(serviceId)
    const id = await save('Sabar', patient, [productId])
    await expect(save('sabar', strict)).rejects.toMatchObject({ code: 'invalid_input', fields: [{ path: 'name', code: 'name_taken' }] })
    await expect(test.app.billing.deleteTerms({ id, actor: finance })).rejects.toMatchObject({ code: 'terms_in_use' })
    const groupId = await group('Ketat', id)
    await test.app.billing.saveTerms({ id, name: 'Sabar', terms: patient, productIds: [], actor: finance })
    await expect(test.app.billing.deleteTerms({ id, actor: finance })).rejects.toMatchObject({ code: 'terms_in_use' })
    await test.app.billing.setClientGroup({ clientId, groupId, actor: finance })
    await expect(test.app.billing.deleteClientGroup({ id: groupId, actor: finance })).rejects.toMatchObject({ code: 'client_group_in_use' })
    await test.app.billing.setClientGroup({ clientId, groupId: null, actor: finance })
    await test.app.billing.deleteClientGroup({ id: groupId, actor: finance })
    await test.app.billing.deleteTerms({ id, actor: finance })
    expect((await test.app.billing.showTerms()).items).toEqual([])
    expect((await world.rows<{ action: string }>(sql`select distinct action from audit_log order by action`)).map(row => row.action)).toEqual(['client_group.assign', 'client_group.create', 'client_group.delete', 'terms.change', 'terms.create', 'terms.delete'])
    await expect(test.app.billing.setClientGroup({ clientId: uuidv7(), groupId: null, actor: finance })).rejects.toMatchObject({ code: 'not_found' })
  })

  it('the database, too, refuses a final notice that is out for less than a day', async () => {
    await expect(save('Kilat', { ...strict, noticeHours: 12 })).rejects.toThrow()
  })
})
