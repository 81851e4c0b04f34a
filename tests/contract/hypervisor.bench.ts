import { DriverError } from '#shared/errors/driver-error.ts'
import type { DriverErrorKind } from '#shared/errors/driver-error.ts'
import type { HypervisorDriver, MachineSpec, TaskHandle, TaskState } from '#server/infrastructure/ports.ts'

type Answer<T> = T | Promise<T>

/** A hypervisor under test, its wires and its faults; each driver's test file brings one. */
export interface HypervisorBench {
  readonly driver: HypervisorDriver
  readonly template: { readonly node: string, readonly ref: string }
  readonly node: string
  readonly otherNode: string
  /** What cards of its machines attach to. */
  readonly network: string
  /** The next call that creates is carried out and never answered. */
  loseCloneAnswer(): void
  /** The next call that changes the address filter is carried out and never answered. */
  loseFilterAnswer(): void
  /** The next call that changes size or disk is carried out and never answered. */
  loseResizeAnswer(): void
  /** The next call that takes, goes back to or deletes a snapshot is carried out and never answered. */
  loseSnapshotAnswer(): void
  /** The next call that makes, restores or deletes a backup is carried out and never answered. */
  loseBackupAnswer(): void
  /** Somebody backs a machine up past us. */
  backUpByHand(vmid: number): Answer<void>
  /** Somebody puts another machine's content into a backup. */
  forgeBackup(id: string): Answer<void>
  countBackups(): Answer<number>
  /** The next call that moves a machine is carried out and never answered. */
  loseMoveAnswer(): void
  /** Somebody takes a snapshot past us. */
  takeByHand(vmid: number, name: string): Answer<void>
  /** Whether this is the password that was set inside the guest. Where there is a way in. */
  insideHas?(vmid: number, username: string, password: string): Answer<boolean>
  /** From now on nobody answers inside the guest. */
  silenceAgent?(vmid: number): Answer<void>
  /** What the hypervisor keeps of the machine's password; null: none. */
  passwordOf(vmid: number): Answer<string | null>
  /** Somebody lets one more address pass. */
  letPass(vmid: number, address: string): Answer<void>
  switchFilterOff(vmid: number): Answer<void>
  /** Somebody writes a firewall rule past us, at the top; only where machines have rules. */
  ruleByHand?(vmid: number, rule: Record<string, string>): Answer<void>
  holdTasks(held: boolean): void
  warnTasks(): void
  failTasks(type: string): void
  lock(vmid: number, lock: string | null): Answer<void>
  /** Somebody else's machine under this number. */
  addForeign(vmid: number): Answer<void>
  migrate(vmid: number, node: string): Answer<void>
  removeTemplate(): Answer<void>
  fillStorage(): void
  nodeOffline(node: string): void
  copyMachine(vmid: number, to: number): Answer<void>
  /** The raw state of a machine, to compare before and after. */
  snapshot(vmid: number): Answer<string | null>
  countMachines(): Answer<number>
  reads(vmid: number): Answer<{ running: boolean, onboot: boolean, linkDown: boolean, mac: string | null, rate: string | null, sshKeys: string | null, tags: string, description: string, diskGiB: number }>
  /** The addresses that the hypervisor itself lets pass; null: any. */
  passes(vmid: number): Answer<string[] | null>
  /** Requests that changed something. */
  writes(): number
  close(): Promise<void>
}

export const mark = '01900000-0000-7000-8000-00000000abcd'
export const otherMark = '01900000-0000-7000-8000-00000000ef01'
export const spec: MachineSpec = { hostname: 'vps1.contoh.test', cpuCores: 2, ramMiB: 2048, diskGiB: 40, rateMbps: 100, address: { ipv4: '203.0.113.10', prefixLength: 24, gateway: '203.0.113.1', nameservers: ['203.0.113.53', '9.9.9.9'] }, login: { username: 'debian', password: 'Rahasia-123', sshKey: 'ssh-ed25519 AAAAC3Nz+/= budi@contoh (kantor)\nssh-ed25519 AAAAC3Nz+0= budi@rumah' } }

export const failureOf = async (work: Promise<unknown>): Promise<DriverError> => {
  const thrown = await work.then(value => new Error(`no failure, but ${JSON.stringify(value)}`), (error: unknown) => error)
  if (thrown instanceof DriverError) return thrown
  throw thrown
}
export const kindOf = async (work: Promise<unknown>): Promise<DriverErrorKind> => (await failureOf(work)).kind

export async function finished(driver: HypervisorDriver, handle: TaskHandle | null): Promise<TaskState> {
  if (!handle) return { state: 'done', warnings: false }
  const until = performance.now() + 5000
  for (;;) {
    const state = await driver.task(handle)
    if (state.state !== 'running') return state
    if (performance.now() > until) throw new Error('the task does not end')
  }
}
