import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors/codes.ts'
import { money } from '#shared/money/money.ts'
import { billingCycles } from '#shared/vocabulary/billing.ts'
import type { PriceRecord, ProductFields } from '#server/catalog/ports.ts'
import { checkProduct, currentPrices } from '#server/catalog/product.ts'

const fields = (change: Partial<ProductFields> = {}): ProductFields => ({ slug: 'mini', kind: 'vps', name: 'Mini', summary: { id: 'a', en: 'a' }, description: { id: 'a', en: 'a' }, spec: { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100 }, status: 'active', featured: false, position: 1, stockLimit: null, trialDays: null, fixedTermPeriods: null, snapshotLimit: 2, backupsIncluded: 0, backupSchedule: false, placementPolicy: 'most_free' as const, connectionIds: ['c'], templateIds: ['t'], ...change })
const price = (id: string, change: Partial<PriceRecord> = {}): PriceRecord => ({ id, cycle: 'monthly', price: money(100n), setup: money(0n), effectiveFrom: new Date(0), createdBy: null, ...change })
const template = { id: 't', connectionId: 'c', present: true, machineType: 'vm' as const, refused: false }
const known = { connectionIds: ['c'], templates: [template], slows: true, packageOn: [] as string[] }
const problems = (change: Partial<ProductFields>, placement: Parameters<typeof checkProduct>[1] = known, prices = [price('1')]) => {
  try {
    checkProduct(fields(change), placement, prices)
    return []
  } catch (error) {
    return error instanceof AppError ? error.fields.map(field => `${field.path}: ${field.code}`) : ['unexpected']
  }
}

describe('products', () => {
  it('a VPS on sale has a connection, a template of it and a price', () => {
    expect(problems({})).toEqual([])
    expect(problems({ connectionIds: [], templateIds: [] }, { connectionIds: [], templates: [], slows: false, packageOn: [] }, [])).toEqual(['connectionIds: sale_needs_connection', 'templateIds: sale_needs_template', 'status: sale_needs_price'])
    expect(problems({ status: 'draft', connectionIds: [], templateIds: [] }, { connectionIds: [], templates: [], slows: false, packageOn: [] }, [])).toEqual([])
  })
  it('hosting on sale has servers, a package that is on every one of them, and a price', () => {
    const hosting = (change: Partial<ProductFields>, packageOn: string[], connectionIds = ['a', 'b']) => problems({ kind: 'hosting', templateIds: [], connectionIds, spec: { ...fields().spec, panelPackage: 'gardu_hemat' }, ...change }, { connectionIds, templates: [], slows: false, packageOn })
    expect(hosting({}, ['a', 'b'])).toEqual([])
    expect(hosting({}, ['a'])).toEqual(['spec.panelPackage: package_not_everywhere'])
    expect(hosting({ spec: fields().spec }, [])).toEqual(['spec.panelPackage: sale_needs_package'])
    expect(hosting({}, [], [])).toEqual(['connectionIds: sale_needs_server'])
    expect(hosting({ status: 'retired' }, [])).toEqual([])
    expect(hosting({ trialDays: 14 }, ['a', 'b'])).toEqual(['trialDays: trial_machines_only'])
  })
  it('templates that vanished do not put a product on sale', () => expect(problems({}, { ...known, templates: [{ ...template, present: false }] })).toEqual(['templateIds: sale_needs_template']))
  it('a product makes one kind of machine: templates of virtual machines and of containers together are refused, whatever its status', () => {
    const both = { ...known, templates: [template, { ...template, id: 'l', machineType: 'container' as const }] }
    expect(problems({ status: 'draft', templateIds: ['t', 'l'] }, both)).toEqual(['templateIds: templates_mixed'])
    expect(problems({ templateIds: ['l'] }, { ...both, templates: both.templates.slice(1) })).toEqual([])
  })
  it('a slower rate beyond the traffic limit is refused where no connection chosen can set one', () => {
    const traffic = (slowMbps: number | null) => ({ spec: { ...fields().spec, traffic: { limitGiB: 100, counts: 'both' as const, slowMbps } } })
    expect(problems(traffic(10), { ...known, slows: false })).toEqual(['spec.traffic.slowMbps: nothing_slows'])
    expect([...problems(traffic(10)), ...problems(traffic(null), { ...known, slows: false })]).toEqual([])
  })
  it('what no storage takes is not put on sale, and may wait as a draft', () => {
    const refusing = { ...known, templates: [{ ...template, refused: true }] }
    expect(problems({}, refusing)).toEqual(['templateIds: storage_refuses'])
    expect(problems({ status: 'draft' }, refusing)).toEqual([])
    expect(problems({ templateIds: ['t', 'u'] }, { ...known, templates: [{ ...template, refused: true }, { ...template, id: 'u' }] })).toEqual([])
  })
  it('a template of a connection that is not chosen is refused', () => expect(problems({ status: 'draft' }, { ...known, templates: [{ ...template, connectionId: 'other' }] })).toEqual(['templateIds: template_of_other_connection']))

  it('the price of a moment is the newest that is effective by then, one per cycle, in whatever order the history comes', () => {
    const history = fc.uniqueArray(fc.record({ id: fc.uuid({ version: 7 }), cycle: fc.constantFrom(...billingCycles), effectiveFrom: fc.integer({ min: 0, max: 20 }).map(n => new Date(n)) }), { selector: row => row.id, maxLength: 30 })
    fc.assert(fc.property(history, fc.integer({ min: 0, max: 20 }), (rows, moment) => {
      const at = new Date(moment)
      const found = currentPrices(rows.map(row => price(row.id, row)), at)
      for (const cycle of billingCycles) {
        const expected = rows.filter(row => row.cycle === cycle && row.effectiveFrom <= at).sort((a, b) => b.effectiveFrom.getTime() - a.effectiveFrom.getTime() || (a.id < b.id ? 1 : -1))[0]
        expect(found.filter(row => row.cycle === cycle).map(row => row.id)).toEqual(expected ? [expected.id] : [])
      }
    }))
  })
})
