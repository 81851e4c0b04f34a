import { DriverError } from '#shared/errors/driver-error.ts'
import type { DriverErrorKind } from '#shared/errors/driver-error.ts'
import type { TaskState } from '#server/infrastructure/ports.ts'
import { childOf, childrenOf, morOf, textOf } from './xml.ts'
import type { XmlNode } from './xml.ts'

/** A refusal in the server's own words: of a call, or of a task. `detail` holds the fault's elements. */
export interface Fault { readonly name: string, readonly message: string, readonly detail: XmlNode | undefined }

/** The driver's error together with the fault that it was made of, for acts that a fault may mean "it is so already" to. */
export class VsphereError extends DriverError {
  readonly fault: Fault
  constructor(kind: DriverErrorKind, message: string, fault: Fault, options: { afterSeconds?: number, who?: 'sysadmin' } = {}) {
    super(kind, message, options)
    this.fault = fault
  }
}
export const isFault = (error: unknown, ...names: string[]): error is VsphereError => error instanceof VsphereError && names.includes(error.fault.name)

/** Names of vim25 faults → what they mean for the caller. What is not here is retryable: a fault says that the act did not happen. */
const meanings: Readonly<Record<string, DriverErrorKind>> = {
  InvalidLogin: 'action_required', NoPermission: 'action_required', RestrictedVersion: 'action_required', LicenseExpired: 'action_required', InvalidLicense: 'action_required', NotEnoughLicenses: 'action_required',
  NoDiskSpace: 'action_required', InsufficientStorageSpace: 'action_required', InsufficientStorageIops: 'action_required', InsufficientResourcesFault: 'action_required', InsufficientMemoryResourcesFault: 'action_required', InsufficientCpuResourcesFault: 'action_required',
  NoCompatibleHost: 'action_required', InvalidDatastore: 'action_required', InaccessibleDatastore: 'action_required', MismatchedNetworkPolicies: 'action_required',
  ManagedObjectNotFound: 'not_found', FileNotFound: 'not_found',
  MethodNotFound: 'permanent', NotSupported: 'permanent', InvalidArgument: 'permanent', InvalidProperty: 'permanent', InvalidRequest: 'permanent', InvalidType: 'permanent', InvalidVmConfig: 'permanent', InvalidDeviceSpec: 'permanent', InvalidName: 'permanent',
  // Thrown when something inside broke: it may have broken afterwards.
  SystemError: 'unknown_outcome', RuntimeFault: 'unknown_outcome', HostCommunication: 'unknown_outcome', TimedOut: 'unknown_outcome', Timedout: 'unknown_outcome',
}
const soon = new Set(['TaskInProgress', 'ConcurrentAccess', 'ResourceInUse', 'FileLocked', 'InvalidPowerState', 'InvalidState'])

function explain({ name, message, detail }: Fault): string {
  const said = message && message !== name ? `${name}: ${message}` : name
  switch (name) {
    case 'InvalidLogin': return 'the user name or the password is not accepted'
    case 'NoPermission': return `the user lacks the privilege ${textOf(detail, 'privilegeId') ?? '(not named)'} on ${morOf(childOf(detail, 'object'))?.type ?? 'an object'}`
    case 'RestrictedVersion': return 'the licence of this host (the free one) allows reading only; machines need a paid licence'
    case 'InvalidArgument': case 'InvalidProperty': return `${said} (${textOf(detail, 'invalidProperty') ?? textOf(detail, 'name') ?? ''})`
    default: return said
  }
}

export function toVsphereError(label: string, fault: Fault, read: boolean): VsphereError {
  const told = meanings[fault.name] ?? 'retryable'
  const kind = told === 'unknown_outcome' && read ? 'retryable' : told
  return new VsphereError(kind, `${label}: ${explain(fault)}`.slice(0, 500), fault, { ...(kind === 'action_required' ? { who: 'sysadmin' as const } : {}), ...(soon.has(fault.name) ? { afterSeconds: 5 } : {}) })
}

/** The fault in the body of an answer with status 500. */
export function faultOf(body: XmlNode | undefined): Fault {
  const fault = childOf(body, 'Fault')
  const detail = childOf(fault, 'detail')?.children[0]
  const name = detail?.xsiType ?? detail?.name.replace(/Fault$/, '') ?? 'SystemError'
  return { name, message: (textOf(fault, 'faultstring') ?? '').trim(), detail }
}
/** A fault inside another answer: `Task.info.error`, a property that could not be read. */
export const localizedFault = (found: XmlNode | undefined): Fault => {
  const detail = childOf(found, 'fault')
  return { name: detail?.xsiType ?? 'SystemError', message: (textOf(found, 'localizedMessage') ?? '').trim(), detail }
}

/** The power state that was asked for is the one that is there. */
export const isSoAlready = ({ name, detail }: Fault): boolean => name === 'InvalidPowerState' && textOf(detail, 'requestedState') !== null && textOf(detail, 'requestedState') === textOf(detail, 'existingState')

/** What a task's `info` says. */
export function toTaskState(label: string, state: string, error: XmlNode | undefined): TaskState {
  if (state === 'queued' || state === 'running') return { state: 'running' }
  if (state === 'success') return { state: 'done', warnings: false }
  const fault = localizedFault(error)
  if (isSoAlready(fault)) return { state: 'done', warnings: false }
  const told = toVsphereError(label, fault, false)
  const causes = childrenOf(fault.detail, 'faultMessage').map(entry => textOf(entry, 'message')).filter(text => text)
  return { state: 'failed', message: [told.message, ...causes].join('; ').slice(0, 500), kind: told.kind }
}
