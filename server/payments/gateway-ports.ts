import type { Money } from '#shared/money/money.ts'
import type { GatewayMethod, GatewayName } from '#shared/vocabulary/payments.ts'

/** What proves us to a gateway (Midtrans' server key, Xendit's secret key), and what proves its notifications to us (signature key, callback token). */
export const credentialNames = ['apiKey', 'notificationSecret'] as const
export type CredentialName = typeof credentialNames[number]
/** In the clear; empty: there is none. */
export type Credentials = Readonly<Record<CredentialName, string>>
/** `environment`: of the process, shown as such and never by value. `apiKey`: Midtrans signs with the server key where nothing else is set. */
export type CredentialSource = 'stored' | 'environment' | 'apiKey' | 'none'

/** What staff set for one gateway. Credentials are sealed. */
export interface GatewayRecord { readonly gateway: GatewayName, readonly pausedReason: string | null, readonly pausedAt: Date | null, readonly sealed: Readonly<Record<CredentialName, string | null>> }
/** What a method costs its buyer on top, without PPN: a fixed sum and hundredths of a percent of what is paid. Nothing: the house bears what the gateway keeps. */
export interface BuyerFeeRule { readonly fixed: Money, readonly basisPoints: number }
/** Whether and for which amounts a method is offered (null: no bound), and what it costs the buyer. */
export interface MethodRule { readonly method: GatewayMethod, readonly active: boolean, readonly minimum: Money | null, readonly maximum: Money | null, readonly buyerFee: BuyerFeeRule }

export interface GatewaySettingsStore {
  /** One record per gateway, also of those that were never set. */
  list(): Promise<GatewayRecord[]>
  /** Locks the record of this gateway. */
  lock(gateway: GatewayName): Promise<GatewayRecord>
  save(record: GatewayRecord, at: Date): Promise<void>
  /** One rule per method, in the order in which they are offered; methods that were never set stand last, offered without bounds. */
  rules(): Promise<MethodRule[]>
  /** Replaces all rules. */
  saveRules(rules: readonly MethodRule[], at: Date): Promise<void>
}
