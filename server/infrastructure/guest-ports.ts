import type { MachineRef } from './access-ports.ts'

/** How a machine's owner gets in, and what the machine is called: of a machine that is there. Guarantees as those of `HypervisorDriver`. */
export interface MachineAccess {
  /**
   * Sets the password of a user inside the running guest, through its agent. False: nobody in it answers (no agent, not running, we may not),
   * and nothing was changed. @throws DriverError permanent when the guest refuses, or without the capability
   */
  setPasswordInside(machine: MachineRef, login: { readonly username: string, readonly password: string }): Promise<boolean>
  /** What the guest takes on at its next start, and what its later first boots would set; what is not given stays. @throws DriverError permanent without the capability */
  keepLogin(machine: MachineRef, login: { readonly username: string, readonly password?: string, /** Several: one a line; null: none. */ readonly sshKey?: string | null }): Promise<void>
  /** Its name at the hypervisor, and what the guest is called from its next start on. */
  rename(machine: MachineRef, hostname: string): Promise<void>
  /** What stands there for the guest's next start; null: nothing does. A password is never told. */
  readAccess(machine: MachineRef): Promise<{ readonly hostname: string | null, readonly sshKey: string | null, readonly hasPassword: boolean }>
}

/** A CD image; `nodes`: from which of them it can be reached. */
export interface RemoteIso { /** Names it on its hypervisor. */ readonly ref: string, readonly name: string, readonly bytes: number, readonly nodes: readonly string[] }
export interface MachineRescue {
  /** Of all storages that can be reached now. @throws DriverError permanent without the capability */
  listIsos(): Promise<RemoteIso[]>
  /** The machine, which must be stopped (retryable otherwise), starts from this image before anything else. So already: nothing is done. @throws DriverError permanent without the capability */
  attachRescue(machine: MachineRef, ref: string): Promise<void>
  /** It starts from its disk again, as before; no image is in it: nothing is done. @throws DriverError retryable while it runs, permanent without the capability */
  detachRescue(machine: MachineRef): Promise<void>
  /** The image that it starts from; null: from its disk. @throws DriverError permanent without the capability */
  readRescue(machine: MachineRef): Promise<string | null>
}
