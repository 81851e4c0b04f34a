import { and, asc, count, eq, inArray, ne, notInArray, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { AppError } from '#shared/errors/codes.ts'
import { money } from '#shared/money/money.ts'
import type { LateFee } from '#server/billing/late-fee.ts'
import type { BillingTerms } from '#server/billing/terms.ts'
import type { ClientGroupStore, TermsStore } from '#server/billing/terms-ports.ts'
import type { Executor } from '../client.ts'
import { billingTerms, clientGroupMembers, clientGroups, products, productTerms, termsWebhooks, users, webhookEndpoints } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'

/** The terms of a service as JSON: those of its client's group, else of its product; null: the house's own. */
export const termsOf = (clientId: SQL, productId: SQL): SQL => sql`(select json_build_object('renewalLeadDays', renewal_lead_days, 'reminderDays', reminder_days, 'orderReminderDays', order_reminder_days, 'noticeHours', notice_hours, 'suspendAfterDays', suspend_after_days, 'terminateAfterDays', terminate_after_days, 'lateFeeKind', late_fee_kind, 'lateFeePercent', late_fee_percent, 'lateFeeAmount', late_fee_amount::text, 'lateFeeDays', late_fee_days)::text from billing_terms
    where id = coalesce((select g.terms_id from client_group_members m join client_groups g on g.id = m.group_id where m.client_id = ${clientId}), (select terms_id from product_terms where product_id = ${productId})))`
interface FeeColumns { readonly lateFeeKind: LateFee['kind'], readonly lateFeePercent: number | null, readonly lateFeeAmount: bigint | string | null, readonly lateFeeDays: number | null }
type Kept = Omit<BillingTerms, 'lateFee'> & FeeColumns
export const toTerms = (json: string | null): BillingTerms | null => json === null ? null : withFee(JSON.parse(json) as Kept)
function withFee<T extends FeeColumns>({ lateFeeKind, lateFeePercent, lateFeeAmount, lateFeeDays, ...terms }: T): Omit<T, keyof FeeColumns> & Pick<BillingTerms, 'lateFee'> {
  const [amount, days] = [money(BigInt(lateFeeAmount ?? 0)), lateFeeDays ?? 0]
  return { ...terms, lateFee: lateFeeKind === 'percent' ? { kind: 'percent', percent: lateFeePercent ?? 0, cap: amount, days } : lateFeeKind === 'fixed' ? { kind: 'fixed', amount, days } : { kind: 'none' } }
}
const feeColumns = (fee: LateFee) => ({ lateFeeKind: fee.kind, lateFeePercent: fee.kind === 'percent' ? fee.percent : null, lateFeeAmount: fee.kind === 'none' ? null : fee.kind === 'percent' ? fee.cap.amount : fee.amount.amount, lateFeeDays: fee.kind === 'none' ? null : fee.days })

const termsStore = (db: Executor, context: StoreContext): TermsStore => ({
  async list() {
    const rows = await db.select().from(billingTerms).orderBy(asc(billingTerms.name)).limit(100)
    const sold = await db.select({ termsId: productTerms.termsId, id: products.id, name: products.name }).from(productTerms).innerJoin(products, eq(products.id, productTerms.productId)).orderBy(asc(products.name)).limit(1000)
    const groups = await db.select({ termsId: clientGroups.termsId, id: clientGroups.id, name: clientGroups.name }).from(clientGroups).orderBy(asc(clientGroups.name)).limit(200)
    const hooks = await db.select({ termsId: termsWebhooks.termsId, id: webhookEndpoints.id, name: webhookEndpoints.name }).from(termsWebhooks).innerJoin(webhookEndpoints, eq(webhookEndpoints.id, termsWebhooks.endpointId)).orderBy(asc(webhookEndpoints.name)).limit(2000)
    const of = <T extends { termsId: string | null, id: string, name: string }>(all: readonly T[], id: string) => all.filter(row => row.termsId === id).map(({ id, name }) => ({ id, name }))
    return rows.map(({ createdAt: _, updatedAt: __, ...row }) => ({ ...withFee(row), products: of(sold, row.id), groups: of(groups, row.id), webhooks: of(hooks, row.id) }))
  },
  async count() {
    const [row] = await db.select({ n: count() }).from(billingTerms)
    return row?.n ?? 0
  },
  async lock(termsId) {
    const [row] = await db.select().from(billingTerms).where(eq(billingTerms.id, termsId)).for('update')
    if (!row) return null
    const { createdAt: _, updatedAt: __, ...terms } = row
    return withFee(terms)
  },
  async save({ id, reminderDays, orderReminderDays, lateFee, ...terms }) {
    const [taken] = await db.select({ id: billingTerms.id }).from(billingTerms).where(and(sql`lower(${billingTerms.name}) = lower(${terms.name})`, ne(billingTerms.id, id)))
    if (taken) return false
    const fields = { ...terms, ...feeColumns(lateFee), reminderDays: [...reminderDays], orderReminderDays: [...orderReminderDays], updatedAt: context.now() }
    await db.insert(billingTerms).values({ id, ...fields, createdAt: context.now() }).onConflictDoUpdate({ target: billingTerms.id, set: fields })
    return true
  },
  async setProducts(termsId, productIds) {
    const known = productIds.length > 0 ? await db.select({ id: products.id }).from(products).where(inArray(products.id, [...productIds])) : []
    if (known.length !== new Set(productIds).size) throw new AppError('not_found')
    await db.delete(productTerms).where(and(eq(productTerms.termsId, termsId), productIds.length > 0 ? notInArray(productTerms.productId, [...productIds]) : undefined))
    if (known.length > 0) await db.insert(productTerms).values(known.map(({ id }) => ({ productId: id, termsId }))).onConflictDoUpdate({ target: productTerms.productId, set: { termsId } })
  },
  async setWebhooks(termsId, endpointIds) {
    const known = endpointIds.length > 0 ? await db.select({ id: webhookEndpoints.id }).from(webhookEndpoints).where(inArray(webhookEndpoints.id, [...endpointIds])).for('key share') : []
    if (known.length !== new Set(endpointIds).size) throw new AppError('not_found')
    await db.delete(termsWebhooks).where(eq(termsWebhooks.termsId, termsId))
    if (known.length > 0) await db.insert(termsWebhooks).values(known.map(({ id }) => ({ termsId, endpointId: id })))
  },
  async endpoints() {
    const rows = await db.select({ id: webhookEndpoints.id, name: webhookEndpoints.name, dunning: webhookEndpoints.dunning, pausedBy: webhookEndpoints.pausedBy }).from(webhookEndpoints).orderBy(asc(webhookEndpoints.name)).limit(20)
    return rows.flatMap(({ dunning, pausedBy, ...row }) => dunning === 'none' ? [] : [{ ...row, reach: dunning, paused: pausedBy !== null }])
  },
  async isUsed(termsId) {
    const found = await db.execute(sql`select exists (select 1 from product_terms where terms_id = ${termsId}::uuid) or exists (select 1 from client_groups where terms_id = ${termsId}::uuid) as used`)
    return (found as unknown as { rows: { used: boolean }[] }).rows[0]?.used === true
  },
  async remove(termsId) {
    await db.delete(billingTerms).where(eq(billingTerms.id, termsId))
  },
  async ofInvoice(invoiceId) {
    const found = await db.execute(sql`select ${termsOf(sql`s.client_id`, sql`s.product_id`)} as terms from services s where s.id in (select service_id from invoice_lines where invoice_id = ${invoiceId}::uuid) order by s.id limit 100`)
    return (found as unknown as { rows: { terms: string | null }[] }).rows.map(row => toTerms(row.terms))
  },
})

const groupStore = (db: Executor, context: StoreContext): ClientGroupStore => {
  const columns = { id: clientGroups.id, name: clientGroups.name, termsId: clientGroups.termsId, members: sql<number>`(select count(*)::int from client_group_members where group_id = client_groups.id)` }
  return {
    list: () => db.select(columns).from(clientGroups).orderBy(asc(clientGroups.name)).limit(200),
    async lock(groupId) {
      await db.select({ id: clientGroups.id }).from(clientGroups).where(eq(clientGroups.id, groupId)).for('update')
      const [row] = await db.select(columns).from(clientGroups).where(eq(clientGroups.id, groupId))
      return row ?? null
    },
    async save({ id, ...group }) {
      const [taken] = await db.select({ id: clientGroups.id }).from(clientGroups).where(and(sql`lower(${clientGroups.name}) = lower(${group.name})`, ne(clientGroups.id, id)))
      if (taken) return false
      await db.insert(clientGroups).values({ id, ...group, createdAt: context.now() }).onConflictDoUpdate({ target: clientGroups.id, set: group })
      return true
    },
    async remove(groupId) {
      await db.delete(clientGroups).where(eq(clientGroups.id, groupId))
    },
    async groupOf(clientId) {
      const [row] = await db.select({ id: clientGroups.id, name: clientGroups.name }).from(clientGroupMembers).innerJoin(clientGroups, eq(clientGroups.id, clientGroupMembers.groupId)).where(eq(clientGroupMembers.clientId, clientId))
      return row ?? null
    },
    async assign(clientId, groupId) {
      const [client] = await db.select({ id: users.id }).from(users).where(and(eq(users.id, clientId), eq(users.role, 'client'))).for('update')
      if (!client) return false
      if (groupId === null) await db.delete(clientGroupMembers).where(eq(clientGroupMembers.clientId, clientId))
      else await db.insert(clientGroupMembers).values({ clientId, groupId }).onConflictDoUpdate({ target: clientGroupMembers.clientId, set: { groupId } })
      return true
    },
  }
}

export const billingTermsStores = (db: Executor, context: StoreContext) => ({ terms: termsStore(db, context), clientGroups: groupStore(db, context) })
