import { vimOver } from '#server/drivers/hypervisor/vsphere/soap.ts'
import { listedRow, numberOf } from '#server/drivers/hypervisor/vsphere/transform.ts'
import { build } from '#server/drivers/hypervisor/vsphere/xml.ts'
import type { Mor } from '#server/drivers/hypervisor/vsphere/xml.ts'
import { noFaults } from '../simulators/support/faults.ts'
import { markup, page } from '../simulators/support/html.ts'
import { html, redirect, serve } from '../simulators/support/server.ts'
import type { RunningServer, SimReply, SimRequest } from '../simulators/support/server.ts'
import type { Vcsim } from './components.ts'

const acts = {
  stop: { label: 'Power off', fits: running => running },
  start: { label: 'Power on', fits: running => !running },
  grow: { label: 'Give it a core more', fits: running => !running },
  unmark: { label: 'Write another owner into its notes', fits: (_, ours) => ours },
  remove: { label: 'Delete', fits: running => !running },
} as const satisfies Record<string, { readonly label: string, readonly fits: (running: boolean, ours: boolean) => boolean }>
const isAct = (name: string): name is keyof typeof acts => Object.hasOwn(acts, name)

/** What an administrator could do to the machines of one simulated vCenter or ESXi, past Gardu. */
function administrator({ url, username, password, fingerprint }: Vcsim) {
  const vim = vimOver('vcsim', { connectionId: 'page', url, tokenId: username, tokenSecret: password, tls: { mode: 'fingerprint', caPem: null, fingerprint }, storage: 'LocalDS_0', bridge: 'VM Network', nodes: [] })
  const machines = async () => (await vim.readAll('VirtualMachine', listedRow)).filter(({ props }) => !props['config.template']).map(({ obj, props }) => ({ obj, name: props.name, cores: props['config.hardware.numCPU'], memoryMiB: props['config.hardware.memoryMB'], ours: numberOf(props.name) !== null, running: props['runtime.powerState'] === 'poweredOn' }))
  const carryOut = (act: keyof typeof acts, machine: Mor, cores: number): Promise<Mor> => {
    const reconfigure = (fields: Parameters<typeof build>[1]) => vim.start('ReconfigVMRequestType', machine, { spec: build('VirtualMachineConfigSpec', fields) })
    if (act === 'stop') return vim.start('PowerOffVMRequestType', machine)
    if (act === 'start') return vim.start('PowerOnVMRequestType', machine)
    if (act === 'remove') return vim.start('DestroyRequestType', machine)
    return act === 'grow' ? reconfigure({ numCPUs: cores + 1 }) : reconfigure({ annotation: 'gardu-01900000-0000-7000-8000-00000000ef01' })
  }
  return { machines, carryOut, close: () => vim.close() }
}

/** A page on which the machines of a simulated vCenter and ESXi are broken by hand: vcsim has none of its own. `port` 0 takes a free one. */
export async function startVcsimPage(of: Readonly<Record<'vcenter' | 'esxi', Vcsim>>, port = 0): Promise<RunningServer> {
  const systems = { vcenter: { title: 'VMware vCenter', ...administrator(of.vcenter) }, esxi: { title: 'VMware ESXi', ...administrator(of.esxi) } }
  async function overview(): Promise<string> {
    const shown = []
    for (const [kind, { title, machines }] of Object.entries(systems)) {
      const cards = (await machines()).map(({ obj, name, cores, memoryMiB, ours, running }) => markup`<div class="card"><h3>${name} <span class="${running ? 'ok' : 'pending'}">${running ? 'running' : 'stopped'}</span></h3><p>${cores} CPU, ${memoryMiB} MiB${ours ? '' : ', not of Gardu'}</p>
<div class="row">${Object.entries(acts).filter(([, { fits }]) => fits(running, ours)).map(([act, { label }]) => markup`<form method="post" action="/${kind}/${obj.id}/${act}"><button class="${act === 'start' ? 'main' : 'bad'}">${label}</button></form>`)}</div></div>`)
      shown.push(markup`<h2>${title}</h2>${cards.length ? markup`<div class="cards">${cards}</div>` : markup`<div class="card">No machine yet. Connect it in Gardu, sell something on it, and it is built here.</div>`}`)
    }
    return page({ title: 'vcsim', system: 'VMware (vcsim)', home: '/', refreshSeconds: 10, body: markup`<h1>Machines</h1>${shown}` })
  }
  async function handler({ method, path }: SimRequest): Promise<SimReply> {
    if (method === 'GET' && path === '/') return html(200, await overview())
    const [, kind = '', id = '', act = ''] = path.split('/')
    const system = kind === 'vcenter' || kind === 'esxi' ? systems[kind] : null
    const machine = system && (await system.machines()).find(({ obj }) => obj.id === id)
    if (method !== 'POST' || !system || !machine || !isAct(act)) return html(404, page({ title: 'Gone', system: 'VMware (vcsim)', home: '/', body: markup`<p>There is no such machine.</p>` }))
    if (acts[act].fits(machine.running, machine.ours)) await system.carryOut(act, machine.obj, machine.cores)
    return redirect('/')
  }
  const server = await serve({ port, faults: { ...noFaults }, handler })
  return { ...server, async close() {
    for (const { close } of Object.values(systems)) close()
    await server.close()
  } }
}
