import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sql } from 'drizzle-orm'
import type { Actor } from '#server/kernel/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld, day } from '../support/billing.ts'

const finance: Actor = { kind: 'user', id: uuidv7(), name: 'Dewi', role: 'finance' }

describe.each(databaseKinds())('holidays on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = billingWorld(test.app)
  })
  beforeEach(async () => {
    await world.reset()
    await test.app.billing.setWeekends({ free: false, actor: finance })
    test.clock.set('2026-11-02T03:00:00Z')
  })
  afterAll(() => test.close())
  const run = async (at: string) => {
    test.clock.set(at)
    await test.app.billing.runBilling({ actor: finance, confirmBrake: true })
  }
  /** The day before a holiday that is three days before the due date is found, planned with its reason, run, and seen by the client. */
  it('a reminder that falls on one goes out the working day before, in plan, run and rail, with its reason', async () => {
    const { serviceId } = await world.running()
    await run('2026-11-18T03:00:00Z')
    const renewal = (await world.invoicesOf(serviceId)).at(-1)
    const due = new Date(renewal?.due_at ?? 0)
    const isoDay = (days: number) => new Date(due.getTime() + days * day).toISOString().slice(0, 10)
    expect(await test.app.billing.addHolidays({ lines: `${isoDay(-3)} Cuti bersama\n${isoDay(-4)} Libur`, actor: finance })).toEqual({ added: 2 })
    const rail = (await test.app.billing.showInvoice({ invoiceId: renewal?.id ?? '', clientId: null, locale: 'en' })).rail
    expect(rail.filter(step => step.kind === 'reminder').map(step => step.at.slice(0, 10)).slice(0, 2)).toEqual([isoDay(-7), isoDay(-5)])
    expect(rail.find(step => step.at.startsWith(isoDay(-5)))?.reason).toContain('Cuti bersama')
    await run(`${isoDay(-7)}T04:00:00Z`)
    const plan = await test.app.billing.showPlan({ at: new Date(due.getTime() - 5 * day), page: 1, pageSize: 10, locale: 'en' })
    expect(plan.items.map(item => [item.kind, item.reason.includes('Cuti bersama')])).toEqual([['send_reminder', true]])
    await run(new Date(due.getTime() - 5 * day).toISOString())
    expect(await world.notices(renewal?.id ?? '')).toEqual(['before-7', 'before-3'])
    await test.app.billing.removeHoliday({ day: isoDay(-3), actor: finance })
    await test.app.billing.removeHoliday({ day: isoDay(-4), actor: finance })
  })

  it('the fixed ones are there; a year is shown in order, days are renamed and removed, weekends are a switch, all of it audited', async () => {
    const of = async (year: number) => (await test.app.billing.showHolidays({ year })).items
    expect((await of(2027)).map(item => item.day)).toEqual(['2027-01-01', '2027-05-01', '2027-06-01', '2027-08-17', '2027-12-25'])
    await test.app.billing.addHolidays({ lines: '2027-12-26 Cuti\n25/12/2027 Natal', actor: finance })
    expect((await of(2027)).slice(-2)).toEqual([{ day: '2027-12-25', name: 'Natal' }, { day: '2027-12-26', name: 'Cuti' }])
    await test.app.billing.removeHoliday({ day: '2027-12-26', actor: finance })
    await expect(test.app.billing.removeHoliday({ day: '2027-12-26', actor: finance })).rejects.toMatchObject({ code: 'not_found' })
    await expect(test.app.billing.addHolidays({ lines: '2027-03-01 Baik\n2027-13-01 Salah', actor: finance })).rejects.toMatchObject({ code: 'invalid_input', fields: [{ path: 'lines', code: 'holiday_lines', params: { lines: '2' } }] })
    expect((await of(2027)).some(item => item.day === '2027-03-01')).toBe(false)
    await test.app.billing.setWeekends({ free: true, actor: finance })
    expect((await test.app.billing.showHolidays({ year: 2027 })).weekends).toBe(true)
    const audited = await world.rows<{ action: string }>(sql`select distinct action from audit_log order by action`)
    expect(audited.map(row => row.action)).toEqual(['holidays.add', 'holidays.remove', 'holidays.weekends'])
  })
})
