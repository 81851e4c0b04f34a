import type { MachineRef, TaskHandle } from './access-ports.ts'

/** A backup that we asked for. `id` is ours and stands beside the mark in its notes: the number of its machine alone proves nothing, for numbers are given again. */
export interface BackupRef { readonly id: string, /** Of the machine at the time of the backup. */ readonly ownershipMark: string, /** Number of the machine at that time. */ readonly vmid: number }
/** `node`: where it can be read; on a storage that nodes share any of them. */
export interface RemoteBackup extends BackupRef { readonly volume: string, readonly node: string, readonly sizeBytes: number, readonly at: Date }
/** `complete` false: a node that may keep some did not answer, so what is missing is not gone. */
export interface BackupList { readonly backups: readonly RemoteBackup[], readonly complete: boolean }

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
  restoreBackup(machine: MachineRef, backup: BackupRef, token: string): Promise<TaskHandle | null>
}
