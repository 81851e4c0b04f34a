import { z } from 'zod'
import { billingActionKinds, billingCycles, cancelReasons, invoiceStatuses, planChanges, serviceStatuses, suspensionReasons } from '#shared/vocabulary/billing.ts'
import { productKinds, productStatuses, promoKinds, promoTargets } from '#shared/vocabulary/catalog.ts'
import { addressStatuses, connectionKinds, guestIdentities, isPanel, machineTypes, placementPolicies, placesLimits, poolOutlooks, powerActions, resourceStatuses, tlsModes } from '#shared/vocabulary/machines.ts'
import type { ConnectionKind } from '#shared/vocabulary/machines.ts'
import { gateways, paymentMethods, paymentStatuses, webhookStatuses } from '#shared/vocabulary/payments.ts'
import { roles } from '#shared/vocabulary/roles.ts'
import { poolNetworkView, poolUse } from './networks.ts'
import { calendarDay, contract, cycle, idParams, instant, listOf, localized, moneyInput, moneyView, pageQuery, search, uuid } from './contract.ts'
import { consoleTicketView, invoiceSummaryView, invoiceView, serviceSummaryView, serviceView } from './portal.ts'
import { optionView, productSpec, storefrontProductView } from './storefront.ts'

const tag = 'admin'
const list = pageQuery.extend({ q: search })

// Overview --------------------------------------------------------------------------------------------------------------------------
export const staffOverviewView = z.object({
  services: z.record(z.enum(serviceStatuses), z.number().int()), failedSagas: z.number().int(), activeNotReady: z.number().int(), workWaiting: z.number().int(), deadJobs: z.number().int(), parkedWebhooks: z.number().int(), /** Refunds and charge-backs that wait for a person. */ refundTasks: z.number().int(), unmatchedSettlements: z.number().int(), /** Final notices that wait for the mail server for more than an hour. */ waitingLetters: z.number().int(), /** Webhook endpoints that failed for three days, or answered that they are gone. */ failingWebhooks: z.number().int(), /** Templates and packages that vanished although products are made from them. */ missedTemplates: z.number().int(), missedPackages: z.number().int(), /** Pools whose network vanished. */ missedNetworks: z.number().int(), /** Services whose machine was refused to become larger, because its node has no room. */ refusedGrowths: z.number().int(), /** Disagreements between hypervisors and the books that nobody has looked at. */ drift: z.number().int(), /** Address pools that are nearly full. */ lowPools: z.number().int(),
  connections: z.array(z.object({ id: uuid, name: z.string(), healthy: z.boolean().nullable(), checkedAt: instant.nullable() })),
  receivable: moneyView, overdue: moneyView, receivedThisMonth: moneyView, lastBillingRun: z.object({ at: instant, status: z.string(), actions: z.number().int() }).nullable(),
})
export const showStaffOverview = contract({ method: 'GET', path: '/api/admin/overview', access: 'staff', tag, summary: 'The state of the business in numbers', response: staffOverviewView })

