import { sql } from 'drizzle-orm'
import { bigint, boolean, check, customType, date, doublePrecision, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { addressStatuses, connectionKinds, guestIdentities, ipv6PrefixStatuses, machineTypes, ptrStates, tlsModes } from '#shared/vocabulary/machines.ts'
import type { AddressStatus, ConnectionKind, GuestIdentity, Ipv6PrefixStatus, MachineType, PtrState, TlsMode } from '#shared/vocabulary/machines.ts'
import { networkKinds } from '#shared/vocabulary/networks.ts'
import type { NetworkKind } from '#shared/vocabulary/networks.ts'
import { id, instant, oneOf, word } from './columns.ts'

/** PostgreSQL's `inet`: sorts and compares addresses as addresses. */
const inet = customType<{ data: string }>({ dataType: () => 'inet' })

export const connections = pgTable('connections', {
  id: id(), kind: word<ConnectionKind>().notNull(), name: text().notNull(), url: text().notNull(), tlsMode: word<TlsMode>().notNull(), tlsCaPem: text(), tlsFingerprint: text(),
  tokenId: text().notNull(),
  /** AES-256-GCM, `v1.<key id>.<iv>.<ciphertext and tag>`. */
  tokenSecret: text().notNull(),
  maintenance: boolean().notNull().default(false), storage: text().notNull(), bridge: text().notNull(), nodes: jsonb().$type<string[]>().notNull().default([]),
  /** Of Proxmox: where backups of machines are kept; empty: none are made. */
  backupStorage: text().notNull().default(''),
  /** Of VMware: consoles of machines are shown in the browser. */
  console: boolean().notNull().default(false),
  healthy: boolean(), checkedAt: instant(), problem: text(), version: text(), filtersApply: boolean(), createdAt: instant().notNull(),
  /** `healthy` is what it is since then; when it answered last. */
  healthSince: instant(), answeredAt: instant(),
  /** Limits of placement, per node: vCPUs sold for each core (null: not counted), memory sold for each byte that is there, and what is never sold. */
  cpuOvercommit: doublePrecision(), memoryOvercommit: doublePrecision().notNull().default(1), memoryReserveGiB: integer().notNull().default(4), storageReserveGiB: integer().notNull().default(20),
  /** Of a control panel: accounts that it may carry; null: its own limit alone. */
  maxAccounts: integer(),
}, t => [uniqueIndex('connections_name').on(t.name), check('connections_limits', sql`${t.cpuOvercommit} between 0.1 and 64 and ${t.memoryOvercommit} between 0.5 and 4 and ${t.memoryReserveGiB} between 0 and 4096 and ${t.storageReserveGiB} between 0 and 1048576 and ${t.maxAccounts} between 0 and 1000000`), check('connections_kind', oneOf(t.kind, connectionKinds)), check('connections_tls', oneOf(t.tlsMode, tlsModes))])

/** When a connection became healthy, and when it no longer was. */
export const connectionHealthChanges = pgTable('connection_health_changes', {
  id: id(), connectionId: uuid().notNull().references(() => connections.id, { onDelete: 'cascade' }), at: instant().notNull(), healthy: boolean().notNull(), problem: text(),
}, t => [index('connection_health_changes_list').on(t.connectionId, t.at)])

export const templates = pgTable('templates', {
  id: id(), connectionId: uuid().notNull().references(() => connections.id, { onDelete: 'cascade' }), node: text().notNull(), ref: text().notNull(), name: text().notNull(), osFamily: text().notNull(), username: text().notNull(), diskGiB: doublePrecision().notNull(), /** Those whose own storage holds it: machines are made of it there alone. Empty: everywhere. */ nodes: jsonb().$type<string[]>().notNull().default([]), present: boolean().notNull().default(true), seenAt: instant().notNull(),
  /** What is made of it; what its machines are, too. */
  machineType: word<MachineType>().notNull().default('vm'),
  /** How its guests get their name, address and login: staff choose it, and synchronising keeps it. */
  identity: word<GuestIdentity>().notNull().default('cloud_init'),
}, t => [uniqueIndex('templates_remote').on(t.connectionId, t.ref), check('templates_identity', oneOf(t.identity, guestIdentities)), check('templates_machine_type', oneOf(t.machineType, machineTypes))])

/** CD images on the storages of a hypervisor, as last synchronised; `nodes`: from which of them it can be reached. `offered`: staff let clients start their machines from it. */
export const isoImages = pgTable('iso_images', {
  id: id(), connectionId: uuid().notNull().references(() => connections.id, { onDelete: 'cascade' }), ref: text().notNull(), name: text().notNull(), bytes: doublePrecision().notNull(), nodes: jsonb().$type<string[]>().notNull(), offered: boolean().notNull().default(false), present: boolean().notNull().default(true), seenAt: instant().notNull(),
}, t => [uniqueIndex('iso_images_remote').on(t.connectionId, t.ref)])

/** Bridges, virtual networks and port groups of a hypervisor, as last synchronised, by the name that pools give them. */
export const networks = pgTable('networks', {
  id: id(), connectionId: uuid().notNull().references(() => connections.id, { onDelete: 'cascade' }), name: text().notNull(), kind: word<NetworkKind>().notNull(), /** Null: not told. */ takesTags: boolean(), /** Its own; null: none, or not told. */ vlanTag: integer(),
  nodes: jsonb().$type<string[]>().notNull(), present: boolean().notNull().default(true), seenAt: instant().notNull(),
}, t => [uniqueIndex('networks_remote').on(t.connectionId, t.name), check('networks_kind', oneOf(t.kind, networkKinds))])

/** Packages of a control panel, from which hosting accounts are made; a limit that is null is none. */
export const packages = pgTable('packages', {
  id: id(), connectionId: uuid().notNull().references(() => connections.id, { onDelete: 'cascade' }), name: text().notNull(), diskMiB: doublePrecision(), bandwidthMiB: doublePrecision(), maxAddonDomains: integer(), maxMailboxes: integer(), maxDatabases: integer(), present: boolean().notNull().default(true), seenAt: instant().notNull(), /** When Gardu made it; null: it did not. */ madeAt: instant(),
}, t => [uniqueIndex('packages_remote').on(t.connectionId, t.name)])

/** What the server of a control panel said when it was last asked; null: it does not tell. */
export const panelServers = pgTable('panel_servers', {
  connectionId: uuid().primaryKey().references(() => connections.id, { onDelete: 'cascade' }), hostname: text(), load: doublePrecision(), diskMount: text(), diskUsed: bigint({ mode: 'number' }), diskTotal: bigint({ mode: 'number' }), accounts: integer(), maxAccounts: integer(), nameservers: jsonb().$type<string[]>(), observedAt: instant().notNull(),
})

/** What each node said when it was last asked. */
export const nodes = pgTable('nodes', {
  connectionId: uuid().notNull().references(() => connections.id, { onDelete: 'cascade' }), node: text().notNull(), online: boolean().notNull(), cpu: doublePrecision().notNull(), cpuCores: integer().notNull(), memoryUsed: bigint({ mode: 'number' }).notNull(), memoryTotal: bigint({ mode: 'number' }).notNull(), diskUsed: bigint({ mode: 'number' }).notNull(), diskTotal: bigint({ mode: 'number' }).notNull(), loadAverage: doublePrecision(), uptimeSeconds: bigint({ mode: 'number' }).notNull(), version: text(), observedAt: instant().notNull(),
}, t => [primaryKey({ columns: [t.connectionId, t.node] })])

/** What each node could carry when it was last asked: orders are counted against it under the connection's lock. Replaced as a whole by a later look. */
export const nodeHeadroom = pgTable('node_headroom', {
  connectionId: uuid().notNull().references(() => connections.id, { onDelete: 'cascade' }), node: text().notNull(), memoryTotal: bigint({ mode: 'number' }).notNull(), /** Below zero where more was given than there is. */ memoryFree: bigint({ mode: 'number' }).notNull(),
  storageFree: bigint({ mode: 'number' }).notNull(), storageKey: text().notNull(), cpuCores: integer().notNull(), /** Machines whose disks the storage takes. */ takes: jsonb().$type<MachineType[]>().notNull().default([...machineTypes]),
}, t => [primaryKey({ columns: [t.connectionId, t.node] })])
/** When a connection's headroom was asked for: before the question, so whatever was built since may be missing in it. */
export const headroomLooks = pgTable('headroom_looks', {
  connectionId: uuid().primaryKey().references(() => connections.id, { onDelete: 'cascade' }), lookedAt: instant().notNull(),
})

export const addressPools = pgTable('address_pools', {
  id: id(), connectionId: uuid().notNull().references(() => connections.id), name: text().notNull(), firstAddress: inet().notNull(), lastAddress: inet().notNull(), prefixLength: integer().notNull(), gateway: inet().notNull(), nameservers: jsonb().$type<string[]>().notNull(), createdAt: instant().notNull(),
  /** Of the machines' cards; null: as the connection and the template say. */
  bridge: text(), vlanTag: integer(),
  /** Whose machines may have its addresses; empty: all of the connection. */
  nodes: jsonb().$type<string[]>().notNull().default([]),
}, t => [uniqueIndex('address_pools_name').on(t.name), check('address_pools_range', sql`${t.firstAddress} <= ${t.lastAddress}`), check('address_pools_vlan', sql`${t.vlanTag} between 1 and 4094`)])

/** free → reserved (an order) → assigned (a machine) → quarantine → free; free ↔ blocked by staff, with a reason. Taken `FOR UPDATE SKIP LOCKED`. */
export const addresses = pgTable('addresses', {
  id: id(), poolId: uuid().notNull().references(() => addressPools.id), address: inet().notNull(), status: word<AddressStatus>().notNull().default('free'), serviceId: uuid(), changedAt: instant().notNull(), quarantineUntil: instant(), /** Why it is blocked. */ reason: text(),
  /** Among its machine's: 0 is the first one, by which the machine is reached and counted. */ ordinal: integer().notNull().default(0), /** Its client wants this one to go before the others. */ leavesFirst: boolean().notNull().default(false),
}, t => [uniqueIndex('addresses_address').on(t.address), check('addresses_status', oneOf(t.status, addressStatuses)), check('addresses_owner', sql`(${t.status} in ('reserved','assigned')) = (${t.serviceId} is not null)`), check('addresses_blocked', sql`(${t.status} = 'blocked') = (${t.reason} is not null)`), uniqueIndex('addresses_service').on(t.serviceId, t.ordinal).where(sql`service_id is not null`), index('addresses_free').on(t.poolId, t.status), check('addresses_ordinal', sql`${t.ordinal} >= 0 and (${t.serviceId} is not null or (${t.ordinal} = 0 and not ${t.leavesFirst})) and not (${t.ordinal} = 0 and ${t.leavesFirst})`)])

/** How full each pool was on a day (UTC), as first seen on it: `held` are the addresses reserved or assigned. */
export const addressPoolDays = pgTable('address_pool_days', {
  poolId: uuid().notNull().references(() => addressPools.id, { onDelete: 'cascade' }), day: date().notNull(), held: integer().notNull(), total: integer().notNull(),
}, t => [primaryKey({ columns: [t.poolId, t.day] }), index('address_pool_days_day').on(t.day)])

/** A prefix from which machines of a connection get IPv6: each a /64 of its own, or one address of a shared network. `nextPlace` was never handed out. */
export const ipv6Pools = pgTable('ipv6_pools', {
  id: id(), connectionId: uuid().notNull().references(() => connections.id), name: text().notNull(), prefix: inet().notNull(), prefixLength: integer().notNull(), machineLength: integer().$type<64 | 128>().notNull(), gateway: inet().notNull(), nameservers: jsonb().$type<string[]>().notNull(), createdAt: instant().notNull(),
  /** It goes with IPv4 pools of the same card. */
  bridge: text(), vlanTag: integer(), /** Empty: all of the connection. */ nodes: jsonb().$type<string[]>().notNull().default([]), nextPlace: bigint({ mode: 'number' }).notNull(),
}, t => [uniqueIndex('ipv6_pools_name').on(t.name), index('ipv6_pools_connection').on(t.connectionId), check('ipv6_pools_family', sql`family(${t.prefix}) = 6 and family(${t.gateway}) = 6`), check('ipv6_pools_lengths', sql`${t.machineLength} in (64, 128) and ${t.prefixLength} between 16 and ${t.machineLength} - 1`), check('ipv6_pools_vlan', sql`${t.vlanTag} between 1 and 4094`)])

/** Rows for what was handed out at least once, or is kept from it. free → reserved (an order) → assigned (a machine) → quarantine → free; free ↔ blocked by staff, with a reason. `address`: the machine's own. Taken under the pool's row lock. */
export const ipv6Prefixes = pgTable('ipv6_prefixes', {
  id: id(), poolId: uuid().notNull().references(() => ipv6Pools.id), place: bigint({ mode: 'number' }).notNull(), address: inet().notNull(), status: word<Ipv6PrefixStatus>().notNull(), serviceId: uuid(), changedAt: instant().notNull(), quarantineUntil: instant(), /** Why it is blocked. */ reason: text(),
}, t => [uniqueIndex('ipv6_prefixes_place').on(t.poolId, t.place), uniqueIndex('ipv6_prefixes_address').on(t.address), uniqueIndex('ipv6_prefixes_service').on(t.serviceId).where(sql`service_id is not null`), index('ipv6_prefixes_status').on(t.poolId, t.status, t.place), check('ipv6_prefixes_status_word', oneOf(t.status, ipv6PrefixStatuses)), check('ipv6_prefixes_owner', sql`(${t.status} in ('reserved','assigned')) = (${t.serviceId} is not null)`), check('ipv6_prefixes_quarantine', sql`(${t.status} = 'quarantine') = (${t.quarantineUntil} is not null)`), check('ipv6_prefixes_blocked', sql`(${t.status} = 'blocked') = (${t.reason} is not null)`)])

/** As `address_pool_days`; how many it can hold follows from its lengths. */
export const ipv6PoolDays = pgTable('ipv6_pool_days', {
  poolId: uuid().notNull().references(() => ipv6Pools.id, { onDelete: 'cascade' }), day: date().notNull(), held: integer().notNull(),
}, t => [primaryKey({ columns: [t.poolId, t.day] }), index('ipv6_pool_days_day').on(t.day)])

/** The one name server; no row: none is set up. Its key is a sealed text. */
export const reverseDnsSettings = pgTable('reverse_dns_settings', {
  id: text().primaryKey().default('powerdns'), url: text().notNull(), tlsMode: word<TlsMode>().notNull(), tlsCaPem: text(), tlsFingerprint: text(), serverId: text().notNull(), apiKey: text().notNull(), template: text().notNull(), ttl: integer().notNull(), changedAt: instant().notNull(),
}, t => [check('reverse_dns_settings_one', sql`${t.id} = 'powerdns'`), check('reverse_dns_settings_tls', oneOf(t.tlsMode, tlsModes)), check('reverse_dns_settings_ttl', sql`${t.ttl} between 60 and 604800`)])

/** The wanted name of each address that ever had one and still has, or has to lose it (`name` null). A wish is counted by `version`. */
export const ptrRecords = pgTable('ptr_records', {
  address: inet().primaryKey(), serviceId: uuid(), name: text(), state: word<PtrState>().notNull(), problem: text(), version: integer().notNull(), changedAt: instant().notNull(), changedBy: text().notNull(),
}, t => [check('ptr_records_state', oneOf(t.state, ptrStates)), check('ptr_records_owner', sql`(${t.serviceId} is null) = (${t.name} is null)`), check('ptr_records_active', sql`${t.state} <> 'active' or ${t.name} is not null`), index('ptr_records_service').on(t.serviceId), index('ptr_records_open').on(t.changedAt).where(sql`state <> 'active'`)])
