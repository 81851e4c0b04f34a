import type { z } from 'zod'
import type { gatewaysView } from '#shared/contracts/gateways.ts'
import { compare, toMoneyJson, zero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { gatewayOfMethod, isFreeForBuyer } from '#shared/vocabulary/payments.ts'
import type { GatewayMethod, GatewayName } from '#shared/vocabulary/payments.ts'
import type { SecretBox } from '../kernel/ports.ts'
import { buyerFeeOf } from './buyer-fee.ts'
import { credentialNames } from './gateway-ports.ts'
import type { CredentialName, Credentials, CredentialSource, GatewayRecord, GatewaySettingsStore, MethodRule } from './gateway-ports.ts'

/** The keys that the environment of the process holds; stored ones go before them. */
export type EnvironmentKeys = Readonly<Record<GatewayName, Credentials>>

const fits = ({ minimum, maximum }: MethodRule, amount: Money): boolean => (minimum === null || compare(amount, minimum) >= 0) && (maximum === null || compare(amount, maximum) <= 0)

/** Of these rules the methods that may begin to take this amount, in their order: active, within their bounds, their gateway not paused. */
export function methodsFor(rules: readonly MethodRule[], paused: ReadonlySet<GatewayName>, amount: Money): MethodOffer[] {
  return rules.filter(rule => rule.active && !paused.has(gatewayOfMethod[rule.method]) && fits(rule, amount)).map(rule => ({ method: rule.method, fee: isFreeForBuyer(rule.method) ? zero(amount.currency) : buyerFeeOf(rule.buyerFee, amount) }))
}
/** A method that may begin to take an amount; `fee`: what it costs the buyer on top, without PPN. */
export interface MethodOffer { readonly method: GatewayMethod, readonly fee: Money }

const pausedOf = (records: readonly GatewayRecord[]): Set<GatewayName> => new Set(records.filter(record => record.pausedReason !== null).map(record => record.gateway))

/** The same, as stored now. Whether a gateway has a key is not asked here. */
export async function offeredMethods(store: GatewaySettingsStore, amount: Money): Promise<MethodOffer[]> {
  return methodsFor(await store.rules(), pausedOf(await store.list()), amount)
}

/** Where a credential comes from. */
export function sourceOf(record: GatewayRecord, environment: Credentials, name: CredentialName): CredentialSource {
  if (record.sealed[name] !== null) return 'stored'
  if (environment[name] !== '') return 'environment'
  return name === 'notificationSecret' && record.gateway === 'midtrans' && sourceOf(record, environment, 'apiKey') !== 'none' ? 'apiKey' : 'none'
}

/** The credentials in force. @throws Error when a stored one cannot be opened: its encryption key is gone */
export function credentialsOf(record: GatewayRecord, environment: Credentials, secrets: Pick<SecretBox, 'open'>): Credentials {
  const value = (name: CredentialName): string => {
    const source = sourceOf(record, environment, name)
    const sealed = record.sealed[name]
    if (source === 'apiKey') return value('apiKey')
    return sealed === null ? environment[name] : secrets.open(sealed)
  }
  return { apiKey: value('apiKey'), notificationSecret: value('notificationSecret') }
}

/** What staff see: never a credential, only where it comes from. */
export function toGatewaysView(records: readonly GatewayRecord[], rules: readonly MethodRule[], environment: EnvironmentKeys): z.input<typeof gatewaysView> {
  const source = (record: GatewayRecord, name: CredentialName) => sourceOf(record, environment[record.gateway], name)
  const usable = new Set(records.filter(record => record.pausedReason === null && source(record, 'apiKey') !== 'none').map(record => record.gateway))
  return {
    gateways: records.map(record => ({
      gateway: record.gateway, pausedReason: record.pausedReason, pausedAt: record.pausedAt?.toISOString() ?? null, credentials: credentialNames.map(name => ({ name, source: source(record, name) })),
    })),
    methods: rules.map(rule => ({
      method: rule.method, gateway: gatewayOfMethod[rule.method], active: rule.active, minimum: rule.minimum && toMoneyJson(rule.minimum), maximum: rule.maximum && toMoneyJson(rule.maximum), offered: rule.active && usable.has(gatewayOfMethod[rule.method]), buyerFee: { fixed: toMoneyJson(rule.buyerFee.fixed), basisPoints: rule.buyerFee.basisPoints },
    })),
  }
}

/** What the audit log keeps of a gateway. */
export const auditedGateway = (record: GatewayRecord) => ({ pausedReason: record.pausedReason, stored: credentialNames.filter(name => record.sealed[name] !== null) })
export const auditedRules = (rules: readonly MethodRule[]) => rules.map(rule => ({ method: rule.method, active: rule.active, minimum: rule.minimum && toMoneyJson(rule.minimum), maximum: rule.maximum && toMoneyJson(rule.maximum), buyerFee: { fixed: toMoneyJson(rule.buyerFee.fixed), basisPoints: rule.buyerFee.basisPoints } }))