// Connections, templates, nodes, addresses --------------------------------------------------------------------------------------------
export const tlsInput = z.object({ mode: z.enum(tlsModes), caPem: z.string().max(20_000).nullable().default(null), fingerprint: z.string().trim().toUpperCase().regex(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/).nullable().default(null) })
const connectionUrl = z.url({ protocol: /^https?$/ }).max(300)
const connectionFields = z.object({
  kind: z.enum(connectionKinds), name: z.string().trim().min(2).max(80), url: connectionUrl, tls: tlsInput,
  /** Proxmox: `user@realm!tokenid` and the token's secret; VMware: a user's name and password; WHM: a user's name and an API token of his. The secret is kept encrypted and never answered; left out in a change, it stays. */
  tokenId: z.string().trim().min(1).max(200), tokenSecret: z.string().min(1).max(200).optional(), maintenance: z.boolean().default(false),
  /** Where machines are built: storage and bridge on the nodes, on VMware datastore and network on the hosts; empty `nodes` means every node online. Of a control panel none of it means anything. */
  storage: z.string().trim().max(100), bridge: z.string().trim().max(80), nodes: z.array(z.string().max(253)).max(100).default([]),
  /** Of Proxmox: where backups of machines are kept; empty: none are made there. */
  backupStorage: z.string().trim().max(100).default(''),
  /** Of VMware: consoles of machines are shown in the browser. */
  console: z.boolean().default(false),
})
/** What differs by kind. A token's secret is a UUID; a password may be anything, spaces included. */
function checkKind({ kind, tokenId, tokenSecret, storage, bridge }: { readonly kind: ConnectionKind, readonly tokenId: string, readonly tokenSecret?: string | undefined, readonly storage: string, readonly bridge: string }, ctx: z.RefinementCtx): void {
  const tell = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message })
  if (isPanel(kind)) {
    if (!/^[a-z][a-z0-9_-]{0,31}$/.test(tokenId)) tell('tokenId', 'whm_user_shape')
    if (tokenSecret !== undefined && !/^\s*[A-Za-z0-9]{16,64}\s*$/.test(tokenSecret)) tell('tokenSecret', 'whm_token_shape')
    return
  }
  const need = (path: string, value: string) => value === '' && ctx.addIssue({ code: 'too_small', origin: 'string', minimum: 1, inclusive: true, input: value, path: [path] })
  need('storage', storage)
  need('bridge', bridge)
  if (kind !== 'proxmox') return
  if (!/^[^\s!@]+@[^\s!@]+![A-Za-z][\w.-]+$/.test(tokenId)) tell('tokenId', 'token_id_shape')
  if (tokenSecret !== undefined && !/^\s*\S{8,}\s*$/.test(tokenSecret)) tell('tokenSecret', 'token_secret_shape')
  if (!/^[\w.-]{1,20}$/.test(bridge)) tell('bridge', 'bridge_shape')
}
export const connectionBody = connectionFields.superRefine(checkKind)
export const newConnectionBody = connectionFields.required({ tokenSecret: true }).superRefine(checkKind)
export const connectionView = z.object({
  id: uuid, kind: z.enum(connectionKinds), name: z.string(), url: z.string(), tls: z.object({ mode: z.enum(tlsModes), caPem: z.string().nullable(), fingerprint: z.string().nullable() }), tokenId: z.string(), maintenance: z.boolean(),
  storage: z.string(), bridge: z.string(), nodes: z.array(z.string()), backupStorage: z.string(), console: z.boolean(), healthy: z.boolean().nullable(), checkedAt: instant.nullable(), problem: z.string().nullable(), version: z.string().nullable(), /** Whether the hypervisor puts machines' address filters into effect; null: not known. */ filtersApply: z.boolean().nullable(), templateCount: z.number().int(), /** Of a control panel. */ packageCount: z.number().int(), serviceCount: z.number().int(),
})
/** One step of the live test: DNS, TCP, TLS, authentication, permissions, version, nodes, firewall, and backups where a storage for them is set; of a control panel packages instead of the last ones; of a name server zones after authentication. Sent as a server-sent event as soon as it is known. */
export const connectionTestStep = z.object({ step: z.enum(['dns', 'tcp', 'tls', 'auth', 'permissions', 'version', 'nodes', 'containers', 'firewall', 'backups', 'packages', 'zones']), ok: z.boolean(), /** What staff should know although the step passed. */ finding: z.enum(['firewall_off', 'firewall_unknown', 'no_container_storage', 'no_vm_storage', 'limited_rights', 'limited_privileges']).optional(), milliseconds: z.number(), detail: z.string(), missingPermissions: z.array(z.string()).optional(), fingerprint: z.string().optional(), choices: z.object({ nodes: z.array(z.string()), storages: z.array(z.string()), networks: z.array(z.string()) }).optional() })
export const connectionTestView = z.object({ ok: z.boolean(), steps: z.array(connectionTestStep) })
export const listConnections = contract({ method: 'GET', path: '/api/admin/connections', access: 'sysadmin', tag, summary: 'Connections to hypervisors and control panels', query: list, response: listOf(connectionView) })
export const createConnection = contract({ method: 'POST', path: '/api/admin/connections', access: 'sysadmin', tag, summary: 'Add a connection', body: newConnectionBody, response: connectionView, status: 201, creates: true })
export const showConnection = contract({ method: 'GET', path: '/api/admin/connections/{id}', access: 'sysadmin', tag, summary: 'One connection', params: idParams, response: connectionView })
export const updateConnection = contract({ method: 'PUT', path: '/api/admin/connections/{id}', access: 'sysadmin', tag, summary: 'Change a connection', params: idParams, body: connectionBody, response: connectionView })
export const deleteConnection = contract({ method: 'DELETE', path: '/api/admin/connections/{id}', access: 'sysadmin', tag, summary: 'Delete a connection that no service and no product uses', params: idParams, status: 204 })
export const testConnection = contract({ method: 'POST', path: '/api/admin/connections/{id}/test', access: 'sysadmin', tag, summary: 'Test a connection; with `Accept: text/event-stream` each step is sent as it is done', params: idParams, response: connectionTestView })
/** Settings as they were typed; `id`: a change of this connection. */
export const testConnectionSettings = contract({ method: 'POST', path: '/api/admin/connections/test', access: 'sysadmin', tag, summary: 'Test settings that are not saved; with `Accept: text/event-stream` each step is sent as it is done', body: connectionFields.extend({ id: uuid.nullable().default(null) }).superRefine(checkKind), response: connectionTestView })
export const healthChangeView = z.object({ at: instant, healthy: z.boolean(), problem: z.string().nullable() })
export const listHealthChanges = contract({ method: 'GET', path: '/api/admin/connections/{id}/health', access: 'sysadmin', tag, summary: 'When a connection became healthy and when it no longer was', params: idParams, query: pageQuery, response: listOf(healthChangeView) })
const productUse = z.object({ id: uuid, name: z.string() })
const fieldValue = z.union([z.string(), z.number()]).nullable()
const changedOffer = z.object({ name: z.string(), fields: z.array(z.object({ field: z.string(), from: fieldValue, to: fieldValue })) })
export const syncView = z.object({
  /** False: nothing was stored, because it was only asked for, or because what is there is no longer what was agreed to. */
  applied: z.boolean(), /** Names this very difference, to be agreed to. */ difference: z.string(), added: z.array(z.string()), changed: z.array(changedOffer),
  vanished: z.array(z.object({ name: z.string(), /** What is made from it. */ products: z.array(productUse) })), /** Not told, because where it lies does not answer: it stays. */ unsure: z.array(z.string()), unchanged: z.number().int(),
  /** Of hypervisors; null: they were not read, and `networksProblem` says why. */
  networks: z.object({ added: z.array(z.string()), changed: z.array(changedOffer), vanished: z.array(z.object({ name: z.string(), pools: z.array(poolUse) })), unsure: z.array(z.string()), unchanged: z.number().int() }).nullable(), networksProblem: z.string().nullable(),
})
export const syncConnection = contract({ method: 'POST', path: '/api/admin/connections/{id}/sync', access: 'sysadmin', tag, summary: 'Compare the templates of the hypervisor, or the packages of the control panel, with what is known, and bring it up to date', params: idParams, body: z.object({ /** False: only look. */ apply: z.boolean(), /** The difference that was seen; another one is not applied. */ agreed: z.string().max(64).optional() }), response: syncView })
/** `missed`: vanished, and products are made from it. */
export const offerStates = ['present', 'vanished', 'missed'] as const
const offers = list.extend({ state: z.enum(offerStates).optional() })
export const adminTemplateView = z.object({ id: uuid, connectionId: uuid, connectionName: z.string(), node: z.string(), /** Names it on its hypervisor. */ ref: z.string(), name: z.string(), osFamily: z.string(), machineType: z.enum(machineTypes), diskGiB: z.number(), /** Machines are made of it there alone; empty: on all. */ nodes: z.array(z.string()), present: z.boolean(), /** No storage of its connection takes disks of such machines: nothing can be made of it. */ refused: z.boolean(), seenAt: instant, username: z.string(), /** How its guests get their name, address and login. */ identity: z.enum(guestIdentities), /** What it has the choice between. */ identities: z.array(z.enum(guestIdentities)), products: z.array(productUse) })
export const listTemplates = contract({ method: 'GET', path: '/api/admin/templates', access: 'staff', tag, summary: 'Synchronised templates', query: offers, response: listOf(adminTemplateView) })
export const setTemplateIdentity = contract({ method: 'PUT', path: '/api/admin/templates/{id}/identity', access: 'sysadmin', tag, summary: 'Choose how guests made of a template from now on get their name, address and login', params: idParams, body: z.object({ identity: z.enum(guestIdentities) }), response: z.object({ id: uuid, identity: z.enum(guestIdentities) }) })
export const packageView = z.object({ id: uuid, connectionId: uuid, connectionName: z.string(), name: z.string(), /** Limits: null is none. */ diskMiB: z.number().nullable(), bandwidthMiB: z.number().nullable(), maxAddonDomains: z.number().int().nullable(), maxMailboxes: z.number().int().nullable(), maxDatabases: z.number().int().nullable(), present: z.boolean(), seenAt: instant, /** Gardu made it: it may be changed from here. */ ours: z.boolean(), products: z.array(productUse) })
export const listPackages = contract({ method: 'GET', path: '/api/admin/packages', access: 'staff', tag, summary: 'Synchronised packages of control panels', query: offers, response: listOf(packageView) })
const upTo = (most: number) => z.number().int().min(1).max(most).nullable()
const orNone = z.number().int().min(0).max(999_999).nullable()
/** Of a package; null: no limit. */
export const packageLimits = z.object({ diskMiB: upTo(999_999), bandwidthMiB: upTo(999_999), maxAddonDomains: orNone, maxMailboxes: orNone, maxDatabases: orNone })
export const createPackageBody = packageLimits.extend({ connectionId: uuid, name: z.string().trim().regex(/^[A-Za-z][A-Za-z0-9_-]{1,39}$/, 'package_name') })
const packageSaved = packageView.omit({ products: true })
export const createPackage = contract({ method: 'POST', path: '/api/admin/packages', access: 'sysadmin', tag, summary: 'Make a package on a control panel, read back before it is kept', body: createPackageBody, response: packageSaved, status: 201, creates: true })
export const changePackage = contract({ method: 'PUT', path: '/api/admin/packages/{id}', access: 'sysadmin', tag, summary: 'Give a package that Gardu made other limits', params: idParams, body: packageLimits, response: packageSaved })
export const panelServerView = z.object({ server: z.object({ hostname: z.string().nullable(), load: z.number().nullable(), /** The fullest partition, in bytes. */ disk: z.object({ mount: z.string(), used: z.number(), total: z.number() }).nullable(), accounts: z.object({ now: z.number().int(), /** Null: no limit. */ most: z.number().int().nullable() }).nullable(), observedAt: instant }).nullable() })
export const showPanelServer = contract({ method: 'GET', path: '/api/admin/connections/{id}/server', access: 'sysadmin', tag, summary: 'The server of a control panel as last observed', params: idParams, response: panelServerView })
export const nodeView = z.object({ connectionId: uuid, connectionName: z.string(), node: z.string(), online: z.boolean(), cpu: z.number(), cpuCores: z.number(), memoryUsed: z.number(), memoryTotal: z.number(), diskUsed: z.number(), diskTotal: z.number(), loadAverage: z.number().nullable(), uptimeSeconds: z.number(), version: z.string().nullable(), observedAt: instant, /** It takes no new machine. */ closed: z.object({ reason: z.string(), by: z.string(), at: instant }).nullable(), history: z.array(z.object({ at: instant, cpu: z.number(), memory: z.number() })) })
export const listNodes = contract({ method: 'GET', path: '/api/admin/nodes', access: 'sysadmin', tag, summary: 'Nodes as last observed, with the last hour; changes arrive as `nodes` on /api/events', response: z.object({ items: z.array(nodeView) }) })
/** How much of a connection's nodes is sold. `cpuOvercommit` null: vCPUs are not counted; `maxAccounts` (control panels alone) null: the panel's own limit. */
export const placementLimitsBody = z.object({
  cpuOvercommit: z.number().min(0.1).max(64).nullable(), memoryOvercommit: z.number().min(0.5).max(4), memoryReserveGiB: z.number().int().min(0).max(4096), storageReserveGiB: z.number().int().min(0).max(1_048_576), maxAccounts: z.number().int().min(0).max(1_000_000).nullable(),
})
export const showPlacementLimits = contract({ method: 'GET', path: '/api/admin/connections/{id}/limits', access: 'sysadmin', tag, summary: 'How much of a connection may be sold', params: idParams, response: placementLimitsBody })
export const setPlacementLimits = contract({ method: 'PUT', path: '/api/admin/connections/{id}/limits', access: 'sysadmin', tag, summary: 'Set how much of a connection may be sold', params: idParams, body: placementLimitsBody, response: placementLimitsBody })
/** Places of a product as last counted. `places` null: no end of them is known; `complete` false: a connection did not tell, so there may be more; `fresh` false: too old for visitors. */
export const stockView = z.object({ productId: uuid, name: z.string(), connectionIds: z.array(uuid), places: z.number().int().nullable(), complete: z.boolean(), limitedBy: z.enum(placesLimits).nullable(), countedAt: instant, fresh: z.boolean() })
export const listStock = contract({ method: 'GET', path: '/api/admin/stock', access: 'staff', tag, summary: 'Places left of the products on sale, and what limits them; at most 200', response: z.object({ items: z.array(stockView) }) })
const ipv4 = z.ipv4()
export const addressPoolBody = z.object({ connectionId: uuid, name: z.string().trim().min(2).max(80), firstAddress: ipv4, lastAddress: ipv4, prefixLength: z.number().int().min(8).max(30), gateway: ipv4, nameservers: z.array(ipv4).min(1).max(4), /** Of the machines' cards; null: as the connection and the template say. */ bridge: z.string().trim().min(1).max(80).nullable().default(null), vlanTag: z.number().int().min(1).max(4094).nullable().default(null), /** Whose machines may have its addresses; empty: all of the connection. */ nodes: z.array(z.string().trim().min(1).max(120)).max(64).default([]) })
/** `days`: until it is full; `perDay`: addresses taken a day, those given back taken off. */
export const poolOutlookView = z.object({ kind: z.enum(poolOutlooks), days: z.number().int().nullable(), perDay: z.number().nullable() })
export const addressPoolView = addressPoolBody.extend({ id: uuid, connectionName: z.string(), connectionKind: z.enum(connectionKinds), outlook: poolOutlookView, counts: z.record(z.enum(addressStatuses), z.number().int()), network: poolNetworkView })
export const listAddressPools = contract({ method: 'GET', path: '/api/admin/address-pools', access: 'sysadmin', tag, summary: 'Pools of IPv4 addresses; `low`: those that are nearly full, `lost`: those whose network vanished', query: list.extend({ low: z.stringbool().optional(), lost: z.stringbool().optional() }), response: listOf(addressPoolView) })
export const createAddressPool = contract({ method: 'POST', path: '/api/admin/address-pools', access: 'sysadmin', tag, summary: 'Add a pool of addresses', body: addressPoolBody, response: addressPoolView, status: 201, creates: true })
export const deleteAddressPool = contract({ method: 'DELETE', path: '/api/admin/address-pools/{id}', access: 'sysadmin', tag, summary: 'Delete a pool none of whose addresses is in use', params: idParams, status: 204 })

