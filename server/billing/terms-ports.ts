import type { BillingTerms } from './terms.ts'

export interface NamedTerms extends BillingTerms { readonly id: string, readonly name: string }
interface Named { readonly id: string, readonly name: string }
export interface TermsInUse extends NamedTerms { readonly products: readonly Named[], readonly groups: readonly Named[], /** Webhook endpoints that these terms name. */ readonly webhooks: readonly Named[] }
export interface NamableEndpoint extends Named { readonly reach: 'named' | 'all', readonly paused: boolean }
export interface ClientGroup extends Named { readonly termsId: string | null, readonly members: number }

export interface TermsStore {
  /** All of them by name, with what uses them; there are few: at most a hundred are kept. */
  list(): Promise<TermsInUse[]>
  count(): Promise<number>
  /** With the row locked, so that nothing is attached to it meanwhile. */
  lock(termsId: string): Promise<NamedTerms | null>
  /** False when another one has this name. */
  save(terms: NamedTerms): Promise<boolean>
  /** The products that are sold on these terms from now on, and no others. @throws AppError not_found for a product that does not exist */
  setProducts(termsId: string, productIds: readonly string[]): Promise<void>
  /** The webhook endpoints that these terms name from now on, and no others. @throws AppError not_found for one that does not exist */
  setWebhooks(termsId: string, endpointIds: readonly string[]): Promise<void>
  /** The endpoints that can be told of reminders, by name. */
  endpoints(): Promise<NamableEndpoint[]>
  isUsed(termsId: string): Promise<boolean>
  remove(termsId: string): Promise<void>
  /** The terms of the services on an invoice, one for each: a client group's before a product's; null: the house's own. */
  ofInvoice(invoiceId: string): Promise<(BillingTerms | null)[]>
}

export interface ClientGroupStore {
  /** All of them by name; at most two hundred are kept. */
  list(): Promise<ClientGroup[]>
  lock(groupId: string): Promise<ClientGroup | null>
  /** False when another one has this name. */
  save(group: Omit<ClientGroup, 'members'>): Promise<boolean>
  remove(groupId: string): Promise<void>
  /** The group of a client; null: none. */
  groupOf(clientId: string): Promise<Named | null>
  /** False when there is no such client. */
  assign(clientId: string, groupId: string | null): Promise<boolean>
}
