import { and, asc, desc, eq, inArray, isNull, lt, lte, or, sql } from 'drizzle-orm'
import type { MachineFacts, ReinstallTemplate, ResourceRow, ResourceStore, SagaHistory, SagaRow, SagaState, SagaStore, ServiceControl } from '#server/provisioning/ports.ts'
import type { ProductKind } from '#shared/vocabulary/catalog.ts'
import type { FirewallPolicy, FirewallRule } from '#shared/vocabulary/firewall.ts'
import type { GuestIdentity } from '#shared/vocabulary/machines.ts'
import type { Progress } from '#server/provisioning/saga.ts'
import { splitExtra } from '#server/infrastructure/extra-addresses.ts'
import type { HeldIpv4 } from '#server/infrastructure/extra-addresses.ts'
import { toMachineIpv6 } from '#server/infrastructure/ipv6-range.ts'
import { cardOf } from '#server/infrastructure/served-nodes.ts'
import type { Executor } from '../client.ts'
import { paidPeriods, products, resources, sagas, sagaSteps, serviceChanges, services } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'
import { rowsOf } from '../rows-of.ts'
import { reachedNodesOf } from './networks.ts'
import { slowed } from '#server/provisioning/traffic-rules.ts'
import { servicePages, toDate } from './service-pages.ts'

const open = ['running', 'waiting'] as const

/** What stands in `sagas.state`: the memory of the steps, and the parts of the progress that have no column. */
interface StoredState { memory?: SagaState, backs?: number, unwindTo?: number | null, since?: string | null, calledOffAt?: string }
const calledOffAt = (row: Pick<SagaRecord, 'state'>) => toDate((row.state as StoredState).calledOffAt ?? null)

type SagaRecord = typeof sagas.$inferSelect

export function toSaga(row: SagaRecord): SagaRow {
  const state = row.state as StoredState
  return {
    id: row.id, kind: row.kind, action: row.action, serviceId: row.serviceId, status: row.status, step: row.step, attempt: row.attempt, retryAt: row.retryAt, reason: row.reason, fence: row.fence, leaseUntil: row.leaseUntil, actor: row.actor, startedAt: row.startedAt, finishedAt: row.finishedAt,
    state: state.memory ?? {}, backs: state.backs ?? 0, unwindTo: state.unwindTo ?? null, since: state.since ? new Date(state.since) : null, calledOffAt: calledOffAt(row),
  }
}

/** Only the named parts of the state are replaced: the memory is written by `remember`. */
const progressColumns = (progress: Progress) => ({
  status: progress.status, step: progress.step, attempt: progress.attempt, retryAt: progress.retryAt, reason: progress.reason,
  state: sql`${sagas.state} || ${JSON.stringify({ backs: progress.backs, unwindTo: progress.unwindTo, since: progress.since })}::jsonb`,
})