// Products, prices, promo codes -------------------------------------------------------------------------------------------------------
export const productBody = z.object({
  slug: z.string().trim().toLowerCase().min(2).max(60).regex(/^[a-z0-9]+(-[a-z0-9]+)*$/), kind: z.enum(productKinds), name: z.string().trim().min(2).max(80), summary: localized, description: localized,
  spec: productSpec.omit({ extraIpv4: true }), status: z.enum(productStatuses), featured: z.boolean().default(false), position: z.number().int().min(0).max(10_000).default(100),
  /** Placement: the connections whose nodes may carry it, and the templates offered. A VPS on sale needs at least one of each. */
  connectionIds: z.array(uuid).max(20), templateIds: z.array(uuid).max(100), stockLimit: z.number().int().min(0).max(1_000_000).nullable().default(null),
  /** Free days of a client's first order. */
  trialDays: z.number().int().min(3).max(90).nullable().default(null),
  /** Paid periods after which a service ends by itself. */
  fixedTermPeriods: z.number().int().min(1).max(120).nullable().default(null),
  /** Snapshots that a client may keep of a machine at a time; 0: none are offered. */
  snapshotLimit: z.number().int().min(0).max(20).default(2),
  /** Its machines get IPv6 where their connection has a pool of it. */
  ipv6: z.boolean().default(true),
  /** Backups of a machine at a time; 0: none. Whether its client may have them made every day or week. */
  backupsIncluded: z.number().int().min(0).max(50).default(0), backupSchedule: z.boolean().default(false),
  /** Which node, or hosting server, gets what is sold of it. */
  placementPolicy: z.enum(placementPolicies).default('most_free'),
})
export const adminPriceView = z.object({ id: uuid, cycle, price: moneyView, setup: moneyView, effectiveFrom: instant, createdBy: z.string().nullable(), current: z.boolean() })
export const adminProductView = productBody.extend({ id: uuid, prices: z.array(adminPriceView), options: z.array(optionView), activeServices: z.number().int(), /** A service or a change of one names it: it is never deleted. */ sold: z.boolean(), /** Of a retired one: where visitors of its page are sent. */ successor: z.object({ id: uuid, name: z.string() }).nullable() })
/** What hangs on a product. `promos`: codes that are on and name it (`only`: nothing else), and `connections` that carry it; at most fifty each. */
export const retirementView = z.object({
  services: z.number().int(), unpaidOrders: z.number().int(), /** Those of unpaid orders are not counted again. */ unpaidInvoices: z.number().int(), /** Of other services to it. */ waitingChanges: z.number().int(), carts: z.number().int(), options: z.number().int(),
  promos: z.array(z.object({ id: uuid, code: z.string(), only: z.boolean() })), connections: z.array(z.object({ id: uuid, name: z.string() })),
})
const retireReason = z.string().trim().min(3).max(500)
export const retireBody = z.object({ reason: retireReason, /** A product on sale of the same kind: the old page leads there. */ successorId: uuid.nullable().default(null) })
export const putBackBody = z.object({ reason: retireReason, status: z.enum(['draft', 'active']) })
export const setPriceBody = z.object({ cycle: z.enum(billingCycles), price: moneyInput, setup: moneyInput, effectiveFrom: instant.optional() })
export const listAdminProducts = contract({ method: 'GET', path: '/api/admin/products', access: 'staff', tag, summary: 'All products', query: list.extend({ status: z.enum(productStatuses).optional(), kind: z.enum(productKinds).optional() }), response: listOf(adminProductView) })
export const createProduct = contract({ method: 'POST', path: '/api/admin/products', access: 'sysadmin', tag, summary: 'Add a product', body: productBody, response: adminProductView, status: 201, creates: true })
const unfinished = z.object({ id: z.string().max(2000), en: z.string().max(2000) })
/** A product that is being written: texts may be missing yet. */
export const previewBody = productBody.omit({ status: true, position: true, snapshotLimit: true }).extend({ productId: uuid.nullable().default(null), slug: z.string().max(60), name: z.string().max(80), summary: unfinished, description: unfinished })
export const previewProduct = contract({ method: 'POST', path: '/api/admin/products/preview', access: 'sysadmin', tag, summary: 'How the storefront would show a product that is being written; nothing is stored', body: previewBody, response: storefrontProductView.extend({ summary: unfinished, description: unfinished }) })
export const cloneBody = productBody.pick({ slug: true, name: true })
export const cloneProduct = contract({ method: 'POST', path: '/api/admin/products/{id}/clone', access: 'sysadmin', tag, summary: 'Make a draft like a product, with its prices in force and its options', params: idParams, body: cloneBody, response: adminProductView, status: 201, creates: true })
export const showAdminProduct = contract({ method: 'GET', path: '/api/admin/products/{id}', access: 'staff', tag, summary: 'One product with its price history', params: idParams, response: adminProductView })
export const updateProduct = contract({ method: 'PUT', path: '/api/admin/products/{id}', access: 'sysadmin', tag, summary: 'Change a product', params: idParams, body: productBody, response: adminProductView })
export const deleteProduct = contract({ method: 'DELETE', path: '/api/admin/products/{id}', access: 'sysadmin', tag, summary: 'Delete a product that was never sold; a sold one is refused', params: idParams, status: 204 })
export const showRetirement = contract({ method: 'GET', path: '/api/admin/products/{id}/retirement', access: 'sysadmin', tag, summary: 'What hangs on a product: services, unpaid orders, carts, promo codes', params: idParams, response: retirementView })
export const retireProduct = contract({ method: 'POST', path: '/api/admin/products/{id}/retire', access: 'sysadmin', tag, summary: 'Take a product off sale for good; what was sold goes on', params: idParams, body: retireBody, response: adminProductView })
export const putBackProduct = contract({ method: 'POST', path: '/api/admin/products/{id}/put-back', access: 'sysadmin', tag, summary: 'Make a retired product a draft again, or put it on sale', params: idParams, body: putBackBody, response: adminProductView })
export const setPrice = contract({ method: 'POST', path: '/api/admin/products/{id}/prices', access: 'business', tag, summary: 'Set the price of a cycle from a moment on; the history stays', params: idParams, body: setPriceBody, response: adminProductView, status: 201, creates: true })
export const promoBody = z.object({
  code: z.string().trim().toUpperCase().min(2).max(40).regex(/^[A-Z0-9_-]+$/), kind: z.enum(promoKinds),
  /** `percent`: 1 to 100. `fixed`: whole Rupiah. */
  value: z.string().regex(/^[1-9]\d{0,14}$/), active: z.boolean().default(true), startsAt: instant.nullable().default(null), endsAt: instant.nullable().default(null), maxRedemptions: z.number().int().min(1).max(1_000_000).nullable().default(null),
  appliesTo: z.enum(promoTargets).default('recurring'), /** For so many periods, the first one counted; null: for good. */ periods: z.number().int().min(1).max(120).nullable().default(1), maxPerClient: z.number().int().min(1).max(1000).nullable().default(1),
  newClientsOnly: z.boolean().default(false), /** Whole Rupiah of prices and fees before discounts. */ minimumOrder: z.string().regex(/^[1-9]\d{0,14}$/).nullable().default(null), combinable: z.boolean().default(false), productIds: z.array(uuid).max(200).default([]), cycles: z.array(z.enum(billingCycles)).default([]),
}).refine(v => v.kind !== 'percent' || Number(v.value) <= 100, { path: ['value'], message: 'percent_over_100' }).refine(v => v.appliesTo !== 'setup' || v.periods === 1, { path: ['periods'], message: 'setup_once' })
export const promoView = z.object({ id: uuid, code: z.string(), kind: z.enum(promoKinds), value: z.string(), active: z.boolean(), startsAt: instant.nullable(), endsAt: instant.nullable(), maxRedemptions: z.number().int().nullable(), appliesTo: z.enum(promoTargets), periods: z.number().int().nullable(), maxPerClient: z.number().int().nullable(), newClientsOnly: z.boolean(), minimumOrder: z.string().nullable(), combinable: z.boolean(), productIds: z.array(uuid), cycles: z.array(z.enum(billingCycles)), reserved: z.number().int(), committed: z.number().int() })
export const listPromos = contract({ method: 'GET', path: '/api/admin/promos', access: 'business', tag, summary: 'Promo codes', query: list, response: listOf(promoView) })
export const createPromo = contract({ method: 'POST', path: '/api/admin/promos', access: 'business', tag, summary: 'Add a promo code', body: promoBody, response: promoView, status: 201, creates: true })
export const showPromo = contract({ method: 'GET', path: '/api/admin/promos/{id}', access: 'business', tag, summary: 'One promo code', params: idParams, response: promoView })
export const updatePromo = contract({ method: 'PUT', path: '/api/admin/promos/{id}', access: 'business', tag, summary: 'Change a promo code', params: idParams, body: promoBody, response: promoView })
export const deletePromo = contract({ method: 'DELETE', path: '/api/admin/promos/{id}', access: 'business', tag, summary: 'Delete a promo code that was never used; a used one is switched off', params: idParams, status: 204 })

