import type { AlignmentStatus } from '#shared/vocabulary/billing.ts'

export interface Alignment { readonly id: string, readonly clientId: string, /** Of the business zone. */ readonly day: string, readonly status: AlignmentStatus, readonly invoiceId: string, readonly expiresAt: Date, readonly serviceIds: readonly string[], readonly hostnames: readonly string[] }
/** A living service of a client, with what its calendar facts do not say. */
export interface AlignableRow { readonly serviceId: string, readonly productName: string, readonly changeOpen: boolean, readonly alignmentOpen: boolean }

export interface AlignmentStore {
  insert(alignment: { readonly id: string, readonly clientId: string, readonly day: string, readonly invoiceId: string, readonly expiresAt: Date, readonly createdAt: Date, readonly actor: string, readonly serviceIds: readonly string[] }): Promise<void>
  /** The one that waits for money, of a service. */
  openOf(serviceId: string): Promise<Alignment | null>
  openOfClient(clientId: string): Promise<Alignment[]>
  byInvoice(invoiceId: string): Promise<Alignment | null>
  close(id: string, to: { readonly status: AlignmentStatus, readonly at: Date }): Promise<void>
  /** Unpaid ones whose time is over; a payment under way is waited for until `frozenBefore` lies behind. */
  listExpired(input: { readonly now: Date, readonly frozenBefore: Date, readonly limit: number }): Promise<{ readonly alignmentId: string, readonly invoiceId: string }[]>
  /** Living services of a client, at most a hundred, by host name. */
  alignable(clientId: string): Promise<AlignableRow[]>
}
