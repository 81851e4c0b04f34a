import { createHash } from 'node:crypto'
import { csvWriter } from '#server/drivers/export/csv.ts'
import { connectConsole } from '#server/drivers/console/connect.ts'
import { createProxmoxDriver } from '#server/drivers/hypervisor/proxmox/driver.ts'
import { createPowerDnsDriver } from '#server/drivers/dns/powerdns.ts'
import { createWhmDriver } from '#server/drivers/panel/whm/driver.ts'
import { createEsxiDriver, createVcenterDriver } from '#server/drivers/hypervisor/vsphere/driver.ts'
import { holdCapacity, lookAt } from '#server/infrastructure/capacity.ts'
import { checkCapacity } from '#server/infrastructure/check-capacity.ts'
import { checkRoom, holdGrowth } from '#server/infrastructure/check-room.ts'
import { collectState } from '#server/infrastructure/collect-state.ts'
import { createAddressPool } from '#server/infrastructure/create-address-pool.ts'
import { createConnection } from '#server/infrastructure/create-connection.ts'
import { deleteAddressPool } from '#server/infrastructure/delete-address-pool.ts'
import { deleteConnection } from '#server/infrastructure/delete-connection.ts'
import { exportAddresses } from '#server/infrastructure/export-addresses.ts'
import { importAddresses, previewAddresses } from '#server/infrastructure/import-addresses.ts'
import { importIpv6, previewIpv6 } from '#server/infrastructure/import-ipv6.ts'
import { createIpv6Pool, deleteIpv6Pool, exportIpv6Prefixes, listIpv6Pools, listIpv6Prefixes, showIpv6Pool, updateIpv6Pool } from '#server/infrastructure/ipv6-pools.ts'
import { listIsoImages, offerIsoImage } from '#server/infrastructure/iso-images.ts'
import { listAddressPools } from '#server/infrastructure/list-address-pools.ts'
import { listConnections } from '#server/infrastructure/list-connections.ts'
import { listHealthChanges } from '#server/infrastructure/list-health-changes.ts'
import { listNetworks } from '#server/infrastructure/list-networks.ts'
import { listNodes } from '#server/infrastructure/list-nodes.ts'
import { listPackages } from '#server/infrastructure/list-packages.ts'
import { findServers } from '#server/infrastructure/find-servers.ts'
import { holdAccounts } from '#server/infrastructure/hold-accounts.ts'
import { listStock } from '#server/infrastructure/list-stock.ts'
import { listTemplates } from '#server/infrastructure/list-templates.ts'
import { hypervisorPool } from '#server/infrastructure/open-hypervisor.ts'
import { readAccount, readWeb } from '#server/infrastructure/read-account.ts'
import { closeNode, setNodeClosure } from '#server/infrastructure/close-node.ts'
import { planMoves } from '#server/infrastructure/plan-moves.ts'
import { roomOnNodes } from '#server/infrastructure/room-on-nodes.ts'
import { refreshStock } from '#server/infrastructure/refresh-stock.ts'
import { rollUpSeries } from '#server/infrastructure/roll-up-series.ts'
import { changePackage, createPackage } from '#server/infrastructure/save-package.ts'
import { setPlacementLimits, showPlacementLimits } from '#server/infrastructure/set-placement-limits.ts'
import { listNodeMachines, listStorages, showNode } from '#server/infrastructure/show-node.ts'
import { nameUnnamed, requestDefaultNames } from '#server/infrastructure/name-unnamed.ts'
import { removeReverseDnsSettings, saveReverseDnsSettings, showReverseDnsSettings, testReverseDns } from '#server/infrastructure/set-up-reverse-dns.ts'
import { settleAddress } from '#server/infrastructure/settle-address.ts'
import { listPoolAddresses, showAddressPool } from '#server/infrastructure/show-address-pool.ts'
import { showConnection } from '#server/infrastructure/show-connection.ts'
import { showPanelServer } from '#server/infrastructure/show-panel-server.ts'
import { showSeries } from '#server/infrastructure/show-series.ts'
import { syncAll, syncConnection } from '#server/infrastructure/sync-connection.ts'
import { syncPackages } from '#server/infrastructure/sync-packages.ts'
import { setTemplateIdentity } from '#server/infrastructure/set-template-identity.ts'
import { syncTemplates } from '#server/infrastructure/sync-templates.ts'
import { testConnection } from '#server/infrastructure/test-connection.ts'
import { testDraft } from '#server/infrastructure/test-draft.ts'
import { updateAddressPool } from '#server/infrastructure/update-address-pool.ts'
import { updateConnection } from '#server/infrastructure/update-connection.ts'
import { writePtr } from '#server/infrastructure/write-ptr.ts'
import type { Core } from '../core.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { monthsIn } from '../months.ts'
import { invalidatePages } from '../page-cache.ts'
import { within } from '../within.ts'

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