// Services ----------------------------------------------------------------------------------------------------------------------------
export const adminServiceView = serviceSummaryView.extend({ clientId: uuid, clientName: z.string(), connectionName: z.string().nullable(), node: z.string().nullable(), vmid: z.number().int().nullable(), problem: z.string().nullable() })
export const adminServiceDetailView = serviceView.extend({ /** The step of the newest task that may be left out now. */ skippable: z.string().nullable(), /** The newest task may be tried again. */ retriable: z.boolean(), clientId: uuid, clientName: z.string(), clientEmail: z.string(), connectionId: uuid.nullable(), connectionKind: z.enum(connectionKinds).nullable(), connectionName: z.string().nullable(), node: z.string().nullable(), vmid: z.number().int().nullable(), problem: z.string().nullable(), holdUntil: instant.nullable(), holdReason: z.string().nullable(), cancelReason: z.enum(cancelReasons).nullable(), cancelNote: z.string().nullable(), transitions: z.array(z.object({ entity: z.string(), from: z.string(), to: z.string(), cause: z.string(), actor: z.string(), at: instant })) })
const reason = z.string().trim().min(3).max(500)
export const adminServiceActionBody = z.discriminatedUnion('action', [
  z.object({ action: z.enum(powerActions) }),
  /** Run the failed step of the newest saga again. */
  z.object({ action: z.literal('retry') }),
  /** Leave out the step at which the newest saga stands still, where nothing rests on it. */
  z.object({ action: z.literal('skip'), step: z.string().max(50), reason }),
  /** Work that people do: it is done. */
  z.object({ action: z.literal('deliver') }),
  z.object({ action: z.literal('suspend'), suspensionReason: z.enum(suspensionReasons), reason }),
  z.object({ action: z.literal('resume'), reason }),
  /** `hostname` must be typed as it is. */
  z.object({ action: z.literal('terminate'), hostname: z.string().max(200), reason }),
  /** At the end of what is paid, for its client; `keep` takes it back. */
  z.object({ action: z.literal('cancel'), hostname: z.string().max(200), reason }),
  z.object({ action: z.literal('keep') }),
  z.object({ action: z.literal('hold'), until: instant, reason }),
  z.object({ action: z.literal('release_hold') }),
])
export const listAdminServices = contract({ method: 'GET', path: '/api/admin/services', access: 'staff', tag, summary: 'All services', query: list.extend({ status: z.enum(serviceStatuses).optional(), resourceStatus: z.enum(resourceStatuses).optional(), failed: z.stringbool().optional(), /** Work that is paid and not done. */ work: z.stringbool().optional(), /** A larger machine was refused, because its node has no room. */ refused: z.stringbool().optional() }), response: listOf(adminServiceView) })
export const showAdminService = contract({ method: 'GET', path: '/api/admin/services/{id}', access: 'staff', tag, summary: 'One service with its machine, timeline and transitions', params: idParams, response: adminServiceDetailView })
export const actOnAdminService = contract({ method: 'POST', path: '/api/admin/services/{id}/actions', access: 'sysadmin', tag, summary: 'Act on a service: power, retry, skip, deliver, suspend, resume, terminate, cancel, hold', params: idParams, body: adminServiceActionBody, response: adminServiceDetailView, status: 202, creates: true })
export const openAdminConsole = contract({ method: 'POST', path: '/api/admin/services/{id}/console', access: 'sysadmin', tag, summary: 'A ticket that opens the console of a machine once; audited when it is used', params: idParams, response: consoleTicketView, status: 201, rateLimit: { limit: 30, seconds: 60 } })

