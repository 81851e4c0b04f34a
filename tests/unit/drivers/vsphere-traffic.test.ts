import { describe, expect, it } from 'vitest'
import { VsphereError } from '#server/drivers/hypervisor/vsphere/faults.ts'
import { performanceOf } from '#server/drivers/hypervisor/vsphere/performance.ts'
import type { Vim } from '#server/drivers/hypervisor/vsphere/soap.ts'
import { childrenOf, parseXml, print, textOf } from '#server/drivers/hypervisor/vsphere/xml.ts'
import type { XmlNode } from '#server/drivers/hypervisor/vsphere/xml.ts'

const now = '2026-11-20T03:00:00Z'
const since = (seconds: number) => new Date(Date.parse(now) - seconds * 1000)
const vm = (id: string) => ({ type: 'VirtualMachine', id })
const series = (counter: number, values: string, instance = '') => `<value xsi:type="PerfMetricIntSeries"><id><counterId>${counter}</counterId><instance>${instance}</instance></id>${values.split(' ').map(value => `<value>${value}</value>`).join('')}</value>`
const entity = (id: string, times: readonly string[], inside: string, interval = 20) => `<returnval xsi:type="PerfEntityMetric"><entity type="VirtualMachine">${id}</entity>${times.map(time => `<sampleInfo><timestamp>2026-11-20T${time}Z</timestamp><interval>${interval}</interval></sampleInfo>`).join('')}${inside}</returnval>`
const interval = (from: string, to: string, bytesIn: number, bytesOut: number) => ({ from: new Date(`2026-11-20T${from}Z`), to: new Date(`2026-11-20T${to}Z`), bytesIn, bytesOut })

/** A server with these counters that answers queries of the finest samples and of coarser ones so. */
function server(answers: { readonly fine?: string, readonly coarse?: string | Error }, counters = ['net.received.average', 'net.transmitted.average']) {
  const asked: XmlNode[][] = []
  const vim = {
    label: 'vCenter',
    content: async () => ({ perfManager: { type: 'PerformanceManager', id: 'PerfMgr' } }),
    read: async () => [{ obj: { type: 'PerformanceManager', id: 'PerfMgr' }, raw: () => undefined, props: { perfCounter: counters.map((name, n) => ({ key: 148 + n, groupInfo: { key: name.split('.')[0] }, nameInfo: { key: name.split('.')[1] }, rollupType: name.split('.')[2] })) } }],
    call: async (request: string, _on: unknown, fields: { querySpec?: XmlNode[] } = {}) => {
      if (request === 'CurrentTimeRequestType') return [parseXml(`<returnval>${now}</returnval>`)]
      const specs = fields.querySpec ?? []
      asked.push(specs)
      const answer = textOf(specs[0], 'intervalId') === '300' ? answers.coarse : answers.fine
      if (answer instanceof Error) throw answer
      return childrenOf(parseXml(`<all xmlns:xsi="x">${answer ?? ''}</all>`), 'returnval')
    },
  } as unknown as Vim
  return { asked, moved: performanceOf(vim, 'vcenter').moved, tellsTraffic: performanceOf(vim, 'vcenter').tellsTraffic }
}

describe('traffic as vSphere\'s performance manager tells it', () => {
  it('a sample lasts until its moment, in KiB a second of the machine as a whole; one with a value that is missing or negative tells nothing, and neither do single cards', async () => {
    const { moved } = server({ fine: entity('vm-42', ['02:59:00', '02:59:20', '02:59:40', '03:00:00'], `${series(148, '10 -1 3 7')}${series(148, '900 900 900 900', '4000')}${series(149, '1 2 0')}`) })
    expect((await moved([{ entity: vm('vm-42'), since: since(90) }])).intervals).toEqual([[interval('02:58:40', '02:59:00', 204_800, 20_480), interval('02:59:20', '02:59:40', 61_440, 0)]])
  })
  it('what the server lost between two samples is in none of them', async () => {
    const { moved } = server({ fine: entity('vm-42', ['02:50:00', '02:59:40'], `${series(148, '1 1')}${series(149, '1 1')}`) })
    expect((await moved([{ entity: vm('vm-42'), since: since(900) }])).intervals).toEqual([[interval('02:49:40', '02:50:00', 20_480, 20_480), interval('02:59:20', '02:59:40', 20_480, 20_480)]])
  })
  it('a machine of which one way is not told, or nothing, tells nothing; the others are told in their order', async () => {
    const { moved } = server({ fine: `${entity('vm-3', ['03:00:00'], `${series(148, '1')}${series(149, '2')}`)}${entity('vm-1', ['03:00:00'], series(148, '5'))}${entity('vm-2', [], '')}` })
    const { at, intervals } = await moved(['vm-1', 'vm-2', 'vm-3', 'vm-4'].map(id => ({ entity: vm(id), since: null })))
    expect(at).toEqual(new Date(now))
    expect(intervals).toEqual([[], [], [interval('02:59:40', '03:00:00', 20_480, 40_960)], []])
  })
  it('asks for the finest samples of an hour at most, for coarser ones of those alone that lay further back and of a day at most, in the order of the vendor\'s schema', async () => {
    const { moved, asked } = server({ coarse: entity('vm-1', ['01:30:00'], `${series(148, '1')}${series(149, '1')}`, 300) })
    expect((await moved([{ entity: vm('vm-1'), since: since(2 * 86_400) }, { entity: vm('vm-2'), since: since(60) }])).intervals).toEqual([[interval('01:25:00', '01:30:00', 307_200, 307_200)], []])
    expect(asked.map(specs => specs.map(spec => [textOf(spec, 'entity'), textOf(spec, 'startTime'), textOf(spec, 'intervalId')]))).toEqual([
      [['vm-1', since(3600).toISOString(), '20'], ['vm-2', since(60).toISOString(), '20']], [['vm-1', since(86_400).toISOString(), '300']],
    ])
    expect(asked[1]?.[0]?.children.map(child => child.name)).toEqual(['entity', 'startTime', 'maxSample', 'metricId', 'metricId', 'intervalId', 'format'])
    expect(print(asked[1]?.[0]?.children[3] ?? parseXml('<x/>'))).toContain('<counterId>148</counterId><instance></instance>')
  })
  it('a server that keeps no coarser samples tells the finest all the same; one that fails for now is asked again for both', async () => {
    const fine = entity('vm-1', ['03:00:00'], `${series(148, '1')}${series(149, '1')}`)
    const fails = (kind: 'permanent' | 'retryable') => server({ fine, coarse: new VsphereError(kind, 'x', { name: 'InvalidArgument', message: '', detail: undefined }) }).moved([{ entity: vm('vm-1'), since: since(7200) }])
    expect((await fails('permanent')).intervals[0]).toHaveLength(1)
    await expect(fails('retryable')).rejects.toMatchObject({ kind: 'retryable' })
  })
  it('a server that lacks a counter of either way is not said to tell traffic', async () => {
    expect(await server({}).tellsTraffic()).toBe(true)
    expect(await server({}, ['net.received.average', 'net.usage.average']).tellsTraffic()).toBe(false)
  })
})
