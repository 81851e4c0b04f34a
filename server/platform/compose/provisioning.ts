import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { FinishChange } from '#server/billing/change-ports.ts'
import type { EndService, MarkServiceActive, ResumeService, SuspendService } from '#server/billing/ports.ts'
import type { CapacityCheck, ConnectConsole, HoldCapacity, OpenHypervisor, FindServers, HoldAccounts, OpenPanel, PackageStore, PanelServerStore, PlanMoves, ReadAccount, ReadWeb, RoomOnNodes, SetNodeClosure } from '#server/infrastructure/ports.ts'
import type { Transact } from '#server/kernel/ports.ts'
import { adoptMachine, buildAnew, listStrays, showAdoption, unlinkMachine } from '#server/provisioning/adopt.ts'
import { actOnAccess, showAccess } from '#server/provisioning/access.ts'
import { actOnAdminService } from '#server/provisioning/act-on-admin-service.ts'
import { changeHostingPassword, openHostingSession } from '#server/provisioning/act-on-hosting.ts'
import { actOnService } from '#server/provisioning/act-on-service.ts'
import { askBulk, previewBulk } from '#server/provisioning/ask-bulk.ts'
import { listUnbacked } from '#server/provisioning/unbacked.ts'
import { watchAccountBackups } from '#server/provisioning/watch-account-backups.ts'
import { actOnBackup, setBackupSchedule, showBackups } from '#server/provisioning/backups.ts'
import { listBulkItems, listBulkRequests, showBulkRequest } from '#server/provisioning/bulk-view.ts'
import { checkDrift } from '#server/provisioning/check-drift.ts'
import { decideBulk } from '#server/provisioning/decide-bulk.ts'
import { saveFirewall, showFirewall } from '#server/provisioning/firewall.ts'
import { followBilling } from '#server/provisioning/follow-billing.ts'
import { cancelTask, showHistory } from '#server/provisioning/history.ts'
import { issueConsoleTicket } from '#server/provisioning/issue-console-ticket.ts'
import { listAdminServices } from '#server/provisioning/list-admin-services.ts'
import { listBackupSchedules, listBackupUsage, listFailedBackups } from '#server/provisioning/list-backups.ts'
import { listDrift } from '#server/provisioning/list-drift.ts'
import { listClients } from '#server/provisioning/list-clients.ts'
import { listServices } from '#server/provisioning/list-services.ts'
import { moveMachine, showMove } from '#server/provisioning/move.ts'
import { openConsole } from '#server/provisioning/open-console.ts'
import type { CancelNow, DescribeBilling, ProvisioningStores, ScheduleCancellation, SetHold } from '#server/provisioning/ports.ts'
import { recoverSagas } from '#server/provisioning/recover-sagas.ts'
import { reinstall, showReinstall } from '#server/provisioning/reinstall.ts'
import { giveIpv6 } from '#server/provisioning/give-ipv6.ts'
import { chooseLeavingAddress, showServiceAddresses } from '#server/provisioning/service-addresses.ts'
import { setReverseDns, showReverseDns } from '#server/provisioning/reverse-dns.ts'
import { revealCredentials } from '#server/provisioning/reveal-credentials.ts'
import { listHeldBackups, rebuildMachine, showRebuild } from '#server/provisioning/rebuild.ts'
import { runBackups } from '#server/provisioning/run-backups.ts'
import { runBulk } from '#server/provisioning/run-bulk.ts'
import { runSaga } from '#server/provisioning/run-saga.ts'
import { showAdminService } from '#server/provisioning/show-admin-service.ts'
import { showHosting } from '#server/provisioning/show-hosting.ts'
import { actOnAccountBackup, showAccountBackups } from '#server/provisioning/account-backups.ts'
import { checkHostingCertificates, showHostingWeb } from '#server/provisioning/hosting-web.ts'
import { showMetrics } from '#server/provisioning/show-metrics.ts'
import { showOverview } from '#server/provisioning/show-overview.ts'
import { listTraffic, showTraffic } from '#server/provisioning/show-traffic.ts'
import { showService } from '#server/provisioning/show-service.ts'
import { showStaffOverview } from '#server/provisioning/show-staff-overview.ts'
import { settleDrift } from '#server/provisioning/settle-drift.ts'
import { actOnSnapshot, showSnapshots } from '#server/provisioning/snapshots.ts'
import { watchTraffic } from '#server/provisioning/watch-traffic.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { uuidv7 } from '../ids.ts'
import { consoleTickets } from '../console-tickets.ts'
import type { Core } from '../core.ts'
import { monthsIn } from '../months.ts'
import { within } from '../within.ts'