function sagaStore(db: Executor, context: StoreContext): SagaStore {
  const one = (rows: SagaRecord[]) => rows[0] ? toSaga(rows[0]) : null
  return {
    async open({ kind, action, serviceId, actor, steps, state }) {
      const id = context.newId()
      const [made] = await db.insert(sagas).values({ id, kind, action, serviceId, actor, status: 'running', startedAt: context.now(), ...(state ? { state: { memory: state } } : {}) }).onConflictDoNothing().returning({ id: sagas.id })
      if (!made) return null
      await db.insert(sagaSteps).values(steps.map((name, position) => ({ sagaId: id, position, name })))
      return id
    },
    async snapshotMakers(serviceId) {
      const found = await db.select({ name: sql<string | null>`${sagas.state} -> 'memory' -> 'snapshot' ->> 'name'`, actor: sagas.actor }).from(sagas).where(and(eq(sagas.serviceId, serviceId), eq(sagas.kind, 'snapshot'), eq(sagas.action, 'create'))).orderBy(desc(sagas.startedAt)).limit(100)
      return new Map(found.flatMap(({ name, actor }) => name === null ? [] : [[name, actor] as const]))
    },
    find: async id => one(await db.select().from(sagas).where(eq(sagas.id, id))),
    lockOpen: async serviceId => one(await db.select().from(sagas).where(and(eq(sagas.serviceId, serviceId), inArray(sagas.status, [...open]))).for('update')),
    lockNewest: async serviceId => one(await db.select().from(sagas).where(eq(sagas.serviceId, serviceId)).orderBy(desc(sagas.startedAt), desc(sagas.id)).limit(1).for('update')),
    async claim(id, now, leaseUntil) {
      const claimed = one(await db.update(sagas).set({ status: 'running', fence: sql`${sagas.fence} + 1`, leaseUntil, retryAt: null })
        .where(and(eq(sagas.id, id), inArray(sagas.status, [...open]), or(isNull(sagas.leaseUntil), lt(sagas.leaseUntil, now)), or(isNull(sagas.retryAt), lte(sagas.retryAt, now)))).returning())
      if (claimed) await db.update(sagaSteps).set({ status: 'running', startedAt: sql`coalesce(${sagaSteps.startedAt}, ${context.now().toISOString()}::timestamptz)` }).where(and(eq(sagaSteps.sagaId, id), eq(sagaSteps.position, claimed.step)))
      return claimed
    },
    async hold(id, fence, leaseUntil) {
      const held = await db.update(sagas).set({ leaseUntil }).where(and(eq(sagas.id, id), eq(sagas.fence, fence), eq(sagas.status, 'running'))).returning({ id: sagas.id })
      return held.length === 1
    },
    async store(id, progress, changes, leaseUntil) {
      const now = context.now()
      const over = progress.status === 'done' || progress.status === 'failed'
      await db.update(sagas).set({ ...progressColumns(progress), leaseUntil, finishedAt: over ? now : null }).where(eq(sagas.id, id))
      for (const change of changes) {
        const ended = change.status !== 'running' && change.status !== 'pending'
        await db.update(sagaSteps).set({
          status: change.status, detail: change.detail, finishedAt: ended ? now : null,
          ...(change.status === 'pending' ? { startedAt: null } : { startedAt: sql`coalesce(${sagaSteps.startedAt}, ${now.toISOString()}::timestamptz)` }),
        }).where(and(eq(sagaSteps.sagaId, id), eq(sagaSteps.position, change.position)))
      }
    },
    async remember(id, memory) {
      await db.update(sagas).set({ state: sql`${sagas.state} || ${JSON.stringify({ memory })}::jsonb` }).where(eq(sagas.id, id))
    },
    async reopen(id, progress) {
      const [row] = await db.select({ serviceId: sagas.serviceId }).from(sagas).where(eq(sagas.id, id))
      const others = row ? await db.select({ id: sagas.id }).from(sagas).where(and(eq(sagas.serviceId, row.serviceId), inArray(sagas.status, [...open]), sql`${sagas.id} <> ${id}`)) : []
      if (!row || others.length > 0) return false
      await db.update(sagas).set({ ...progressColumns(progress), leaseUntil: null, finishedAt: null }).where(eq(sagas.id, id))
      await db.update(sagaSteps).set({ status: 'running', finishedAt: null, detail: null }).where(and(eq(sagaSteps.sagaId, id), eq(sagaSteps.position, progress.step)))
      return true
    },
    async cancel(id, reason) {
      const now = context.now()
      await db.update(sagas).set({ status: 'failed', reason, retryAt: null, leaseUntil: null, finishedAt: now, fence: sql`${sagas.fence} + 1` }).where(eq(sagas.id, id))
      await db.update(sagaSteps).set({ status: 'failed', finishedAt: now, detail: reason }).where(and(eq(sagaSteps.sagaId, id), eq(sagaSteps.status, 'running')))
    },
    async callOff(id, at) {
      await db.update(sagas).set({ retryAt: null, state: sql`${sagas.state} || ${JSON.stringify({ calledOffAt: at.toISOString() })}::jsonb` }).where(and(eq(sagas.id, id), inArray(sagas.status, [...open])))
    },
    async listDue(now, limit) {
      const rows = await db.select({ id: sagas.id }).from(sagas).where(and(inArray(sagas.status, [...open]), or(isNull(sagas.leaseUntil), lt(sagas.leaseUntil, now)), or(isNull(sagas.retryAt), lte(sagas.retryAt, now)))).orderBy(asc(sagas.startedAt)).limit(limit)
      return rows.map(row => row.id)
    },
  }
}

