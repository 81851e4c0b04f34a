import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { firewallRuleInput } from '#shared/contracts/firewall.ts'
import { firewallPresets, reachOf, toPeer, toPorts } from '#shared/vocabulary/firewall.ts'
import type { FirewallRule } from '#shared/vocabulary/firewall.ts'

const rule = (change: Partial<FirewallRule> = {}): FirewallRule => ({ direction: 'in', action: 'accept', protocol: 'tcp', ports: '22', peers: [], comment: '', enabled: true, ...change })

describe('what a firewall rule may say', () => {
  it('ports are kept in one form, and what one rule cannot hold is refused', () => {
    expect(toPorts(' 22, 80  443 8000:8100 ')).toBe('22,80,443,8000-8100')
    expect(toPorts('')).toBe('')
    expect(toPorts('80,80,5-5')).toBe('80,5')
    for (const wrong of ['0', '65536', 'ssh', '20-10', '1-2-3', '-', '22,', '1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16']) expect(toPorts(wrong), wrong).toBe(wrong === '22,' ? '22' : null)
  })
  it('addresses are kept in one form: bits behind the prefix are gone, the whole world is no address', () => {
    expect(toPeer('203.0.113.77/24')).toEqual({ family: 4, text: '203.0.113.0/24' })
    expect(toPeer('203.0.113.77/32')).toEqual({ family: 4, text: '203.0.113.77' })
    expect(toPeer('2001:DB8:0:0:0:0:0:1')).toEqual({ family: 6, text: '2001:db8::1' })
    expect(toPeer('2001:db8:ffff::/33')).toEqual({ family: 6, text: '2001:db8:8000::/33' })
    expect(toPeer('::1')).toEqual({ family: 6, text: '::1' })
    for (const wrong of ['', '0.0.0.0/0', '::/0', '1.2.3', '256.1.1.1', '1.2.3.4/33', '01.2.3.4', ':::', '1::2::3', 'example.com', '+set', 'dc/alias', '1.2.3.4,5.6.7.8', '2001:db8::12345']) expect(toPeer(wrong), wrong).toBeNull()
  })
  it('what is kept is kept as it is when it is typed again', () => {
    fc.assert(fc.property(fc.oneof(fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 })), fc.tuple(fc.ipV6(), fc.integer({ min: 1, max: 128 }))), ([address, prefix]) => {
      const kept = toPeer(`${address}/${prefix}`)
      if (kept) expect(toPeer(kept.text)).toEqual(kept)
    }))
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 0, max: 50 })), { maxLength: 6 }), (ranges) => {
      const kept = toPorts(ranges.map(([from, more]) => `${from}-${Math.min(65_535, from + more)}`).join(' '))
      expect(kept).not.toBeNull()
      expect(toPorts(kept ?? '')).toBe(kept)
    }))
  })
  it('a rule that no hypervisor would take is refused with its field: ports without a protocol, families that do not go together', () => {
    const problems = (change: Partial<FirewallRule>) => firewallRuleInput.safeParse(rule(change)).error?.issues.map(issue => `${issue.path[0] as string}: ${issue.message}`) ?? []
    expect(problems({})).toEqual([])
    expect(problems({ protocol: 'icmp' })).toEqual(['ports: firewall_ports_need_protocol'])
    expect(problems({ peers: ['192.0.2.1', '2001:db8::1'] })).toEqual(['peers: firewall_peers_mixed'])
    expect(problems({ protocol: 'icmpv6', ports: '', peers: ['192.0.2.1'] })).toEqual(['peers: firewall_peers_family'])
    expect(problems({ peers: ['kantor'] })).toEqual(['peers: firewall_peers'])
    expect(problems({ comment: 'a\nIN ACCEPT' })).toHaveLength(1)
    for (const preset of Object.values(firewallPresets)) for (const one of preset) expect(problems(one)).toEqual([])
  })
  it('it is told whether a port can be reached, before the list is saved', () => {
    expect(reachOf({ policyIn: 'drop', rules: [] }, 22)).toBe('shut')
    expect(reachOf({ policyIn: 'accept', rules: [] }, 22)).toBe('open')
    expect(reachOf({ policyIn: 'drop', rules: [rule({ ports: '1-100' })] }, 22)).toBe('open')
    expect(reachOf({ policyIn: 'drop', rules: [rule({ enabled: false }), rule({ protocol: 'udp' }), rule({ direction: 'out' }), rule({ ports: '80' })] }, 22)).toBe('shut')
    expect(reachOf({ policyIn: 'drop', rules: [rule({ peers: ['192.0.2.1'] })] }, 22)).toBe('limited')
    expect(reachOf({ policyIn: 'accept', rules: [rule({ peers: ['192.0.2.1'] }), rule({ action: 'drop' })] }, 22)).toBe('limited')
    expect(reachOf({ policyIn: 'accept', rules: [rule({ action: 'reject', protocol: 'any', ports: '' }), rule()] }, 22)).toBe('shut')
  })
})
