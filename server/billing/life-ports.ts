import type { RenewalDiscount } from './renewal-price.ts'

/** A discount of a service, running or over. */
export interface ServiceDiscount extends RenewalDiscount { readonly id: string, readonly endsAt: Date | null }

/** Discounts, trial and term of services. */
export interface LifeStore {
  /** At most fifty, the oldest first. */
  discountsOf(serviceId: string): Promise<ServiceDiscount[]>
  addDiscount(discount: ServiceDiscount & { readonly serviceId: string }): Promise<void>
  endDiscount(id: string, at: Date): Promise<void>
  /** A stretch was paid that is no whole period: those that run for so many periods run for one row more. */
  extendDiscounts(serviceId: string): Promise<void>
  periodsPaid(serviceId: string): Promise<number>
  /** False when the client has had a trial of the product: one ever (primary key). */
  addTrial(trial: { readonly clientId: string, readonly productId: string, readonly serviceId: string, readonly startedAt: Date }): Promise<boolean>
  setTrialEnd(serviceId: string, endsAt: Date): Promise<void>
  setTerm(serviceId: string, term: { readonly termPeriods: number | null, readonly endsAt: Date | null }): Promise<void>
  /** Of the notices that its term ends, the one that went out. */
  setEndTold(serviceId: string, days: number): Promise<void>
  /** Living services whose term ends before a step's moment and that were not told so; held and cancelled ones are left out. */
  listEnding(input: { readonly now: Date, readonly steps: readonly { readonly days: number, readonly before: Date }[], readonly limit: number }): Promise<string[]>
}
