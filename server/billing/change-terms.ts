import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { auditStaff } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { railText, sampleRail } from './invoice-view.ts'
import type { RailWords } from './invoice-view.ts'
import type { BillingStores } from './ports.ts'
import { fromLateFeeJson, toLateFeeJson } from './late-fee.ts'
import type { LateFeeJson } from './late-fee.ts'
import { rulesFor } from './terms.ts'
import type { BillingTerms } from './terms.ts'
import type { NamedTerms } from './terms-ports.ts'

type Deps = Pick<BillingDeps, 'clock' | 'newId' | 'rules'> & { readonly transact: Transact<BillingStores>, readonly read: BillingStores } & RailWords
/** What is kept in lists without pages. */
const most = { terms: 100, groups: 200 }

const termsOfPolicy = ({ renewalLeadDays, reminderDays, orderReminderDays, noticeHours, suspendAfterDays, terminateAfterDays, lateFee }: BillingTerms) => ({ renewalLeadDays, reminderDays: [...reminderDays], orderReminderDays: [...orderReminderDays], noticeHours, suspendAfterDays, terminateAfterDays, lateFee })
const toView = (terms: BillingTerms) => ({ ...termsOfPolicy(terms), lateFee: toLateFeeJson(terms.lateFee) })
/** Terms as a page sends them. */
export const termsOfInput = <T extends { readonly lateFee: LateFeeJson }>(input: T): Omit<T, 'lateFee'> & Pick<BillingTerms, 'lateFee'> => ({ ...input, lateFee: fromLateFeeJson(input.lateFee) })

/** All terms with what uses them, the groups of clients, and the house's own terms, which hold where nothing else does. */
export const showTerms = ({ read, rules }: Deps) => async () => ({
  house: toView(rules.policy),
  items: (await read.terms.list()).map(({ id, name, products, groups, webhooks, ...terms }) => ({ id, name, ...toView(terms), products: [...products], groups: [...groups], webhooks: [...webhooks] })),
  groups: await read.clientGroups.list(),
  endpoints: await read.terms.endpoints(),
})

/** What a client would see on a renewal invoice issued at this moment by these terms, if nobody pays. */
export const previewTerms = ({ rules, clock, ...words }: Deps) => (terms: BillingTerms, locale: Locale) =>
  sampleRail(rulesFor(terms, rules), clock.now()).map(step => ({ kind: step.kind, at: step.at.toISOString(), done: step.done, reason: railText(step, words, locale) }))

export interface TermsToSave { readonly id: string | null, readonly name: string, readonly terms: BillingTerms, readonly productIds: readonly string[], readonly webhookIds?: readonly string[], readonly actor: Actor }

/**
 * Adds or changes terms and says which products are sold on them. They hold from now on, for open invoices too; whoever had a final notice
 * keeps the hours that it gave. @throws AppError not_found, invalid_input (a name that is taken, too many)
 */
export const saveTerms = (deps: Deps) => ({ id, name, terms, productIds, webhookIds = [], actor }: TermsToSave): Promise<void> => deps.transact(async (stores) => {
  const before = id ? await stores.terms.lock(id) : null
  if (id && !before) throw new AppError('not_found')
  if (!id && await stores.terms.count() >= most.terms) throw fieldError('name', 'too_many_kept')
  const saved: NamedTerms = { id: id ?? deps.newId(), name, ...termsOfPolicy(terms) }
  if (!await stores.terms.save(saved)) throw fieldError('name', 'name_taken')
  await stores.terms.setProducts(saved.id, productIds)
  await stores.terms.setWebhooks(saved.id, webhookIds)
  await auditStaff(stores, { actor, action: id ? 'terms.change' : 'terms.create', entity: 'billing_terms', entityId: saved.id, ...(before ? { before: { name: before.name, ...toView(before) } } : {}), after: { name: saved.name, ...toView(saved), productIds, webhookIds } })
})

/** @throws AppError not_found, terms_in_use */
export const deleteTerms = (deps: Deps) => ({ id, actor }: { readonly id: string, readonly actor: Actor }): Promise<void> => deps.transact(async (stores) => {
  const before = await stores.terms.lock(id)
  if (!before) throw new AppError('not_found')
  if (await stores.terms.isUsed(id)) throw new AppError('terms_in_use')
  await stores.terms.remove(id)
  await auditStaff(stores, { actor, action: 'terms.delete', entity: 'billing_terms', entityId: id, before: { name: before.name, ...toView(before) } })
})

export interface GroupToSave { readonly id: string | null, readonly name: string, readonly termsId: string | null, readonly actor: Actor }

/** Adds or changes a group of clients. @throws AppError not_found, invalid_input (a name that is taken, too many) */
export const saveClientGroup = (deps: Deps) => ({ id, name, termsId, actor }: GroupToSave): Promise<void> => deps.transact(async (stores) => {
  const before = id ? await stores.clientGroups.lock(id) : null
  if (id && !before) throw new AppError('not_found')
  if (!id && (await stores.clientGroups.list()).length >= most.groups) throw fieldError('name', 'too_many_kept')
  if (termsId && !await stores.terms.lock(termsId)) throw new AppError('not_found')
  const group = { id: id ?? deps.newId(), name, termsId }
  if (!await stores.clientGroups.save(group)) throw fieldError('name', 'name_taken')
  await auditStaff(stores, { actor, action: id ? 'client_group.change' : 'client_group.create', entity: 'client_group', entityId: group.id, ...(before ? { before: { ...before } } : {}), after: group })
})

/** @throws AppError not_found, client_group_in_use (it has members) */
export const deleteClientGroup = (deps: Deps) => ({ id, actor }: { readonly id: string, readonly actor: Actor }): Promise<void> => deps.transact(async (stores) => {
  const before = await stores.clientGroups.lock(id)
  if (!before) throw new AppError('not_found')
  if (before.members > 0) throw new AppError('client_group_in_use')
  await stores.clientGroups.remove(id)
  await auditStaff(stores, { actor, action: 'client_group.delete', entity: 'client_group', entityId: id, before: { ...before } })
})

/** Puts a client into a group, or into none. @throws AppError not_found */
export const setClientGroup = (deps: Deps) => ({ clientId, groupId, actor }: { readonly clientId: string, readonly groupId: string | null, readonly actor: Actor }): Promise<void> => deps.transact(async (stores) => {
  const [before, group] = [await stores.clientGroups.groupOf(clientId), groupId ? await stores.clientGroups.lock(groupId) : null]
  if (groupId && !group) throw new AppError('not_found')
  if (!await stores.clientGroups.assign(clientId, groupId)) throw new AppError('not_found')
  await auditStaff(stores, { actor, action: 'client_group.assign', entity: 'client', entityId: clientId, before: { group: before?.name ?? null }, after: { group: group?.name ?? null } })
})
