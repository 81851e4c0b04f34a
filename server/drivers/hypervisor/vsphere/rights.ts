import type { VmwareRight } from '#shared/vocabulary/vmware-rights.ts'
import type { elementOrder, SentType } from './types.ts'

/** Calls for which reading everything is enough. */
export const readingCalls = ['RetrieveServiceContentRequestType', 'LoginRequestType', 'LogoutRequestType', 'CreateContainerViewRequestType', 'DestroyViewRequestType', 'RetrievePropertiesExRequestType', 'ContinueRetrievePropertiesExRequestType', 'HasPrivilegeOnEntitiesRequestType', 'FindByUuidRequestType', 'QueryEventsRequestType', 'CurrentTimeRequestType', 'QueryPerfRequestType'] as const satisfies readonly SentType[]
type ActingCall = Exclude<Extract<SentType, `${string}RequestType`>, typeof readingCalls[number]>
interface Rights { readonly on: readonly ('vcenter' | 'esxi')[], readonly rights: readonly VmwareRight[] }
const anywhere = (...rights: VmwareRight[]): Rights => ({ on: ['vcenter', 'esxi'], rights })
const vcenter = (...rights: VmwareRight[]): Rights => ({ on: ['vcenter'], rights })
const esxi = (...rights: VmwareRight[]): Rights => ({ on: ['esxi'], rights })

/** What VMware's reference asks for each call that the driver sends: the connection test asks for all of it, and a call that is not here cannot be compiled. */
export const rightsOfCalls: Readonly<Record<ActingCall, Rights>> = {
  CloneVMRequestType: vcenter('VirtualMachine.Inventory.CreateFromExisting', 'VirtualMachine.Provisioning.DeployTemplate', 'VirtualMachine.Provisioning.Clone', 'Resource.AssignVMToPool', 'Datastore.AllocateSpace', 'Network.Assign'),
  CreateVMRequestType: esxi('VirtualMachine.Inventory.Create', 'VirtualMachine.Config.AddExistingDisk', 'VirtualMachine.Config.AddRemoveDevice', 'Resource.AssignVMToPool', 'Datastore.AllocateSpace', 'Network.Assign'),
  // What it asks for is told by what is changed, below.
  ReconfigVMRequestType: anywhere(),
  CustomizeVMRequestType: vcenter('VirtualMachine.Provisioning.Customize'),
  PowerOnVMRequestType: anywhere('VirtualMachine.Interact.PowerOn'),
  PowerOffVMRequestType: anywhere('VirtualMachine.Interact.PowerOff'),
  ShutdownGuestRequestType: anywhere('VirtualMachine.Interact.PowerOff'),
  ResetVMRequestType: anywhere('VirtualMachine.Interact.Reset'),
  RebootGuestRequestType: anywhere('VirtualMachine.Interact.Reset'),
  AcquireTicketRequestType: anywhere('VirtualMachine.Interact.ConsoleInteract'),
  DestroyRequestType: anywhere('VirtualMachine.Inventory.Delete'),
  RelocateVMRequestType: vcenter('Resource.HotMigrate', 'Resource.ColdMigrate', 'Datastore.AllocateSpace', 'Network.Assign'),
  CreateSnapshotRequestType: anywhere('VirtualMachine.State.CreateSnapshot'),
  RevertToSnapshotRequestType: anywhere('VirtualMachine.State.RevertToSnapshot'),
  RemoveSnapshotRequestType: anywhere('VirtualMachine.State.RemoveSnapshot'),
  MakeDirectoryRequestType: esxi('Datastore.FileManagement'),
  DeleteDatastoreFileRequestType: esxi('Datastore.FileManagement'),
  CopyVirtualDiskRequestType: esxi('Datastore.FileManagement'),
  SearchDatastoreSubFoldersRequestType: esxi('Datastore.Browse'),
}
/** The same of the parts of a machine's settings. */
export const rightsOfSettings: Readonly<Record<typeof elementOrder.VirtualMachineConfigSpec[number], readonly VmwareRight[]>> = {
  name: ['VirtualMachine.Config.Rename'], instanceUuid: ['VirtualMachine.Config.Settings'], guestId: ['VirtualMachine.Config.Settings'], annotation: ['VirtualMachine.Config.Annotation'], files: [], numCPUs: ['VirtualMachine.Config.CPUCount'], numCoresPerSocket: ['VirtualMachine.Config.CPUCount'], memoryMB: ['VirtualMachine.Config.Memory'],
  deviceChange: ['VirtualMachine.Config.EditDevice', 'VirtualMachine.Config.AddRemoveDevice', 'VirtualMachine.Config.DiskExtend', 'Network.Assign'], extraConfig: ['VirtualMachine.Config.AdvancedConfig'],
}
