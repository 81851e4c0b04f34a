import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { customizationSpec, loginScript } from '#server/drivers/hypervisor/vsphere/customise.ts'
import { print } from '#server/drivers/hypervisor/vsphere/xml.ts'

const spec = { hostname: 'vps1.contoh.test', cpuCores: 1, ramMiB: 1024, diskGiB: 10, rateMbps: 100, address: { ipv4: '203.0.113.10', prefixLength: 26, gateway: '203.0.113.1', nameservers: ['1.1.1.1', '8.8.8.8'] }, login: { username: 'ubuntu', password: 'Rahasia12345', sshKey: null } }

describe('what VMware is told of a guest', () => {
  it('the first card gets the address, and every card has an entry', () => {
    const text = print(customizationSpec('linux_prep', spec, 2))
    expect(text).toContain('<hostName xsi:type="CustomizationFixedName"><name>vps1</name></hostName><domain>contoh.test</domain>')
    expect(text).toContain('<ipAddress>203.0.113.10</ipAddress></ip><subnetMask>255.255.255.192</subnetMask><gateway>203.0.113.1</gateway>')
    expect(text.match(/<nicSettingMap/g)).toHaveLength(2)
  })
  it('Windows: a computer name that NetBIOS takes, the password for the Administrator, no product key', () => {
    const text = print(customizationSpec('sysprep', { ...spec, hostname: 'nama-yang-panj-ang.contoh.test' }, 1))
    expect(text).toContain('<name>nama-yang-panj</name>')
    expect(text).toContain('<value>Rahasia12345</value><plainText>true</plainText>')
    expect(text).toContain('<productId></productId>')
  })
  it('whatever the password, the script hands chpasswd exactly this one and runs nothing of it', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'ab\'"$`\\;&| %!'), minLength: 1, maxLength: 20 }), (password) => {
      const script = loginScript({ ...spec.login, password }).replaceAll('chpasswd', 'cat').replace(/^id .*$/m, '')
      expect(execFileSync('sh', ['-c', script, 'sh', 'postcustomization'], { encoding: 'utf8' })).toBe(`ubuntu:${password}\n`)
    }), { numRuns: 25 })
  })
  it('before the customisation the script does nothing', () => {
    expect(execFileSync('sh', ['-c', loginScript(spec.login), 'sh', 'precustomization'], { encoding: 'utf8' })).toBe('')
  })
})
