import { and, eq } from 'drizzle-orm'
import type { FirewallStore } from '#server/provisioning/firewall-ports.ts'
import type { Executor } from '../client.ts'
import { firewalls } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'

export const firewallStores = (db: Executor, context: StoreContext) => ({
  firewalls: {
    async find(serviceId) {
      const [row] = await db.select().from(firewalls).where(eq(firewalls.serviceId, serviceId))
      return row ? { version: row.version, policyIn: row.policyIn, rules: row.rules, changedAt: row.changedAt, changedBy: row.changedBy } : null
    },
    async save(serviceId, version, { policyIn, rules }, by) {
      const next = { version: version + 1, policyIn, rules: [...rules], changedAt: context.now(), changedBy: by }
      const kept = version === 0
        ? await db.insert(firewalls).values({ serviceId, ...next }).onConflictDoNothing().returning({ version: firewalls.version })
        : await db.update(firewalls).set(next).where(and(eq(firewalls.serviceId, serviceId), eq(firewalls.version, version))).returning({ version: firewalls.version })
      return kept.length === 1
    },
  } satisfies FirewallStore,
})
