import type { BillingPolicy } from './policy.ts'

/** What a product or a group of clients may have of its own in the house's calendar. */
export type BillingTerms = Pick<BillingPolicy, 'renewalLeadDays' | 'reminderDays' | 'orderReminderDays' | 'noticeHours' | 'suspendAfterDays' | 'terminateAfterDays' | 'lateFee'>

/** The rules with somebody's own terms in place of the house's. */
export const rulesFor = <Rules extends { readonly policy: BillingPolicy }>(terms: BillingTerms | null, rules: Rules): Rules => terms ? { ...rules, policy: { ...rules.policy, ...terms } } : rules

/** Of the services on one invoice the rules of the one that is suspended first: nothing happens sooner than the invoice says. */
export const strictest = <Rules extends { readonly policy: BillingPolicy }>(terms: readonly (BillingTerms | null)[], rules: Rules): Rules =>
  terms.map(own => rulesFor(own, rules)).toSorted((a, b) => a.policy.suspendAfterDays - b.policy.suspendAfterDays)[0] ?? rules
