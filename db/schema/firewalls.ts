import { check, integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { firewallPolicies } from '#shared/vocabulary/firewall.ts'
import type { FirewallPolicy, FirewallRule } from '#shared/vocabulary/firewall.ts'
import { services } from './billing.ts'
import { instant, oneOf, word } from './columns.ts'

/** The firewall rules that a machine is wished to have, as one list; whether it has them only its hypervisor knows. `version` counts the wishes. */
export const firewalls = pgTable('firewalls', {
  serviceId: uuid().primaryKey().references(() => services.id), version: integer().notNull(), policyIn: word<FirewallPolicy>().notNull(), rules: jsonb().$type<FirewallRule[]>().notNull(), changedAt: instant().notNull(), changedBy: text().notNull(),
}, t => [check('firewalls_policy', oneOf(t.policyIn, firewallPolicies))])
