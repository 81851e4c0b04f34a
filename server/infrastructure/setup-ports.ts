/** How far a guest is that its hypervisor customises at its first start. `running`: neither success nor failure was told; `message`: the hypervisor's own words. */
export type MachineSetup = { readonly state: 'running' | 'done' } | { readonly state: 'failed', readonly message: string }