const toResource = (row: typeof resources.$inferSelect): ResourceRow => ({
  serviceId: row.serviceId, status: row.status, connectionId: row.connectionId, node: row.node, vmid: row.vmid, ownershipMark: row.ownershipMark, power: row.power, username: row.username, initialPassword: row.initialPassword, firstBoot: row.firstBoot, rescue: row.rescue, rescueSince: row.rescueSince, rateCapMbps: row.rateCapMbps, rateCapPending: row.rateCapPending, rateCapAt: row.rateCapAt, problem: row.problem, mac: row.mac, customised: row.customised,
})

function resourceStore(db: Executor, context: StoreContext): ResourceStore {
  return {
    async ensure(serviceId) {
      await db.insert(resources).values({ serviceId, ownershipMark: context.newId(), changedAt: context.now() }).onConflictDoNothing()
    },
    async lock(serviceId) {
      const [row] = await db.select().from(resources).where(eq(resources.serviceId, serviceId)).for('update')
      return row ? toResource(row) : null
    },
    async update(serviceId, change) {
      await db.update(resources).set({ ...change, changedAt: context.now() }).where(eq(resources.serviceId, serviceId))
    },
    async observe(serviceId, seen, card) {
      const { node, power, cpu, memoryUsedMiB, memoryTotalMiB, uptimeSeconds, mac = null, customised = false } = seen
      await db.update(resources).set({ mac: card === 'made' ? mac : sql`coalesce(${resources.mac}, ${mac})`, customised, node, power, cpu, memoryUsedMiB, memoryTotalMiB, uptimeSeconds, observedAt: context.now() }).where(eq(resources.serviceId, serviceId))
    },
    async renewMark(serviceId, from, to) {
      await db.update(resources).set({ ownershipMark: to, mac: null, customised: null, initialPassword: null, rescue: null, rescueSince: null, changedAt: context.now() }).where(and(eq(resources.serviceId, serviceId), eq(resources.ownershipMark, from)))
      const [row] = await db.select({ mark: resources.ownershipMark }).from(resources).where(eq(resources.serviceId, serviceId))
      return row?.mark === to
    },
    async holderOf(connectionId, vmid) {
      const [row] = await db.select({ serviceId: resources.serviceId }).from(resources).where(and(eq(resources.connectionId, connectionId), eq(resources.vmid, vmid), sql`${resources.status} <> 'destroyed'`))
      return row?.serviceId ?? null
    },
    async reserveVmid(serviceId, connectionId, from) {
      // One at a time per connection: two builds begun together must not choose the same number.
      await db.execute(sql`select id from connections where id = ${connectionId} for update`)
      const found = await db.execute(sql`select n from generate_series(${from}::int, ${from + 10_000}::int) as n where not exists (select 1 from resources where connection_id = ${connectionId} and vmid = n and status <> 'destroyed') order by n limit 1`)
      const vmid = Number(rowsOf<{ n: number }>(found)[0]?.n ?? from)
      await db.update(resources).set({ vmid, changedAt: context.now() }).where(eq(resources.serviceId, serviceId))
      return vmid
    },
  }
}

