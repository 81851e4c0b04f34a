import { and, asc, count, desc, eq, ilike, inArray, lte, ne, or, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import { hypervisorKinds, machineCapabilities, panelKinds } from '#shared/vocabulary/machines.ts'
import type { CatalogStores, Offer, OfferStore, PriceRecord, ProductFields, ProductRecord, PromoFields, PromoRecord, RetiredProduct, SketchFields, TldStore } from '#server/catalog/ports.ts'
import type { PageRequest } from '#server/kernel/ports.ts'
import type { Executor } from '../client.ts'
import { connections, packages, productConnections, productCosts, productPrices, products, productStock, productTemplates, promoCodes, promoRedemptions, serviceChanges, services, templates, tlds, users } from '../schema/index.ts'
import { containing } from '../search-pattern.ts'
import type { StoreContext } from '../store-context.ts'
import { rowsOf } from '../rows-of.ts'
import { refuseSecond } from '../unique-violation.ts'
import { storageRefuses, templateNodes, unitsHeld } from './capacity.ts'
import { footprintOf } from './product-footprint.ts'
import { loadOptions, optionStores } from './product-options.ts'

const groupBy = <T, K>(rows: readonly T[], key: (row: T) => K): Map<K, T[]> => Map.groupBy(rows, key)

const stockOf = async (db: Executor, ids: readonly string[]) => new Map((await db.select().from(productStock).where(inArray(productStock.productId, [...ids]))).map(({ productId, ...row }) => [productId, row]))

async function loadProducts(db: Executor, rows: (typeof products.$inferSelect)[]): Promise<ProductRecord[]> {
  if (rows.length === 0) return []
  const ids = rows.map(row => row.id)
  const prices = await db.select({ price: productPrices, createdBy: users.name }).from(productPrices).leftJoin(users, eq(users.id, productPrices.createdBy)).where(inArray(productPrices.productId, ids)).orderBy(desc(productPrices.effectiveFrom), desc(productPrices.id))
  const placedOn = await db.select().from(productConnections).where(inArray(productConnections.productId, ids))
  const offered = await db.select().from(productTemplates).where(inArray(productTemplates.productId, ids))
  const held = await unitsHeld(db, ids)
  const sold = new Set((await db.select({ id: products.id }).from(products).where(and(inArray(products.id, ids), sql`(exists (select 1 from ${services} where ${services.productId} = ${products.id}) or exists (select 1 from ${serviceChanges} where ${serviceChanges.fromProductId} = ${products.id}) or exists (select 1 from ${serviceChanges} where ${serviceChanges.toProductId} = ${products.id}))`))).map(row => row.id))
  const followers = rows.flatMap(row => row.successorId ?? [])
  const names = new Map(followers.length > 0 ? (await db.select({ id: products.id, name: products.name }).from(products).where(inArray(products.id, followers))).map(row => [row.id, row]) : [])
  const pricesOf = groupBy(prices, row => row.price.productId)
  const connectionsOf = groupBy(placedOn, row => row.productId)
  const templatesOf = groupBy(offered, row => row.productId)
  return rows.map(({ createdAt: _, updatedAt: __, successorId, ...row }) => ({
    ...row, activeServices: held.get(row.id) ?? 0, sold: sold.has(row.id), successor: names.get(successorId ?? '') ?? null, connectionIds: (connectionsOf.get(row.id) ?? []).map(c => c.connectionId), templateIds: (templatesOf.get(row.id) ?? []).map(t => t.templateId),
    prices: (pricesOf.get(row.id) ?? []).map(({ price, createdBy }): PriceRecord => ({ id: price.id, cycle: price.cycle, price: money(price.price, price.currency), setup: money(price.setup, price.currency), effectiveFrom: price.effectiveFrom, createdBy })),
  }))
}

/** The prices in force, one row of each cycle. */
const pricesInForce = (db: Executor, ids: readonly string[], at: Date) => db.selectDistinctOn([productPrices.productId, productPrices.cycle]).from(productPrices).where(and(inArray(productPrices.productId, [...ids]), lte(productPrices.effectiveFrom, at))).orderBy(productPrices.productId, productPrices.cycle, desc(productPrices.effectiveFrom), desc(productPrices.id))
const toOfferPrice = ({ cycle, price, setup, currency }: typeof productPrices.$inferSelect): Offer['prices'][number] => ({ cycle, price: money(price, currency), setup: money(setup, currency) })
/** What of a template an offer tells. */
const offeredTemplate = { id: templates.id, name: templates.name, osFamily: templates.osFamily, connectionId: templates.connectionId, connectionKind: connections.kind, machineType: templates.machineType, takesKeys: sql<boolean>`${templates.identity} <> 'sysprep'`, nodes: sql<string[]>`${templateNodes(sql`${templates.connectionId}`, sql`${templates.name}`)}` }
const packageLimits = { connectionId: packages.connectionId, diskMiB: packages.diskMiB, bandwidthMiB: packages.bandwidthMiB, maxAddonDomains: packages.maxAddonDomains, maxMailboxes: packages.maxMailboxes, maxDatabases: packages.maxDatabases }

async function loadOffers(db: Executor, at: Date, where: SQL | undefined): Promise<Offer[]> {
  const rows = await db.select().from(products).where(and(eq(products.status, 'active'), where)).orderBy(asc(products.position), asc(products.id)).limit(200)
  if (rows.length === 0) return []
  const ids = rows.map(row => row.id)
  const prices = await pricesInForce(db, ids, at)
  const offered = await db.select({ productId: productTemplates.productId, ...offeredTemplate }).from(productTemplates).innerJoin(templates, eq(templates.id, productTemplates.templateId)).innerJoin(connections, eq(connections.id, templates.connectionId))
    .where(and(inArray(productTemplates.productId, ids), eq(templates.present, true))).orderBy(asc(templates.name), asc(templates.id))
  const placedOn = await db.select({ productId: productConnections.productId, connectionId: connections.id }).from(productConnections).innerJoin(connections, eq(connections.id, productConnections.connectionId)).where(inArray(productConnections.productId, ids))
  const given = rows.some(row => row.kind === 'hosting')
    ? await db.select({ productId: products.id, ...packageLimits })
        .from(products).innerJoin(productConnections, eq(productConnections.productId, products.id)).innerJoin(packages, and(eq(packages.connectionId, productConnections.connectionId), sql`${packages.name} = ${products.spec} ->> 'panelPackage'`))
        .where(and(inArray(products.id, ids), eq(products.kind, 'hosting'), eq(packages.present, true)))
    : []
  const held = await unitsHeld(db, ids)
  const stock = await stockOf(db, ids)
  const options = await loadOptions(db, ids, at)
  const pricesOf = groupBy(prices, row => row.productId)
  const templatesOf = groupBy(offered, row => row.productId)
  const connectionsOf = groupBy(placedOn, row => row.productId)
  const packagesOf = groupBy(given, row => row.productId)
  return rows.flatMap((row) => {
    const own = pricesOf.get(row.id) ?? []
    if (own.length === 0) return []
    return [{
      productId: row.id, slug: row.slug, kind: row.kind, name: row.name, summary: row.summary, description: row.description, spec: row.spec, featured: row.featured, stockLimit: row.stockLimit, trialDays: row.trialDays, fixedTermPeriods: row.fixedTermPeriods, backupsIncluded: row.backupsIncluded, backupSchedule: row.backupSchedule, unitsHeld: held.get(row.id) ?? 0, placementPolicy: row.placementPolicy, ipv6: row.ipv6, stock: stock.get(row.id) ?? null,
      prices: own.map(toOfferPrice),
      templates: (templatesOf.get(row.id) ?? []).map(({ productId: _, ...template }) => template), connectionIds: (connectionsOf.get(row.id) ?? []).map(c => c.connectionId), packages: (packagesOf.get(row.id) ?? []).map(({ productId: _, ...limits }) => limits), options: (options.get(row.id) ?? []).filter(option => option.active),
    }]
  })
}

/** See `OfferStore.sketch`. What is typed of templates and packages is looked up as an offer's own would be: what vanished is not shown. */
async function sketchOffer(db: Executor, productId: string | null, { connectionIds, templateIds, ipv6 = true, ...fields }: SketchFields, at: Date): Promise<Offer> {
  const own = productId === null ? [] : [productId]
  const chosen = templateIds.length === 0 || connectionIds.length === 0 ? [] : await db.select(offeredTemplate).from(templates).innerJoin(connections, eq(connections.id, templates.connectionId)).where(and(inArray(templates.id, [...templateIds]), inArray(templates.connectionId, [...connectionIds]), eq(templates.present, true))).orderBy(asc(templates.name), asc(templates.id))
  const given = fields.kind !== 'hosting' || !fields.spec.panelPackage || connectionIds.length === 0 ? [] : await db.select(packageLimits).from(packages).where(and(inArray(packages.connectionId, [...connectionIds]), eq(packages.name, fields.spec.panelPackage), eq(packages.present, true)))
  const prices = own.length === 0 ? [] : await pricesInForce(db, own, at)
  const [held, stock, options] = [await unitsHeld(db, own), await stockOf(db, own), await loadOptions(db, own, at)]
  return {
    ...fields, productId: productId ?? unborn, ipv6, unitsHeld: held.get(productId ?? '') ?? 0, stock: stock.get(productId ?? '') ?? null, prices: prices.map(toOfferPrice), templates: chosen, connectionIds, packages: given, options: (options.get(productId ?? '') ?? []).filter(option => option.active),
  }
}
/** The id of what has none yet. */
const unborn = '00000000-0000-0000-0000-000000000000'

/** So many successors are followed, each of which was retired for the next. */
const longestChain = 20

async function findRetired(db: Executor, where: SQL, at: Date): Promise<RetiredProduct[]> {
  const rows = await db.select({ productId: products.id, name: products.name, kind: products.kind, successorId: products.successorId }).from(products).where(and(eq(products.status, 'retired'), where)).limit(20)
  if (rows.length === 0) return []
  const steps = rowsOf<{ from: string, id: string }>(await db.execute(sql`
    with recursive chain as (
      select p.id as first, p.successor_id as id, 1 as step from products p where p.id in (${sql.join(rows.map(row => sql`${row.productId}`), sql`, `)}) and p.successor_id is not null
      union all select c.first, p.successor_id, c.step + 1 from chain c join products p on p.id = c.id where p.successor_id is not null and c.step < ${longestChain})
    select first as "from", id from chain order by first, step`))
  const offers = steps.length === 0 ? [] : await loadOffers(db, at, inArray(products.id, steps.map(step => step.id)))
  return rows.map(({ productId, name, kind }) => {
    const found = steps.filter(step => step.from === productId).flatMap(step => offers.find(offer => offer.productId === step.id) ?? [])[0]
    return { productId, name, kind, successor: found ? { name: found.name, kind: found.kind, slug: found.slug } : null }
  })
}

async function loadPromos(db: Executor, rows: (typeof promoCodes.$inferSelect)[]): Promise<PromoRecord[]> {
  if (rows.length === 0) return []
  const uses = await db.select({ id: promoRedemptions.promoId, status: promoRedemptions.status, n: count() }).from(promoRedemptions).where(and(inArray(promoRedemptions.promoId, rows.map(row => row.id)), ne(promoRedemptions.status, 'released'))).groupBy(promoRedemptions.promoId, promoRedemptions.status)
  const used = (id: string, status: string) => uses.find(use => use.id === id && use.status === status)?.n ?? 0
  return rows.map(({ createdAt: _, currency: __, ...row }) => ({ ...row, reserved: used(row.id, 'reserved'), committed: used(row.id, 'committed') }))
}

export const catalogStores = (db: Executor, context: StoreContext) => {
  const place = async (id: string, fields: ProductFields) => {
    await db.delete(productConnections).where(eq(productConnections.productId, id))
    await db.delete(productTemplates).where(eq(productTemplates.productId, id))
    const [connectionIds, templateIds] = [[...new Set(fields.connectionIds)], [...new Set(fields.templateIds)]]
    if (connectionIds.length > 0) await db.insert(productConnections).values(connectionIds.map(connectionId => ({ productId: id, connectionId })))
    if (templateIds.length > 0) await db.insert(productTemplates).values(templateIds.map(templateId => ({ productId: id, templateId })))
  }
  const productColumns = ({ slug, kind, name, summary, description, spec, status, featured, position, stockLimit, trialDays, fixedTermPeriods, snapshotLimit, backupsIncluded, backupSchedule, placementPolicy, ipv6 = true }: ProductFields) => ({ backupsIncluded, backupSchedule: backupSchedule && backupsIncluded > 0, slug, kind, name, summary, description, spec, status, featured, position, stockLimit, trialDays, fixedTermPeriods, snapshotLimit, placementPolicy, ipv6 })
  const promoColumns = ({ code, kind, value, active, startsAt, endsAt, maxRedemptions, appliesTo, periods, maxPerClient, newClientsOnly, minimumOrder, combinable, productIds, cycles }: PromoFields) => ({ code, kind, value, active, startsAt, endsAt, maxRedemptions, appliesTo, periods, maxPerClient, newClientsOnly, minimumOrder, combinable, productIds: [...productIds], cycles: [...cycles] })
  return {
    ...optionStores(db, context),
    products: {
      async list(filter) {
        const where = and(filter.status ? eq(products.status, filter.status) : undefined, filter.kind ? eq(products.kind, filter.kind) : undefined, filter.q ? or(ilike(products.name, containing(filter.q)), ilike(products.slug, containing(filter.q))) : undefined)
        const rows = await db.select().from(products).where(where).orderBy(asc(products.position), asc(products.id)).limit(filter.pageSize).offset((filter.page - 1) * filter.pageSize)
        const [counted] = await db.select({ total: count() }).from(products).where(where)
        return { items: await loadProducts(db, rows), total: counted?.total ?? 0, page: filter.page, pageSize: filter.pageSize }
      },
      async find(id) {
        return (await loadProducts(db, await db.select().from(products).where(eq(products.id, id))))[0] ?? null
      },
      async lock(id) {
        return (await loadProducts(db, await db.select().from(products).where(eq(products.id, id)).for('update')))[0] ?? null
      },
      async insert(id, fields, at) {
        await refuseSecond(db.insert(products).values({ id, ...productColumns(fields), createdAt: at, updatedAt: at }), 'products_slug_unique', 'slug_taken')
        await place(id, fields)
      },
      async update(id, fields, at) {
        await refuseSecond(db.update(products).set({ ...productColumns(fields), updatedAt: at }).where(eq(products.id, id)), 'products_slug_unique', 'slug_taken')
        await place(id, fields)
      },
      async setStatus(id, change, at) {
        await db.update(products).set({ ...change, updatedAt: at }).where(eq(products.id, id))
      },
      footprint: (id, at) => footprintOf(db, id, at),
      async remove(id) {
        await db.delete(products).where(eq(products.id, id))
      },
      async addPrices(productId, prices) {
        if (prices.length > 0) await db.insert(productPrices).values(prices.map(({ at, price, setup, ...row }) => ({ ...row, productId, price: price.amount, setup: setup.amount, currency: price.currency, createdAt: at })))
      },
      async placement({ kind, connectionIds, templateIds, spec }) {
        const suits = kind === 'hosting' ? panelKinds : hypervisorKinds
        const found = connectionIds.length > 0 ? await db.select({ id: connections.id, kind: connections.kind }).from(connections).where(and(inArray(connections.id, [...connectionIds]), inArray(connections.kind, [...suits]))) : []
        const having = found.length > 0 && spec.panelPackage ? await db.select({ id: packages.connectionId }).from(packages).where(and(inArray(packages.connectionId, found.map(row => row.id)), eq(packages.name, spec.panelPackage), eq(packages.present, true))) : []
        const known = templateIds.length > 0 ? await db.select({ id: templates.id, connectionId: templates.connectionId, present: templates.present, machineType: templates.machineType, refused: storageRefuses }).from(templates).where(inArray(templates.id, [...templateIds])) : []
        return { connectionIds: found.map(row => row.id), slows: found.some(row => machineCapabilities(row.kind)?.rateLimit === true), templates: known, packageOn: having.map(row => row.id) }
      },
    } satisfies CatalogStores['products'],
    costs: {
      async of(productId) {
        const rows = await db.select({ cost: productCosts, createdBy: users.name }).from(productCosts).leftJoin(users, eq(users.id, productCosts.createdBy)).where(eq(productCosts.productId, productId)).orderBy(desc(productCosts.effectiveFrom), desc(productCosts.id)).limit(100)
        return rows.map(({ cost, createdBy }) => ({ id: cost.id, monthly: money(cost.monthly, cost.currency), effectiveFrom: cost.effectiveFrom, createdBy }))
      },
      async add(productId, { at, monthly, ...row }) {
        await db.insert(productCosts).values({ ...row, productId, monthly: monthly.amount, currency: monthly.currency, createdAt: at })
      },
    } satisfies CatalogStores['costs'],
    offers: {
      list: ({ at, kind }) => loadOffers(db, at, kind ? eq(products.kind, kind) : undefined),
      findBySlug: async (slug, at) => (await loadOffers(db, at, eq(products.slug, slug)))[0] ?? null,
      findMany: async (ids, at) => ids.length === 0 ? [] : loadOffers(db, at, inArray(products.id, [...ids])),
      sketch: (productId, fields, at) => sketchOffer(db, productId, fields, at),
      async findRetired(which, at) {
        return findRetired(db, 'slug' in which ? eq(products.slug, which.slug) : inArray(products.id, [...which.productIds]), at)
      },
      async lockMany(ids, at) {
        if (ids.length === 0) return []
        await db.select({ id: products.id }).from(products).where(inArray(products.id, [...ids])).orderBy(asc(products.id)).for('update')
        return loadOffers(db, at, inArray(products.id, [...ids]))
      },
    } satisfies OfferStore,
    promos: {
      async list(filter: PageRequest & { readonly q?: string | undefined }) {
        const where = filter.q ? ilike(promoCodes.code, containing(filter.q)) : undefined
        const rows = await db.select().from(promoCodes).where(where).orderBy(desc(promoCodes.createdAt), desc(promoCodes.id)).limit(filter.pageSize).offset((filter.page - 1) * filter.pageSize)
        const [counted] = await db.select({ total: count() }).from(promoCodes).where(where)
        return { items: await loadPromos(db, rows), total: counted?.total ?? 0, page: filter.page, pageSize: filter.pageSize }
      },
      async find(id) {
        return (await loadPromos(db, await db.select().from(promoCodes).where(eq(promoCodes.id, id))))[0] ?? null
      },
      async findByCode(code) {
        return (await loadPromos(db, await db.select().from(promoCodes).where(eq(sql`upper(${promoCodes.code})`, code.toUpperCase()))))[0] ?? null
      },
      async lock(id) {
        return (await loadPromos(db, await db.select().from(promoCodes).where(eq(promoCodes.id, id)).for('update')))[0] ?? null
      },
      async insert(id, fields, at) {
        await refuseSecond(db.insert(promoCodes).values({ id, ...promoColumns(fields), createdAt: at }), 'promo_codes_code', 'code_taken')
      },
      async update(id, fields) {
        await refuseSecond(db.update(promoCodes).set(promoColumns(fields)).where(eq(promoCodes.id, id)), 'promo_codes_code', 'code_taken')
      },
      async wasUsed(id) {
        const [redemption] = await db.select({ id: promoRedemptions.id }).from(promoRedemptions).where(eq(promoRedemptions.promoId, id)).limit(1)
        return redemption !== undefined
      },
      async remove(id) {
        await db.delete(promoCodes).where(eq(promoCodes.id, id))
      },
    } satisfies CatalogStores['promos'],
    tlds: {
      async listActive() {
        const rows = await db.select().from(tlds).where(eq(tlds.active, true)).orderBy(asc(tlds.position), asc(tlds.suffix)).limit(500)
        return rows.map(row => ({ suffix: row.suffix, register: money(row.register, row.currency), renew: money(row.renew, row.currency), requirement: row.requirement }))
      },
    } satisfies TldStore,
  }
}
