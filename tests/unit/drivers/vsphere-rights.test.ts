import { readFileSync, readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readingCalls, rightsOfCalls, rightsOfSettings } from '#server/drivers/hypervisor/vsphere/rights.ts'
import { elementOrder } from '#server/drivers/hypervisor/vsphere/types.ts'
import { consoleRight, furtherVmwareRights, neededVmwareRights } from '#shared/vocabulary/vmware-rights.ts'

const folder = new URL('../../../server/drivers/hypervisor/vsphere/', import.meta.url)
const source = readdirSync(folder).filter(name => name !== 'types.ts' && name !== 'rights.ts').map(name => readFileSync(new URL(name, folder), 'utf8')).join('\n')

it('every call that can be sent is one that reads, or says which rights it wants; none is listed that the driver does not send', () => {
  const calls = Object.keys(elementOrder).filter(name => name.endsWith('RequestType'))
  expect(calls.toSorted()).toEqual([...readingCalls, ...Object.keys(rightsOfCalls)].toSorted())
  expect(Object.keys(elementOrder.VirtualMachineConfigSpec).length).toBe(Object.keys(rightsOfSettings).length)
  for (const call of Object.keys(rightsOfCalls)) expect(source, call).toContain(`'${call}'`)
})

it('the connection test asks for just the rights that the calls of this kind of connection want, beside reading everything', () => {
  for (const kind of ['vcenter', 'esxi'] as const) {
    const wanted = new Set(['System.View', 'System.Read', ...Object.values(rightsOfCalls).flatMap(({ on, rights }) => on.includes(kind) ? rights : []), ...Object.values(rightsOfSettings).flat()])
    expect([...neededVmwareRights[kind], consoleRight, ...furtherVmwareRights[kind]].toSorted(), kind).toEqual([...wanted].toSorted())
  }
})

it('every right has its use in words, in both languages', () => {
  for (const locale of ['id', 'en']) {
    const { infrastructure } = JSON.parse(readFileSync(new URL(`../../../i18n/locales/${locale}/infrastructure.json`, import.meta.url), 'utf8')) as { infrastructure: { vmware: { rights: Record<string, string> } } }
    const named = [...new Set([...neededVmwareRights.vcenter, ...neededVmwareRights.esxi, consoleRight, ...furtherVmwareRights.vcenter])].map(right => right.replaceAll('.', '_'))
    expect(Object.keys(infrastructure.vmware.rights).toSorted()).toEqual(named.toSorted())
  }
})