// Money -------------------------------------------------------------------------------------------------------------------------------
export const adminInvoiceSummaryView = invoiceSummaryView.extend({ clientId: uuid, clientName: z.string() })
export const adminInvoiceView = invoiceView.extend({ clientId: uuid, clientName: z.string(), clientEmail: z.string(), termDays: z.number().int().nullable(), journal: z.array(z.object({ at: instant, cause: z.string(), account: z.string(), amount: moneyView })) })
export const listAdminInvoices = contract({ method: 'GET', path: '/api/admin/invoices', access: 'finance', tag, summary: 'All invoices', query: list.extend({ status: z.enum(invoiceStatuses).optional(), overdue: z.stringbool().optional() }), response: listOf(adminInvoiceSummaryView) })
export const showAdminInvoice = contract({ method: 'GET', path: '/api/admin/invoices/{id}', access: 'finance', tag, summary: 'One invoice with its journal', params: idParams, response: adminInvoiceView })
export const voidInvoice = contract({ method: 'POST', path: '/api/admin/invoices/{id}/void', access: 'finance', tag, summary: 'Void an unpaid invoice', params: idParams, body: z.object({ reason }), response: adminInvoiceView })
export const writeOffRest = contract({ method: 'POST', path: '/api/admin/invoices/{id}/write-off', access: 'finance', tag, summary: 'Accept that an invoice was paid a little short: the rest is written off', params: idParams, body: z.object({ reason }), response: adminInvoiceView })
export const recordManualPayment = contract({ method: 'POST', path: '/api/admin/invoices/{id}/payments', access: 'finance', tag, summary: 'Book a payment that reached the bank account', params: idParams, body: z.object({ amount: moneyInput, receivedOn: calendarDay, reference: z.string().trim().min(3).max(100) }), response: adminInvoiceView, status: 201, creates: true })
export const adminPaymentView = z.object({ id: uuid, invoiceId: uuid, invoiceNumber: z.string().nullable(), clientId: uuid, clientName: z.string(), gateway: z.enum(gateways).nullable(), method: z.enum(paymentMethods), status: z.enum(paymentStatuses), gatewayOrderId: z.string().nullable(), gatewayTransactionId: z.string().nullable(), amount: moneyView, settledAmount: moneyView.nullable(), createdAt: instant, settledAt: instant.nullable() })
export const listPayments = contract({ method: 'GET', path: '/api/admin/payments', access: 'finance', tag, summary: 'All payments', query: list.extend({ status: z.enum(paymentStatuses).optional(), gateway: z.enum(gateways).optional() }), response: listOf(adminPaymentView) })
export const webhookView = z.object({ id: uuid, gateway: z.enum(gateways), status: z.enum(webhookStatuses), receivedAt: instant, handledAt: instant.nullable(), orderId: z.string().nullable(), event: z.string().nullable(), reason: z.string().nullable(), attempts: z.number().int(), deliveries: z.number().int(), body: z.string() })
export const listWebhooks = contract({ method: 'GET', path: '/api/admin/webhooks', access: 'finance', tag, summary: 'The webhook inbox', query: list.extend({ status: z.enum(webhookStatuses).optional(), gateway: z.enum(gateways).optional() }), response: listOf(webhookView) })
export const replayWebhook = contract({ method: 'POST', path: '/api/admin/webhooks/{id}/replay', access: 'finance', tag, summary: 'Work on a stored webhook again', params: idParams, response: webhookView, status: 202 })