function serviceControl(db: Executor): ServiceControl {
  return {
    async facts(serviceId) {
      const found = await db.execute(sql`
        select s.client_id, s.hostname, s.status, s.resume_requested_at is not null as resumable, s.ssh_key, s.spec, s.template_id, k.kind, k.snapshot_limit, k.placement_policy, k.ipv6 as gives_ipv6, u.email, fw.policy_in, fw.rules as firewall_rules, ha.domain, ha.connection_id as held_on, ha.birth, ha.ip,
          coalesce((select json_agg(pc.connection_id order by pc.connection_id) from product_connections pc where k.kind = 'hosting' and pc.product_id = s.product_id), '[]') as servers, t.name as template_name, coalesce(t.machine_type, 'vm') as machine_type,
          host(a.address) as ipv4, ap.prefix_length, host(ap.gateway) as gateway, ap.nameservers, ap.bridge, ap.vlan_tag, ap.connection_id as pool_connection, ${reachedNodesOf('ap')} as pool_nodes, coalesce((select json_agg(json_build_object('ipv4', host(e.address), 'prefixLength', ep.prefix_length, 'ordinal', e.ordinal, 'leavesFirst', e.leaves_first) order by e.ordinal) from addresses e join address_pools ep on ep.id = e.pool_id where e.service_id = s.id and e.ordinal > 0), '[]') as extra, case when x.id is null then null else json_build_object('address', host(x.address), 'prefixLength', xp.prefix_length, 'machineLength', xp.machine_length, 'gateway', host(xp.gateway), 'nameservers', xp.nameservers) end as ipv6, ${reachedNodesOf('xp')} as prefix_nodes,
          coalesce((select json_agg(json_build_object('connectionId', o.connection_id, 'node', o.node, 'ref', o.ref, 'username', o.username, 'identity', o.identity, 'machineType', o.machine_type, 'nodes', o.nodes) order by o.connection_id <> t.connection_id, o.ref) from templates o
            where o.name = t.name and o.machine_type = t.machine_type and o.present and (o.id = t.id or o.connection_id in (select connection_id from product_connections pc where pc.product_id = s.product_id))), '[]') as templates
        from services s join products k on k.id = s.product_id join users u on u.id = s.client_id left join hosting_accounts ha on ha.service_id = s.id left join firewalls fw on fw.service_id = s.id left join templates t on t.id = s.template_id
          left join addresses a on a.service_id = s.id and a.ordinal = 0 left join address_pools ap on ap.id = a.pool_id left join ipv6_prefixes x on x.service_id = s.id left join ipv6_pools xp on xp.id = x.pool_id
        where s.id = ${serviceId}`)
      const row = rowsOf<FactsRow>(found)[0]
      if (!row) return null
      const [resource] = await db.select().from(resources).where(eq(resources.serviceId, serviceId))
      const { stay, leave } = splitExtra(row.extra, row.spec.extraIpv4 ?? 0)
      return {
        serviceId, clientId: row.client_id, hostname: row.hostname, status: row.status, resumable: row.resumable, sshKey: row.ssh_key, spec: slowed(row.spec, resource?.rateCapMbps ?? null), templateId: row.template_id, templateName: row.template_name, machineType: row.machine_type, snapshotLimit: row.snapshot_limit, placementPolicy: row.placement_policy, ipv6: row.gives_ipv6, templates: row.templates,
        resource: resource ? toResource(resource) : null,
        firewall: row.policy_in !== null && row.firewall_rules !== null ? { policyIn: row.policy_in, rules: row.firewall_rules } : null,
        address: row.ipv4 !== null && row.gateway !== null && row.prefix_length !== null && row.pool_connection !== null ? { ipv4: row.ipv4, prefixLength: row.prefix_length, gateway: row.gateway, nameservers: [...new Set([...row.nameservers ?? [], ...row.ipv6?.nameservers ?? []])], ipv6: row.ipv6 && toMachineIpv6(row.ipv6), bridge: row.bridge, vlanTag: row.vlan_tag, card: cardOf({ bridge: row.bridge, vlanTag: row.vlan_tag }), prefixNodes: row.ipv6 && (row.prefix_nodes ?? []), connectionId: row.pool_connection, nodes: row.pool_nodes ?? [], extra: stay.map(({ ipv4, prefixLength }) => ({ ipv4, prefixLength })), leaving: leave.map(({ ipv4 }) => ipv4) } : null,
        hosting: row.kind === 'hosting' ? { account: row.domain === null ? null : { domain: row.domain, connectionId: row.held_on, birth: row.birth, ip: row.ip }, connectionIds: row.servers, clientEmail: row.email } : null,
      }
    },
    async lock(serviceId) {
      const [row] = await db.select({ status: services.status, clientId: services.clientId, resumeRequestedAt: services.resumeRequestedAt, productId: services.productId }).from(services).where(eq(services.id, serviceId)).for('update')
      if (!row) return null
      const [change] = await db.select({ id: serviceChanges.id }).from(serviceChanges).where(and(eq(serviceChanges.serviceId, serviceId), eq(serviceChanges.status, 'applied')))
      const [product] = await db.select({ kind: products.kind }).from(products).where(eq(products.id, row.productId))
      return { status: row.status, clientId: row.clientId, resumable: row.resumeRequestedAt !== null, changed: change !== undefined, byHand: product?.kind === 'work', kind: product?.kind ?? 'vps' }
    },
    async kindOf(serviceId) {
      const [row] = await db.select({ kind: products.kind }).from(services).innerJoin(products, eq(products.id, services.productId)).where(eq(services.id, serviceId))
      return row?.kind ?? null
    },
    async isPaid(serviceId) {
      const [row] = await db.select({ at: paidPeriods.at }).from(paidPeriods).where(eq(paidPeriods.serviceId, serviceId)).limit(1)
      return row !== undefined
    },
    async isOwnedBy(serviceId, clientId) {
      const found = await db.select({ id: services.id }).from(services).where(and(eq(services.id, serviceId), eq(services.clientId, clientId)))
      return found.length > 0
    },
    async standings(serviceIds) {
      if (serviceIds.length === 0) return new Map()
      const rows = await db.select({ id: services.id, status: services.status, resourceStatus: resources.status }).from(services).leftJoin(resources, eq(resources.serviceId, services.id)).where(inArray(services.id, [...serviceIds]))
      return new Map(rows.map(row => [row.id, { status: row.status, resourceStatus: row.resourceStatus ?? 'none' }]))
    },
    async reinstallTemplates(serviceId) {
      const found = await db.execute(sql`
        select distinct on (o.name) o.id, o.name, o.os_family as "osFamily", o.node, o.ref, o.username, o.identity, o.disk_gi_b as "diskGiB", coalesce(o.name = t.name, false) as current
        from resources r join services s on s.id = r.service_id left join templates t on t.id = s.template_id join templates o on o.connection_id = r.connection_id and o.present
        where r.service_id = ${serviceId} and (t.id is null or o.machine_type = t.machine_type) and (o.name = t.name or o.name in (select offered.name from product_templates pt join templates offered on offered.id = pt.template_id where pt.product_id = s.product_id))
        order by o.name, o.node is distinct from r.node, o.ref limit 100`)
      return rowsOf<ReinstallTemplate>(found)
    },
    async setTemplate(serviceId, { templateId, sshKey }) {
      await db.update(services).set({ templateId, sshKey }).where(eq(services.id, serviceId))
    },
    async setSshKey(serviceId, sshKey) {
      await db.update(services).set({ sshKey }).where(eq(services.id, serviceId))
    },
    async rename(serviceId, hostname) {
      await db.update(services).set({ hostname }).where(eq(services.id, serviceId))
    },
    async hostnameTaken(serviceId, hostname) {
      const found = await db.execute(sql`select 1 from services s join services o on o.client_id = s.client_id and o.id <> s.id where s.id = ${serviceId} and o.hostname = ${hostname} and o.status <> 'ended' and o.template_id is not null limit 1`)
      return rowsOf(found).length > 0
    },
    async hostname(serviceId) {
      const [row] = await db.select({ hostname: services.hostname }).from(services).where(eq(services.id, serviceId))
      return row?.hostname ?? null
    },
    async listNeglected(limit) {
      const found = await db.execute(sql`
        select service_id, want from (
          select s.id as service_id, case
            when s.status = 'pending' and exists (select 1 from paid_periods p where p.service_id = s.id) and coalesce(r.status, 'none') = 'none' and (s.cycle <> 'one_time' or exists (select 1 from products k where k.id = s.product_id and k.kind <> 'work')) then 'provision'
            when s.status = 'suspended' and s.resume_requested_at is null and r.status = 'ready' then 'suspend'
            when s.status = 'suspended' and s.resume_requested_at is not null and r.status in ('ready', 'stopped_by_policy') then 'resume'
            when s.status = 'ended' and r.status in ('none', 'unlinked', 'provisioning', 'ready', 'stopped_by_policy') then 'terminate'
            when s.status in ('active', 'past_due') and r.status = 'ready' and exists (select 1 from service_changes c where c.service_id = s.id and c.status = 'applied') then 'resize' end as want
          from services s left join resources r on r.service_id = s.id
          where (s.status = 'pending' or (s.status = 'suspended' and r.status in ('ready', 'stopped_by_policy')) or (s.status = 'ended' and r.status in ('none', 'unlinked', 'provisioning', 'ready', 'stopped_by_policy'))
            or s.id in (select c.service_id from service_changes c where c.status = 'applied'))
            and not exists (select 1 from sagas g where g.service_id = s.id and g.status in ('running', 'waiting'))) wanted
        where want is not null limit ${limit}`)
      return rowsOf<{ service_id: string, want: 'provision' | 'suspend' | 'resume' | 'terminate' | 'resize' }>(found).map(row => ({ serviceId: row.service_id, want: row.want }))
    },
  }
}