export const composeInfrastructure = ({ config, read, transact, clock, wallClock, newId, secrets, log, live }: Core) => {
  const { connections, remoteTemplates, nodes, addressPools, poolAddresses, ipv6Pools, capacity, stock, packages, panelServers, storages, series, nodeMachines } = read
  const hypervisors = hypervisorPool({ connections, secrets, drivers: { proxmox: access => createProxmoxDriver(access), vcenter: access => createVcenterDriver(access), esxi: access => createEsxiDriver(access) }, panels: { whm: access => createWhmDriver(access) } })
  const { open: openHypervisor, openPanel } = hypervisors
  /** Enqueues a count of the stock; an equal one that waits already is enough. */
  const stockDue = () => read.outbox.emit('infrastructure.stock-due', { requestedBy: 'change' }, { singletonKey: 'infrastructure.stock' })
  const deps = { transact, clock, wallClock, newId, secrets, log, live, within, connections, remoteTemplates, nodes, addressPools, poolAddresses, ipv6Pools, capacity, stock, packages, panelServers, storages, series, nodeMachines, openHypervisor, openPanel, stockDue }
  const looking = { connections, capacity, lookAt: lookAt(deps) }
  // What was counted is stored already: a cache that cannot be reached must not undo it.
  const shopChanged = () => invalidatePages().catch((error: unknown) => log.error({ err: error }, 'cached pages could not be thrown away'))
  const refresh = refreshStock({ ...deps, stockChanged: shopChanged })
  const rollUp = rollUpSeries(deps)
  const look = collectState({ ...deps, refreshStock: refresh, trafficCounts: read.trafficCounts, monthOf: monthsIn(config.GARDU_TIME_ZONE), startOfDay: businessCalendar(config.GARDU_TIME_ZONE).startOfDay })
  const collect = async () => {
    await look()
    await rollUp()
  }
  let onCollected: () => Promise<void> = () => Promise.resolve()
  const syncing = { ...deps, baseUrl: config.GARDU_BASE_URL, digest: (text: string) => createHash('sha256').update(text).digest('hex') }
  const sync = { syncTemplates: syncTemplates(syncing), syncPackages: syncPackages(syncing) }
  const syncOne = syncConnection({ connections, ...sync, offersChanged: shopChanged, stockDue })
  const synchronise = syncAll({ connections, sync: syncOne, log })
  const naming = { transact, reverseDns: read.reverseDns, secrets, clock, log, openReverseDns: createPowerDnsDriver }
  /** Names of addresses whose job gave up, or that somebody had to help first. */
  const requestNames = async () => void (await read.reverseDns.settings() && await read.reverseDns.queueOpen())
  return {
    listConnections: listConnections(deps), showConnection: showConnection(deps), createConnection: createConnection(deps), updateConnection: updateConnection(deps), deleteConnection: deleteConnection(deps),
    testConnection: testConnection(deps), syncTemplates: sync.syncTemplates, syncConnection: syncOne, synchronise, listHealthChanges: listHealthChanges(deps), testDraft: testDraft({ ...deps, openDraft: hypervisors.openDraft }), listPackages: listPackages(deps), createPackage: createPackage({ ...deps, offersChanged: shopChanged }), changePackage: changePackage({ ...deps, offersChanged: shopChanged }), showPanelServer: showPanelServer(deps), listTemplates: listTemplates(deps), listNetworks: listNetworks({ connections, networks: read.networks }), setTemplateIdentity: setTemplateIdentity(deps), listIsoImages: listIsoImages({ connections, isoImages: read.isoImages }), offerIsoImage: offerIsoImage(deps), listNodes: listNodes(deps), showNode: showNode(deps), listNodeMachines: listNodeMachines(deps), listStorages: listStorages(deps), showSeries: showSeries(deps),
    /** Every node as last observed, without samples. */
    seenNodes: async () => (await nodes.list()).map(node => ({ ...node, observedAt: node.observedAt.toISOString() })),
    listAddressPools: listAddressPools(deps), createAddressPool: createAddressPool(deps), deleteAddressPool: deleteAddressPool(deps),
    listIpv6Pools: listIpv6Pools(deps), showIpv6Pool: showIpv6Pool(deps), createIpv6Pool: createIpv6Pool(deps), updateIpv6Pool: updateIpv6Pool(deps), deleteIpv6Pool: deleteIpv6Pool(deps), listIpv6Prefixes: listIpv6Prefixes(deps), previewIpv6: previewIpv6({ ...syncing, decode }), importIpv6: importIpv6({ ...syncing, decode }), exportIpv6Prefixes: exportIpv6Prefixes({ ...deps, writer: csvWriter, zone: config.GARDU_TIME_ZONE }),
    showReverseDnsSettings: showReverseDnsSettings(naming), saveReverseDnsSettings: saveReverseDnsSettings(naming), removeReverseDnsSettings: removeReverseDnsSettings(naming), requestDefaultNames: requestDefaultNames(naming), testReverseDns: testReverseDns(naming),
    showAddressPool: showAddressPool(deps), listPoolAddresses: listPoolAddresses(deps), updateAddressPool: updateAddressPool(deps), settleAddress: settleAddress(deps), exportAddresses: exportAddresses({ ...deps, writer: csvWriter, zone: config.GARDU_TIME_ZONE }), previewAddresses: previewAddresses({ ...syncing, decode }), importAddresses: importAddresses({ ...syncing, decode }),
    openHypervisor, openPanel, connectConsole, checkCapacity: checkCapacity(looking), checkRoom: checkRoom(looking), roomOnNodes: roomOnNodes(looking), planMoves: planMoves(looking), setNodeClosure: setNodeClosure(deps), closeNode: closeNode(deps), holdCapacity: holdCapacity(deps), holdGrowth: holdGrowth(deps), stockDue, refreshStock: refresh, listStock: listStock(deps), showPlacementLimits: showPlacementLimits(deps), setPlacementLimits: setPlacementLimits(deps), findServers: findServers(deps), holdAccounts: holdAccounts(deps), readAccount: readAccount(deps), readWeb: readWeb(deps), collect,
    /** Enqueues a look at all hypervisors; an equal one that waits already is enough. */
    requestCollection: (requestedBy: string) => read.outbox.emit('infrastructure.collect-due', { requestedBy }, { singletonKey: 'infrastructure.collect' }),
    /** Enqueues a look at what all connections offer. */
    requestSynchronisation: (requestedBy: string) => read.outbox.emit('infrastructure.sync-due', { requestedBy }, { singletonKey: 'infrastructure.sync' }),
    closeHypervisors: hypervisors.closeAll,
    /** What is done after each collection. */
    connect(hooks: { readonly onCollected: () => Promise<void> }) {
      onCollected = hooks.onCollected
    },
    handlers: {
      'infrastructure.collect-due': async () => {
        await collect()
        await onCollected()
      },
      'infrastructure.stock-due': async () => refresh(),
      'infrastructure.sync-due': async () => void await Promise.all([synchronise(), requestNames()]),
      'infrastructure.ptr-due': writePtr(naming),
      'infrastructure.names-due': nameUnnamed(naming),
    },
  }
}
