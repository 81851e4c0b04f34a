import { expect, it } from 'vitest'
import { firewallDifference } from '#server/infrastructure/firewall-ports.ts'
import type { MachineRef } from '#server/infrastructure/ports.ts'
import type { FirewallRule, FirewallWish } from '#shared/vocabulary/firewall.ts'
import { kindOf, spec } from './hypervisor.bench.ts'
import type { HypervisorBench } from './hypervisor.bench.ts'

interface World { readonly bench: () => HypervisorBench, readonly machine: () => MachineRef, readonly build: () => Promise<void> }
const rule = (change: Partial<FirewallRule> = {}): FirewallRule => ({ direction: 'in', action: 'accept', protocol: 'tcp', ports: '22', peers: [], comment: '', enabled: true, ...change })
const full: FirewallWish = { policyIn: 'drop', rules: [
  rule({ peers: ['198.51.100.0/24', '192.0.2.7'], comment: 'kantor é #1' }), rule({ protocol: 'udp', ports: '53,8000-8100' }), rule({ protocol: 'icmp', ports: '' }), rule({ protocol: 'icmpv6', ports: '', peers: ['2001:db8::/32'] }),
  rule({ action: 'reject', protocol: 'any', ports: '', enabled: false }), rule({ direction: 'out', action: 'drop', ports: '25', peers: ['203.0.113.99'] }),
] }

/** What a hypervisor with firewall rules for machines guarantees; one without refuses for good. */
export function firewallCases(can: boolean, { bench, machine, build }: World) {
  const driver = () => bench().driver
  if (!can) {
    it('without firewall rules both acts fail for good, and nothing is sent', async () => {
      await build()
      const writes = bench().writes()
      expect(await kindOf(driver().readFirewall(machine()))).toBe('permanent')
      expect(await kindOf(driver().setFirewall(machine(), full))).toBe('permanent')
      expect(bench().writes()).toBe(writes)
    })
    return
  }
  const difference = async (wish: FirewallWish) => firewallDifference(wish, await driver().readFirewall(machine()))
  it('firewall rules of every sort are read back as they were wished; asked again, nothing is sent', async () => {
    await build()
    await driver().setFirewall(machine(), full)
    expect(await driver().readFirewall(machine())).toEqual({ ...full, tidy: true, foreign: [] })
    const writes = bench().writes()
    await driver().setFirewall(machine(), full)
    expect(bench().writes()).toBe(writes)
  })
  it('another list takes the place of the old one, in its order, and none leaves nothing', async () => {
    await build()
    await driver().setFirewall(machine(), full)
    const next: FirewallWish = { policyIn: 'drop', rules: [full.rules[1], rule({ ports: '443' }), full.rules[0]].filter(one => one !== undefined) }
    await driver().setFirewall(machine(), next)
    expect(await difference(next)).toBeNull()
    await driver().setFirewall(machine(), { policyIn: 'accept', rules: [] })
    expect(await driver().readFirewall(machine())).toEqual({ policyIn: 'accept', rules: [], tidy: true, foreign: [] })
  })
  it('rules that others made stay as they are and before ours, whatever is wished', async () => {
    await build()
    await driver().setFirewall(machine(), full)
    await bench().ruleByHand?.(machine().vmid, { type: 'in', action: 'DROP', enable: '1', proto: 'tcp', dport: '3306', log: 'info' })
    await bench().ruleByHand?.(machine().vmid, { type: 'group', action: 'kantor', enable: '1', comment: 'gardu' })
    expect(await driver().readFirewall(machine())).toMatchObject({ tidy: true, foreign: ['GROUP kantor # gardu', 'IN DROP proto=tcp dport=3306 log=info'] })
    const next = { ...full, rules: full.rules.slice(1) }
    await driver().setFirewall(machine(), next)
    expect(await difference(next)).toBeNull()
    expect((await driver().readFirewall(machine())).foreign).toHaveLength(2)
  })
  it('a rule of ours that was changed by hand is seen and put right', async () => {
    await build()
    await driver().setFirewall(machine(), full)
    await bench().ruleByHand?.(machine().vmid, { type: 'in', action: 'ACCEPT', enable: '1', comment: 'gardu: mine', log: 'debug' })
    expect(await difference(full)).toBe('firewall rules were moved or changed by hand')
    await driver().setFirewall(machine(), full)
    expect(await difference(full)).toBeNull()
  })
  it('the address filter stands as it stood, and written again it leaves rules and policy', async () => {
    await build()
    await driver().setFirewall(machine(), full)
    expect(await bench().passes(machine().vmid)).toEqual([spec.address.ipv4])
    await bench().switchFilterOff(machine().vmid)
    await driver().filterAddresses(machine(), [spec.address.ipv4], full.policyIn)
    expect(await difference(full)).toBeNull()
    expect(await bench().passes(machine().vmid)).toEqual([spec.address.ipv4])
  })
  it('the answer to a rule is lost: asked again, every rule is there once', async () => {
    await build()
    bench().loseFilterAnswer()
    expect(await kindOf(driver().setFirewall(machine(), full))).toBe('unknown_outcome')
    await expect.poll(async () => {
      await driver().setFirewall(machine(), full).catch(() => null)
      return difference(full)
    }, { timeout: 5000 }).toBeNull()
  })
  it('D10: a foreign machine under our number is given no rule', async () => {
    await bench().addForeign(machine().vmid)
    const writes = bench().writes()
    expect(await kindOf(driver().setFirewall(machine(), full))).toBe('not_ours')
    expect(await kindOf(driver().readFirewall(machine()))).toBe('not_ours')
    expect(bench().writes()).toBe(writes)
  })
}
