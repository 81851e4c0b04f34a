import { describe, expect, it } from 'vitest'
import { chosenTemplate, differences } from '#server/provisioning/provision-service.ts'
import { hypervisorCapabilities } from '#shared/vocabulary/machines.ts'
import type { MachineState } from '#server/infrastructure/ports.ts'

describe('the template of a build under way', () => {
  it('is read by its reference, and by its number where an earlier release stored it', () => {
    expect(chosenTemplate({ template: { node: 'pve1', ref: '9000' } })).toEqual({ node: 'pve1', ref: '9000' })
    expect(chosenTemplate({ template: { node: 'pve1', vmid: 9000 } })).toEqual({ node: 'pve1', ref: '9000' })
    expect(chosenTemplate({ template: null })).toBeNull()
    expect(chosenTemplate({})).toBeNull()
  })
})

describe('what was sold against what is there', () => {
  const facts = { spec: { cpuCores: 2, ramMiB: 2048, diskGiB: 40, rateMbps: 100 }, address: { ipv4: '203.0.113.10', prefixLength: 24, gateway: '203.0.113.1', nameservers: [], nodes: [], connectionId: 'c' } }
  const seen: MachineState = { node: 'esx1', vmid: 105, name: 'a', power: 'running', lock: null, cpu: 0, cpuCores: 2, memoryUsedMiB: 0, memoryTotalMiB: 2048, diskGiB: 40, uptimeSeconds: 1, ownershipMark: 'm', ipv4: '203.0.113.10', ipv6: null, rateMbps: null, startsAtBoot: null, networkUp: true, filteredAddresses: null }
  it('asks for a filter only of hypervisors that have one', () => {
    expect(differences(facts, seen, hypervisorCapabilities.vcenter)).toEqual([])
    expect(differences(facts, seen, hypervisorCapabilities.proxmox)).toEqual(['sender addresses are not filtered'])
  })
  it('asks for the bridge and the VLAN that the pool names, and for nothing where it names none or the hypervisor does not tell', () => {
    const on = (bridge: string | null, vlanTag: number | null) => differences({ ...facts, address: { ...facts.address, bridge: 'vmbr1', vlanTag: 120 } }, { ...seen, network: { bridge, vlanTag } }, hypervisorCapabilities.vcenter)
    expect(on('vmbr1', 120)).toEqual([])
    expect(on('vmbr0', 120)).toEqual(['network vmbr0 instead of vmbr1'])
    expect(on('vmbr1', null)).toEqual(['VLAN none instead of 120'])
    expect(differences(facts, { ...seen, network: { bridge: 'vmbr9', vlanTag: 9 } }, hypervisorCapabilities.vcenter)).toEqual([])
    expect(differences({ ...facts, address: { ...facts.address, bridge: 'VLAN 12' } }, seen, hypervisorCapabilities.vcenter)).toEqual([])
  })
  it('asks for everything else of all of them', () => {
    expect(differences(facts, { ...seen, cpuCores: 1, memoryTotalMiB: 1024, diskGiB: 20, ipv4: '203.0.113.99', networkUp: false }, hypervisorCapabilities.esxi)).toHaveLength(5)
  })
})