interface FactsRow {
  policy_in: FirewallPolicy | null, firewall_rules: FirewallRule[] | null,
  kind: ProductKind, email: string, domain: string | null, held_on: string | null, birth: string | null, ip: string | null, servers: string[],
  client_id: string, resumable: boolean, hostname: string, status: MachineFacts['status'], ssh_key: string | null, spec: MachineFacts['spec'], template_id: string | null, template_name: string | null, machine_type: MachineFacts['machineType'], snapshot_limit: number, placement_policy: MachineFacts['placementPolicy'], gives_ipv6: boolean, prefix_nodes: string[] | null,
  ipv4: string | null, prefix_length: number | null, gateway: string | null, nameservers: string[] | null, pool_nodes: string[] | null, ipv6: (Parameters<typeof toMachineIpv6>[0] & { nameservers: string[] }) | null, bridge: string | null, vlan_tag: number | null, extra: Omit<HeldIpv4, 'reserved'>[], pool_connection: string | null, templates: { connectionId: string, node: string, ref: string, username: string, identity: GuestIdentity, machineType: MachineFacts['machineType'], nodes: string[] }[]
}

/** The newest sagas of one service with their steps, in two queries. */
export async function sagaHistory(db: Executor, serviceId: string, limit: number): Promise<SagaHistory[]> {
  const found = await db.select().from(sagas).where(eq(sagas.serviceId, serviceId)).orderBy(desc(sagas.startedAt), desc(sagas.id)).limit(limit)
  if (found.length === 0) return []
  const steps = await db.select().from(sagaSteps).where(inArray(sagaSteps.sagaId, found.map(saga => saga.id))).orderBy(asc(sagaSteps.position))
  return found.map(saga => ({
    id: saga.id, kind: saga.kind, action: saga.action, status: saga.status, startedAt: saga.startedAt, finishedAt: saga.finishedAt, retryAt: saga.retryAt, reason: saga.reason, callingOff: saga.finishedAt === null && calledOffAt(saga) !== null,
    steps: steps.filter(step => step.sagaId === saga.id).map(({ name, status, startedAt, finishedAt, detail }) => ({ name, status, startedAt: toDate(startedAt), finishedAt: toDate(finishedAt), detail })),
  }))
}

export const provisioningStores = (db: Executor, context: StoreContext) => ({
  sagas: sagaStore(db, context),
  resources: resourceStore(db, context),
  serviceControl: serviceControl(db),
  servicePages: servicePages(db, (serviceId, limit) => sagaHistory(db, serviceId, limit)),
})