// Billing calendar --------------------------------------------------------------------------------------------------------------------
export const plannedActionView = z.object({ key: z.string(), kind: z.enum(billingActionKinds), serviceId: uuid, hostname: z.string(), clientName: z.string(), invoiceId: uuid.nullable(), invoiceNumber: z.string().nullable(), amount: moneyView.nullable(), dueSince: instant, reason: z.string(), held: z.boolean() })
export const planView = z.object({ at: instant, items: z.array(plannedActionView), total: z.number().int(), page: z.number().int(), pageSize: z.number().int(), counts: z.record(z.enum(billingActionKinds), z.number().int()), /** Of each kind: what its invoices ask for, or will; each invoice once. */ sums: z.record(z.enum(billingActionKinds), moneyView), brake: z.object({ kind: z.string(), detail: z.string() }).nullable(), /** Who let a mass termination pass: another person has to do so, too. */ confirmed: z.object({ userId: uuid, name: z.string(), at: instant, terminations: z.number().int() }).nullable() })
export const billingRunView = z.object({ id: uuid, at: instant, startedAt: instant, finishedAt: instant.nullable(), status: z.enum(['running', 'done', 'stopped_by_brake', 'failed']), actor: z.string(), done: z.number().int(), skipped: z.number().int(), failed: z.number().int(), brake: z.string().nullable() })
export const showPlan = contract({ method: 'GET', path: '/api/admin/billing/plan', access: 'finance', tag, summary: 'What the billing calendar would do at a moment, and why', query: pageQuery.extend({ at: instant.optional(), kind: z.enum(billingActionKinds).optional(), clientId: uuid.optional(), productId: uuid.optional() }), response: planView })
const planSide = z.object({ dueSince: instant, amount: moneyView.nullable(), held: z.boolean() })
/** `before`: as yesterday's plan had it; `now`: as it is planned now. */
export const planDifferenceView = z.object({ key: z.string(), change: z.enum(planChanges), kind: z.enum(billingActionKinds), serviceId: uuid, hostname: z.string(), clientName: z.string(), invoiceId: uuid.nullable(), invoiceNumber: z.string().nullable(), before: planSide.nullable(), now: planSide.nullable(), why: z.string() })
export const showPlanDifference = contract({
  method: 'GET', path: '/api/admin/billing/plan/difference', access: 'finance', tag, summary: 'How the plan of a moment differs from what yesterday\'s plan said of it, and why; `takenAt` is null when no plan was kept yesterday', query: pageQuery.extend({ at: instant.optional(), change: z.enum(planChanges).optional(), kind: z.enum(billingActionKinds).optional(), clientId: uuid.optional(), productId: uuid.optional() }),
  response: z.object({ at: instant, takenAt: instant.nullable(), until: instant.nullable(), /** Yesterday's plan does not reach the moment. */ beyond: z.boolean(), items: z.array(planDifferenceView), total: z.number().int(), page: z.number().int(), pageSize: z.number().int(), counts: z.record(z.enum(planChanges), z.record(z.enum(billingActionKinds), z.number().int())) }),
})
/** `unpaid`: what comes in sixty days if nobody pays; `paid`: what instead if all that is open is paid now (null when nothing is). */
export const serviceOutlookView = z.object({ serviceId: uuid, hostname: z.string(), clientName: z.string(), status: z.enum(serviceStatuses), holdUntil: instant.nullable(), paidUntil: instant.nullable(), outstanding: moneyView.nullable(), unpaid: z.array(plannedActionView), paid: z.array(plannedActionView).nullable() })
export const explainService = contract({ method: 'GET', path: '/api/admin/billing/services/{id}', access: 'finance', tag, summary: 'What the calendar does with one service, and what if it is paid now', params: idParams, response: serviceOutlookView })
export const runBilling = contract({ method: 'POST', path: '/api/admin/billing/run', access: 'finance', tag, summary: 'Do now exactly what the plan of now says; `confirmBrake` lets a mass action pass once; a mass termination needs the word of two people within a day', body: z.object({ confirmBrake: z.boolean().default(false) }).default({ confirmBrake: false }), response: billingRunView, status: 201 })
export const listBillingRuns = contract({ method: 'GET', path: '/api/admin/billing/runs', access: 'finance', tag, summary: 'Past runs', query: pageQuery, response: listOf(billingRunView) })
export const setHold = contract({ method: 'PUT', path: '/api/admin/billing/holds/{id}', access: 'finance', tag, summary: 'Hold one service out of the calendar until a moment, or release it', params: idParams, body: z.object({ until: instant.nullable(), reason: z.string().trim().max(500) }), status: 204 })