/** What provisioning asks of billing and of the hypervisors. */
export interface BillingForProvisioning { readonly markServiceActive: MarkServiceActive, readonly suspendService: SuspendService, readonly resumeService: ResumeService, readonly endService: EndService, readonly describeServices: DescribeBilling, readonly scheduleCancellation: ScheduleCancellation, readonly cancelNow: CancelNow, readonly setHold: SetHold, readonly finishChange: FinishChange }
export interface HypervisorsForProvisioning { readonly openHypervisor: OpenHypervisor, readonly checkCapacity: CapacityCheck, readonly holdCapacity: HoldCapacity, readonly roomOnNodes: RoomOnNodes, readonly planMoves: PlanMoves, readonly setNodeClosure: SetNodeClosure, readonly stockDue: () => Promise<void>, readonly connectConsole: ConnectConsole, readonly openPanel: OpenPanel, readonly findServers: FindServers, readonly holdAccounts: HoldAccounts, readonly readAccount: ReadAccount, readonly readWeb: ReadWeb }

/** Twenty characters without look-alikes: about 117 bits. */
const alphabet = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const newPassword = () => Array.from({ length: 20 }, () => alphabet[randomInt(alphabet.length)]).join('')

export function composeProvisioning(core: Core, billing: BillingForProvisioning, hypervisors: HypervisorsForProvisioning) {
  const { config, clock, wallClock, log, jobs, kv, secrets } = core
  const transact: Transact<ProvisioningStores> = core.transact
  const read: ProvisioningStores & { readonly packages: PackageStore, readonly panelServers: PanelServerStore } = core.read
  const thisMonth = () => {
    const [year, month] = new Intl.DateTimeFormat('en-CA', { timeZone: config.GARDU_TIME_ZONE, year: 'numeric', month: 'numeric' }).format(wallClock.now()).split('-').map(Number)
    return { year: year ?? 0, month: month ?? 0 }
  }
  const hosting = { transact, serviceControl: read.serviceControl, packages: read.packages, panelServers: read.panelServers, readAccount: hypervisors.readAccount, readWeb: hypervisors.readWeb, wallClock, openPanel: hypervisors.openPanel, secrets, log, thisMonth, within }
  const pages = { servicePages: read.servicePages, transitions: read.transitions, clock, describeBilling: billing.describeServices }
  const tickets = consoleTickets(core.kv)
  const follow = followBilling({ transact, clock, wallClock, log })
  const recover = recoverSagas({ transact, clock, wallClock, log, read, follow })
  const snapshots = { read, transact, openHypervisor: hypervisors.openHypervisor, random: () => randomBytes(6).toString('hex') }
  const firewall = { read, transact, openHypervisor: hypervisors.openHypervisor }
  const moving = { read, transact, openHypervisor: hypervisors.openHypervisor, roomOnNodes: hypervisors.roomOnNodes }
  const adoption = { read, connections: core.read.connections, transact, openHypervisor: hypervisors.openHypervisor, newId: uuidv7, clock }
  const run = runSaga({
    transact, read, clock, wallClock, log, pause: async seconds => void await pause(seconds * 1000),
    tools: { openHypervisor: hypervisors.openHypervisor, checkCapacity: hypervisors.checkCapacity, holdCapacity: hypervisors.holdCapacity, roomOnNodes: hypervisors.roomOnNodes, openPanel: hypervisors.openPanel, findServers: hypervisors.findServers, holdAccounts: hypervisors.holdAccounts, markServiceActive: billing.markServiceActive, finishChange: billing.finishChange, secrets, newPassword },
  })
  const drift = { transact, drift: read.drift, connections: core.read.connections, openHypervisor: hypervisors.openHypervisor, openPanel: hypervisors.openPanel, serviceControl: read.serviceControl, clock, live: core.live, log, within }
  const compare = checkDrift(drift)
  const backups = { read, transact, openHypervisor: hypervisors.openHypervisor, clock, log, newId: uuidv7, zone: config.GARDU_TIME_ZONE, keptDays: config.GARDU_BACKUPS_KEPT_DAYS, baseUrl: config.GARDU_BASE_URL }
  const makeBackups = runBackups(backups)
  const watchAccounts = watchAccountBackups({ transact, connections: core.read.connections, openPanel: hypervisors.openPanel, clock, log, within })
  /** The strictest of the rules that watch machines and accounts. */
  const ruleDays = async () => (await core.read.alarmRules.list()).reduce<number | null>((fewest, { enabled, days }) => enabled && days !== null ? Math.min(days, fewest ?? days) : fewest, null)
  const asking = { read, connections: core.read.connections, transact, openHypervisor: hypervisors.openHypervisor, planMoves: hypervisors.planMoves, setNodeClosure: hypervisors.setNodeClosure, stockDue: hypervisors.stockDue, clock, newId: uuidv7 }
  const bulk = runBulk({ read, transact, clock, wallClock, log, acts: { admin: within => actOnAdminService({ ...billing, transact: within, clock, wallClock }), backup: within => actOnBackup({ ...backups, transact: within }), move: within => moveMachine({ ...moving, transact: within }) } })
  const traffic = { read, transact, clock, log, zone: config.GARDU_TIME_ZONE, monthOf: monthsIn(config.GARDU_TIME_ZONE), startOfDay: businessCalendar(config.GARDU_TIME_ZONE).startOfDay, baseUrl: config.GARDU_BASE_URL }
  const watch = watchTraffic(traffic)
  return {
    listServices: listServices(pages), showService: showService(pages), showOverview: showOverview(pages), actOnService: actOnService({ transact, scheduleCancellation: billing.scheduleCancellation, cancelNow: billing.cancelNow }), revealCredentials: revealCredentials({ transact, secrets }),
    showHosting: showHosting(hosting), openHostingSession: openHostingSession(hosting), changeHostingPassword: changeHostingPassword(hosting), showHostingWeb: showHostingWeb(hosting), checkHostingCertificates: checkHostingCertificates(hosting), showAccountBackups: showAccountBackups(hosting), actOnAccountBackup: actOnAccountBackup(hosting),
    listAdminServices: listAdminServices(pages), showAdminService: showAdminService(pages), actOnAdminService: actOnAdminService({ ...billing, transact, clock, wallClock }),
    issueConsoleTicket: issueConsoleTicket({ ...pages, consoleTickets: tickets }), takeConsoleTicket: tickets.take, openConsole: openConsole({ read, transact, log, openHypervisor: hypervisors.openHypervisor, connectConsole: hypervisors.connectConsole }),
    showSnapshots: showSnapshots(snapshots), actOnSnapshot: actOnSnapshot(snapshots), showReinstall: showReinstall({ read }), reinstall: reinstall({ read, transact, openHypervisor: hypervisors.openHypervisor, newId: uuidv7 }), showMetrics: showMetrics({ read, openHypervisor: hypervisors.openHypervisor, cache: kv }),
    showHistory: showHistory({ read: core.read, wallClock }), cancelTask: cancelTask({ transact, wallClock }),
    showFirewall: showFirewall(firewall), saveFirewall: saveFirewall(firewall),
    showAccess: showAccess({ read }), actOnAccess: actOnAccess({ read, transact, secrets, newPassword }),
    showBackups: showBackups(backups), actOnBackup: actOnBackup(backups), setBackupSchedule: setBackupSchedule(backups), listBackupUsage: listBackupUsage(read), listBackupSchedules: listBackupSchedules(read), listFailedBackups: listFailedBackups(read), listUnbacked: listUnbacked({ backupGaps: read.backupGaps, clock, ruleDays }),
    previewBulk: previewBulk(asking), askBulk: askBulk(asking), decideBulk: decideBulk(asking), listBulkRequests: listBulkRequests({ bulk: read.bulk, clock }), showBulkRequest: showBulkRequest({ bulk: read.bulk, clock }), listBulkItems: listBulkItems({ bulk: read.bulk }), runBulk: bulk,
    /** Enqueues a turn of the approved requests for many services; an equal one that waits already is enough. */
    requestBulk: (requestedBy: string) => read.outbox.emit('provisioning.bulk-due', { requestedBy }, { singletonKey: 'provisioning.bulk' }),
    listHeldBackups: listHeldBackups(backups), showRebuild: showRebuild(backups), rebuildMachine: rebuildMachine(backups),
    showTraffic: showTraffic(traffic), listTraffic: listTraffic(traffic),
    showMove: showMove(moving), moveMachine: moveMachine(moving),
    showServiceAddresses: showServiceAddresses({ read, servicePages: read.servicePages }), chooseLeavingAddress: chooseLeavingAddress({ transact }), giveIpv6: giveIpv6({ transact, servicePages: read.servicePages }),
    listStrays: listStrays(adoption), showAdoption: showAdoption(adoption), adoptMachine: adoptMachine(adoption), unlinkMachine: unlinkMachine(adoption), buildAnew: buildAnew(adoption),
    showReverseDns: showReverseDns({ read }), setReverseDns: setReverseDns({ transact }),
    listClients: listClients(pages), showStaffOverview: showStaffOverview({ ...pages, zone: config.GARDU_TIME_ZONE, countDeadJobs: async () => (await jobs.listDead(1, 1)).total }),
    listDrift: listDrift(drift), settleDrift: settleDrift(drift), checkDrift: compare,
    /** Enqueues a comparison of hypervisors and books; an equal one that waits already is enough. */
    requestDriftCheck: (requestedBy: string) => read.outbox.emit('provisioning.drift-due', { requestedBy }, { singletonKey: 'provisioning.drift' }),
    /** Enqueues a look for backups that are due; an equal one that waits already is enough. */
    requestBackups: (requestedBy: string) => read.outbox.emit('provisioning.backups-due', { requestedBy }, { singletonKey: 'provisioning.backups' }),
    /** Enqueues a question to every panel about its backups; an equal one that waits already is enough. */
    requestAccountBackups: (requestedBy: string) => read.outbox.emit('provisioning.account-backups-due', { requestedBy }, { singletonKey: 'provisioning.account-backups' }),
    /** Enqueues a look at this month's traffic; an equal one that waits already is enough. */
    requestTraffic: (requestedBy: string) => read.outbox.emit('provisioning.traffic-due', { requestedBy }, { singletonKey: 'provisioning.traffic' }),
    /** Enqueues a look for lost sagas; an equal one that waits already is enough. */
    requestRecovery: (requestedBy: string) => read.outbox.emit('provisioning.recover-due', { requestedBy }, { singletonKey: 'provisioning.recover' }),
    runSaga: run, recoverSagas: recover, followBilling: follow,
    handlers: {
      'billing.service-paid': async ({ serviceId, invoiceId }: { serviceId: string, invoiceId: string }) => void await follow({ kind: 'provision', serviceId, cause: invoiceId }),
      'billing.service-suspended': async ({ serviceId, reason }: { serviceId: string, reason: string }) => void await follow({ kind: 'suspend', serviceId, cause: reason }),
      'billing.service-resumable': async ({ serviceId }: { serviceId: string }) => void await follow({ kind: 'resume', serviceId, cause: 'resumable' }),
      'billing.service-changed': async ({ serviceId }: { serviceId: string }) => void await follow({ kind: 'resize', serviceId, cause: 'changed' }),
      'billing.service-ended': async ({ serviceId, reason }: { serviceId: string, reason: string }) => void await follow({ kind: 'terminate', serviceId, cause: reason }),
      'provisioning.drift-due': async () => compare(),
      'provisioning.backups-due': async () => makeBackups(),
      'provisioning.account-backups-due': async () => watchAccounts(),
      'provisioning.bulk-due': async () => bulk(),
      'provisioning.traffic-due': async () => watch(),
      'provisioning.saga-due': run,
      'provisioning.recover-due': async () => void await recover(),
    },
  }
}
