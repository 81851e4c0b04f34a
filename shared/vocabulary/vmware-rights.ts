/** Privileges of a user of vCenter or ESXi, by VMware's own names. Without one of these machines are not made, run and ended. */
const neededEverywhere = ['System.View', 'System.Read', 'VirtualMachine.Inventory.Delete', 'VirtualMachine.Config.CPUCount', 'VirtualMachine.Config.Memory', 'VirtualMachine.Config.DiskExtend', 'VirtualMachine.Config.EditDevice', 'VirtualMachine.Config.AddRemoveDevice', 'VirtualMachine.Config.AdvancedConfig', 'VirtualMachine.Config.Annotation', 'VirtualMachine.Config.Settings', 'VirtualMachine.Interact.PowerOn', 'VirtualMachine.Interact.PowerOff', 'VirtualMachine.Interact.Reset', 'VirtualMachine.State.CreateSnapshot', 'VirtualMachine.State.RevertToSnapshot', 'VirtualMachine.State.RemoveSnapshot', 'Datastore.AllocateSpace', 'Network.Assign', 'Resource.AssignVMToPool'] as const
const ofVcenter = ['VirtualMachine.Inventory.CreateFromExisting', 'VirtualMachine.Provisioning.DeployTemplate', 'VirtualMachine.Provisioning.Clone', 'Resource.HotMigrate', 'Resource.ColdMigrate'] as const
const ofEsxi = ['VirtualMachine.Inventory.Create', 'VirtualMachine.Config.AddExistingDisk', 'Datastore.Browse', 'Datastore.FileManagement'] as const
/** Where consoles are shown in the browser. */
export const consoleRight = 'VirtualMachine.Interact.ConsoleInteract'
export const neededVmwareRights = { vcenter: [...neededEverywhere, ...ofVcenter], esxi: [...neededEverywhere, ...ofEsxi] } as const
/** Without one of these something is missing, and the rest works. A host that stands alone customises no guests. */
export const furtherVmwareRights = { vcenter: ['VirtualMachine.Provisioning.Customize', 'VirtualMachine.Config.Rename'], esxi: ['VirtualMachine.Config.Rename'] } as const
const known = [...neededEverywhere, ...ofVcenter, ...ofEsxi, consoleRight, ...furtherVmwareRights.vcenter] as const
export type VmwareRight = typeof known[number]
export const isVmwareRight = (name: string): name is VmwareRight => known.some(each => each === name)
export const isFurtherVmwareRight = (name: string): boolean => furtherVmwareRights.vcenter.some(each => each === name)
type Underlined<T extends string> = T extends `${infer Head}.${infer Rest}` ? `${Head}_${Underlined<Rest>}` : T
/** Its name where a dot means something else. */
export const rightKey = <T extends VmwareRight>(right: T): Underlined<T> => right.replaceAll('.', '_') as Underlined<T>