// Audit, jobs, clients ----------------------------------------------------------------------------------------------------------------
export const auditView = z.object({ id: uuid, at: instant, actorId: uuid.nullable(), actorName: z.string(), action: z.string(), entity: z.string(), entityId: z.string().nullable(), before: z.unknown().nullable(), after: z.unknown().nullable(), requestId: z.string().nullable() })
export const listAudit = contract({ method: 'GET', path: '/api/admin/audit', access: 'staff', tag, summary: 'Every change made by staff', query: list.extend({ entity: z.string().max(50).optional() }), response: listOf(auditView) })
export const deadJobView = z.object({ id: uuid, queue: z.string(), createdAt: instant, failedAt: instant.nullable(), attempts: z.number().int(), error: z.string().nullable(), data: z.unknown() })
export const listDeadJobs = contract({ method: 'GET', path: '/api/admin/jobs/dead', access: 'sysadmin', tag, summary: 'Jobs that failed for good', query: pageQuery, response: listOf(deadJobView) })
export const retryDeadJob = contract({ method: 'POST', path: '/api/admin/jobs/dead/{id}/retry', access: 'sysadmin', tag, summary: 'Run a dead job again', params: idParams, status: 204 })
export const clientView = z.object({ id: uuid, name: z.string(), email: z.string(), role: z.enum(roles), emailVerified: z.boolean(), createdAt: instant, serviceCount: z.number().int(), outstanding: moneyView, credit: moneyView, /** Whose billing terms hold for the client. */ groupId: uuid.nullable(), groupName: z.string().nullable() })
export const listClients = contract({ method: 'GET', path: '/api/admin/clients', access: 'staff', tag, summary: 'Clients', query: list, response: listOf(clientView) })
