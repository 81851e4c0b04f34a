import { coresOf, disksOf, memoryOf, memoryUse, storageUse } from './state.ts'
import type { ProxmoxState, SimMachine, SimNode } from './state.ts'

/** A figure in 0…1 that wanders smoothly with time and differs by seed: the same moment always gives the same figure. */
const wave = (seed: number, seconds: number) => (Math.sin(seconds / 97 + seed) + Math.sin(seconds / 431 + seed * 3) + Math.sin(seconds / 3607 + seed * 7) + 3) / 6
const seedOf = (text: string) => [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7)

const steps: Record<string, [seconds: number, count: number]> = { hour: [60, 60], day: [60, 1440], week: [1800, 336], month: [1800, 1440], year: [21_600, 1460], decade: [604_800, 520] }

const series = (timeframe: string, now: number, sample: (seconds: number) => Record<string, number | string>) => {
  const [step, count] = steps[timeframe] ?? [60, 60]
  const last = Math.floor(now / 1000 / step) * step
  return Array.from({ length: count }, (_, i) => last - (count - 1 - i) * step).map(time => ({ time, ...sample(time) }))
}

export const nodeCpu = (node: SimNode, seconds: number) => 0.04 + 0.3 * wave(seedOf(node.name), seconds)
export const machineUse = (machine: SimMachine, seconds: number) => machine.running
  ? { cpu: 0.01 + 0.25 * wave(machine.vmid, seconds), mem: Math.round(memoryOf(machine) * (0.25 + 0.35 * wave(machine.vmid + 3, seconds))), netin: Math.round(40_000 * wave(machine.vmid + 5, seconds)), netout: Math.round(90_000 * wave(machine.vmid + 8, seconds)), diskread: Math.round(20_000 * wave(machine.vmid + 11, seconds)), diskwrite: Math.round(60_000 * wave(machine.vmid + 13, seconds)) }
  : { cpu: 0, mem: 0, netin: 0, netout: 0, diskread: 0, diskwrite: 0 }

/** What the cards of a running machine have moved since it began: counters, which only grow and begin anew with each process. */
export const trafficOf = (vmid: number, upSeconds: number) => ({ in: Math.round(20_000 * (1 + vmid % 7) * upSeconds), out: Math.round(45_000 * (1 + vmid % 5) * upSeconds) })

/** Ends now; older than the node's or the machine's life there is nothing. Version 9 adds fields that 8 does not know. */
export function nodeSamples(state: ProxmoxState, node: SimNode, timeframe: string, now: number) {
  const used = memoryUse(state, node.name)
  return series(timeframe, now, (t) => {
    const cpu = nodeCpu(node, t)
    return { loadavg: Number((cpu * node.cores).toFixed(2)), maxcpu: node.cores, cpu, iowait: 0.002, memtotal: node.memory, memused: used, swaptotal: 8 * 1024 ** 3, swapused: 0, roottotal: 94 * 1024 ** 3, rootused: 11 * 1024 ** 3, netin: 1e6 * wave(3, t), netout: 2e6 * wave(5, t), ...(state.version.startsWith('9') ? { memavailable: node.memory - used, arcsize: 0, pressurecpusome: 12 * wave(7, t), pressureiosome: 6 * wave(9, t), pressureiofull: 3 * wave(9, t), pressurememorysome: 0, pressurememoryfull: 0 } : {}) }
  })
}
export const machineSamples = (state: ProxmoxState, machine: SimMachine, timeframe: string, now: number) => series(timeframe, now, (t): Record<string, number> => {
  const base = { maxcpu: coresOf(machine), maxmem: memoryOf(machine), maxdisk: disksOf(machine)[0]?.bytes ?? 0, disk: 0 }
  return machine.running && t * 1000 >= machine.startedAt ? { ...base, ...machineUse(machine, t), ...(state.version.startsWith('9') ? { memhost: memoryOf(machine) } : {}) } : base
})

export function storageView(state: ProxmoxState, node: string) {
  return state.storages.filter(s => s.node === null || s.node === node).map((s) => {
    const used = s.active ? storageUse(state, s) : 0
    return { storage: s.storage, type: s.type, content: s.content, active: s.active ? 1 : 0, enabled: 1, shared: s.node === null ? 1 : 0, total: s.active ? s.total : 0, used, avail: s.active ? Math.max(0, s.total - used) : 0, used_fraction: s.active ? used / s.total : 0 }
  })
}
