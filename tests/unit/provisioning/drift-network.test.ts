import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { MachineState } from '#server/infrastructure/ports.ts'
import { networkDrift, portionOf } from '#server/provisioning/drift-network.ts'
import type { ExpectedMachine } from '#server/provisioning/drift-ports.ts'

it('the hours go round over all machines, each once in a round, and within an hour the same ones', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 500_000 }), (n, most, start) => {
    const machines = Array.from({ length: n }, (_, i) => ({ serviceId: String(i).padStart(3, '0') }))
    const at = (hours: number, minutes = 0) => portionOf(machines.toReversed(), new Date((hours * 60 + minutes) * 60_000), most)
    const rounds = Math.max(1, Math.ceil(n / most))
    const seen = Array.from({ length: rounds }, (_, i) => at(start + i)).flat()
    expect(seen.map(({ serviceId }) => serviceId).sort()).toEqual(machines.map(({ serviceId }) => serviceId))
    expect(at(start, 59)).toEqual(at(start))
  }))
})

it('another hardware address is told when both are known, and nobody is alarmed about one that is not', () => {
  const machine: ExpectedMachine = { serviceId: 's', hostname: 'vps', status: 'ready', ownershipMark: 'm', vmid: 101, node: 'pve1', mac: null, spec: { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100 }, busy: false, changed: false }
  const state: MachineState = { node: 'pve1', vmid: 101, name: 'vps', power: 'running', lock: null, cpu: 0, cpuCores: 1, memoryUsedMiB: 0, memoryTotalMiB: 1024, diskGiB: 20, uptimeSeconds: 1, ownershipMark: 'm', ipv4: null, ipv6: null, rateMbps: null, startsAtBoot: true, networkUp: true, filteredAddresses: null }
  const mac = fc.constantFrom(null, 'BC:24:11:00:00:01', 'BC:24:11:00:00:02')
  fc.assert(fc.property(mac, fc.option(mac, { nil: undefined }), fc.boolean(), (known, seen, locked) => {
    const found = networkDrift({ machine: { ...machine, mac: known }, facts: { address: null }, network: null, seen: { ...state, lock: locked ? 'backup' : null, ...seen === undefined ? {} : { mac: seen } }, firewall: null, filters: true })
    expect(found.map(({ kind }) => kind)).toEqual(known !== null && seen && known !== seen && !locked ? ['wrong_mac'] : [])
  }))
})
