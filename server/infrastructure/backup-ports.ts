import type { MachineType } from '#shared/vocabulary/machines.ts'
import type { MachineRef, TaskHandle } from './access-ports.ts'

/** A backup that we asked for. `id` is ours and stands beside the mark in its notes: the number of its machine alone proves nothing, for numbers are given again. */
export interface BackupRef { readonly id: string, /** Of the machine at the time of the backup. */ readonly ownershipMark: string, /** Number of the machine at that time. */ readonly vmid: number }
/** `node`: where it can be read; on a storage that nodes share any of them. */
export interface RemoteBackup extends BackupRef { readonly volume: string, readonly node: string, readonly sizeBytes: number, readonly at: Date }
/** `complete` false: a node that may keep some did not answer, so what is missing is not gone. */
export interface BackupList { readonly backups: readonly RemoteBackup[], readonly complete: boolean }

/** What the archive itself says of the machine in it. `nodes`: those that can read it. */
export interface BackupContent { readonly machineType: MachineType, /** Of its largest system disk; null: it has none. */ readonly diskGiB: number | null, readonly nodes: readonly string[] }
/** A machine that does not exist yet. `token` names the restore that fills it. */
export interface MachineFromBackup { readonly backup: BackupRef, readonly vmid: number, readonly node: string, readonly hostname: string, readonly ownershipMark: string, readonly token: string }

/** Backups of whole machines on a storage of their own. @throws DriverError permanent without the capability, action_required where no backup storage is set */
export interface MachineBackups {
  /** Ours of this number, oldest first, whoever has the number now. One that is still being made is not among them. @throws DriverError action_required when the token may not see them all */
  listBackups(vmid: number): Promise<BackupList>
  /** While the machine goes on. One of this id is there: nothing is done. One that is being made of this machine is answered instead of beginning a second. */
  createBackup(machine: MachineRef, id: string): Promise<TaskHandle | null>
  /** Needs no machine. Gone already: nothing is done. @throws DriverError retryable when it cannot be told */
  deleteBackup(backup: BackupRef): Promise<TaskHandle | null>
  /**
   * Over our stopped machine, under its number: disks, size, network and filter are as they were then, and its snapshots are gone. It carries its own
   * mark from the first moment on, whatever mark the backup has. `token` names this restore: asked again after it has ended, nothing is done.
   * @throws DriverError not_found for a backup that is gone, not_ours where notes or content carry another mark, permanent where the node cannot read it
   */
  restoreBackup(machine: MachineRef, backup: BackupRef, token: string, options?: { /** Its cards get addresses of their own, for the machine in the backup may run beside it. */ readonly newCards: boolean }): Promise<TaskHandle | null>
  /** Reads the archive, and proves it as a restore does. Changes nothing. @throws DriverError not_found for a backup that is gone, not_ours where notes or content carry another mark */
  readBackup(backup: BackupRef): Promise<BackupContent>
  /**
   * Makes a machine under a free number that `restoreBackup` with the same token then fills, marked as ours by the very call that makes it, whatever mark the backup has: empty where machines can be empty, else with the
   * backup in it already. It is never started. Repeated, taken or lost it answers as `clone` does.
   */
  makeForBackup(input: MachineFromBackup): Promise<TaskHandle>
}
