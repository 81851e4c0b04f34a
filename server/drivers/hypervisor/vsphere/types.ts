/**
 * The elements of the vim25 types and calls that we send, in the order of the vendor's schema. Real servers refuse any other order
 * ("Unexpected element tag while parsing serialized DataObject"). Source: govmomi's vim25/types/types.go; a unit test compares.
 * Only what we use: an element that is missing here cannot be sent.
 */
export const elementOrder = {
  // Calls, under the name of their request type
  RetrieveServiceContentRequestType: ['_this'],
  LoginRequestType: ['_this', 'userName', 'password'],
  LogoutRequestType: ['_this'],
  CreateContainerViewRequestType: ['_this', 'container', 'type', 'recursive'],
  DestroyViewRequestType: ['_this'],
  RetrievePropertiesExRequestType: ['_this', 'specSet', 'options'],
  ContinueRetrievePropertiesExRequestType: ['_this', 'token'],
  HasPrivilegeOnEntitiesRequestType: ['_this', 'entity', 'sessionId', 'privId'],
  FindByUuidRequestType: ['_this', 'uuid', 'vmSearch', 'instanceUuid'],
  CloneVMRequestType: ['_this', 'folder', 'name', 'spec'],
  CreateVMRequestType: ['_this', 'config', 'pool', 'host'],
  ReconfigVMRequestType: ['_this', 'spec'],
  PowerOnVMRequestType: ['_this'],
  PowerOffVMRequestType: ['_this'],
  ResetVMRequestType: ['_this'],
  ShutdownGuestRequestType: ['_this'],
  RebootGuestRequestType: ['_this'],
  DestroyRequestType: ['_this'],
  MakeDirectoryRequestType: ['_this', 'name', 'datacenter', 'createParentDirectories'],
  DeleteDatastoreFileRequestType: ['_this', 'name', 'datacenter'],
  CopyVirtualDiskRequestType: ['_this', 'sourceName', 'sourceDatacenter', 'destName', 'destDatacenter', 'destSpec', 'force'],
  SearchDatastoreSubFoldersRequestType: ['_this', 'datastorePath', 'searchSpec'],
  // Reading
  PropertyFilterSpec: ['propSet', 'objectSet'],
  PropertySpec: ['type', 'all', 'pathSet'],
  ObjectSpec: ['obj', 'skip', 'selectSet'],
  TraversalSpec: ['name', 'type', 'path', 'skip'],
  RetrieveOptions: ['maxObjects'],
  HostDatastoreBrowserSearchSpec: ['query', 'matchPattern'],
  VmDiskFileQuery: ['details'],
  VmDiskFileQueryFlags: ['diskType', 'capacityKb', 'hardwareVersion'],
  VirtualDiskSpec: ['diskType', 'adapterType'],
  // Machines
  VirtualMachineCloneSpec: ['location', 'template', 'config', 'powerOn'],
  VirtualMachineRelocateSpec: ['datastore', 'pool', 'host'],
  VirtualMachineConfigSpec: ['name', 'instanceUuid', 'guestId', 'annotation', 'files', 'numCPUs', 'numCoresPerSocket', 'memoryMB', 'deviceChange', 'extraConfig'],
  VirtualMachineFileInfo: ['vmPathName'],
  OptionValue: ['key', 'value'],
  VirtualDeviceConfigSpec: ['operation', 'device'],
  VirtualDeviceConnectInfo: ['migrateConnect', 'startConnected', 'allowGuestControl', 'connected', 'status'],
  ParaVirtualSCSIController: ['key', 'busNumber', 'sharedBus'],
  VirtualDisk: ['key', 'deviceInfo', 'backing', 'connectable', 'slotInfo', 'controllerKey', 'unitNumber', 'capacityInKB', 'capacityInBytes', 'shares'],
  VirtualDiskFlatVer2BackingInfo: ['fileName', 'diskMode', 'thinProvisioned'],
  VirtualEthernetCard: ['key', 'deviceInfo', 'backing', 'connectable', 'slotInfo', 'controllerKey', 'unitNumber', 'addressType', 'macAddress', 'wakeOnLanEnabled', 'resourceAllocation'],
  VirtualVmxnet3: ['key', 'deviceInfo', 'backing', 'connectable', 'controllerKey', 'unitNumber', 'addressType', 'macAddress'],
  VirtualEthernetCardNetworkBackingInfo: ['deviceName', 'network'],
  VirtualEthernetCardDistributedVirtualPortBackingInfo: ['port'],
  DistributedVirtualSwitchPortConnection: ['switchUuid', 'portgroupKey'],
} as const satisfies Record<string, readonly string[]>
export type SentType = keyof typeof elementOrder
