import { markup, page } from '../support/html.ts'
import type { Markup } from '../support/html.ts'
import { html, redirect } from '../support/server.ts'
import type { SimReply, SimRequest } from '../support/server.ts'
import { noProxmoxFaults } from './faults.ts'
import { filteredAddresses, ownFilter } from './firewall.ts'
import { machineActs, perform, presets } from './page-acts.ts'
import type { PageDeps } from './page-acts.ts'
import { machineUse, nodeCpu } from './samples.ts'
import { bootDisk, coresOf, GiB, memoryOf, memoryUse, nameOf, storageUse } from './state.ts'
import type { ProxmoxState, SimMachine, SimTask } from './state.ts'

const home = '/proxmox'
const button = (path: string, label: string, look = '') => markup`<form method="post" action="${home}/${path}"><button class="${look}">${label}</button></form>`
const gib = (bytes: number) => `${(bytes / GiB).toFixed(bytes < 10 * GiB && bytes % GiB ? 1 : 0)} GiB`
const percent = (share: number) => `${Math.round(share * 100)}\u00A0%`
const time = (seconds: number) => new Date(seconds * 1000).toISOString().slice(11, 19)
const lasting = (seconds: number) => seconds < 120 ? `${seconds} s` : seconds < 7200 ? `${Math.floor(seconds / 60)} min` : seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`
const bar = (label: string, used: number, total: number) => markup`<p>${label}: ${gib(used)} of ${gib(total)}, ${percent(used / total)}<br><progress value="${Math.round(used / GiB)}" max="${Math.round(total / GiB)}" aria-label="${label}"></progress></p>`

function nodeCard({ state, now }: PageDeps, node: ProxmoxState['nodes'][number]): Markup {
  const stores = state.storages.map((storage, at) => ({ storage, at })).filter(({ storage }) => storage.node === node.name)
  return markup`<div class="card"><h3>${node.name} <span class="${node.online ? 'ok' : 'failed'}">${node.online ? 'online' : 'offline'}</span></h3>
<p>CPU: ${percent(nodeCpu(node, Math.floor(now() / 1000)))} of ${node.cores} cores</p>${bar('Memory', memoryUse(state, node.name), node.memory)}${stores.map(({ storage }) => bar(storage.storage, storageUse(state, storage), storage.total))}
<div class="row">${button(`nodes/${node.name}`, node.online ? 'Cut off' : 'Bring back', node.online ? 'bad' : 'main')}${stores.filter(({ storage }) => storage.content.includes('images')).map(({ storage, at }) => fillButton(storage, at))}</div></div>`
}
const fillButton = (storage: ProxmoxState['storages'][number], at: number) => button(`storages/${at}`, storage.usedBefore === undefined ? `Fill up ${storage.storage}` : `Make room on ${storage.storage}`, storage.usedBefore === undefined ? 'bad' : 'main')

function filterText(state: ProxmoxState, { vmid, running }: SimMachine): Markup {
  const own = ownFilter(state, vmid)
  if (!own) return running ? markup`<span class="failed">none: it may send from any address</span>` : markup`<span class="pending">none</span>`
  return filteredAddresses(state, vmid) ? markup`<span class="ok">${own.join(', ') || 'no IPv4 at all'}</span>` : markup`<span class="pending">${own.join(', ')}, without effect: the datacenter's firewall is off</span>`
}

function machineCard({ state, now }: PageDeps, machine: SimMachine): Markup {
  const { vmid, node, config, running } = machine
  const use = machineUse(machine, Math.floor(now() / 1000))
  const address = ['ip', 'ip6'].flatMap(key => new RegExp(`(?:^|,)${key}=([^,]+)`).exec(machine.kind === 'lxc' ? config.net0 ?? '' : config.ipconfig0 ?? '')?.[1] ?? []).join(', ')
  return markup`<div class="card"><h3>${vmid} ${nameOf(machine)}${machine.kind === 'lxc' ? ' (container)' : ''} <span class="${running ? 'ok' : 'pending'}">${machine.paused ? 'paused' : running ? 'running' : 'stopped'}</span></h3>
<dl><dt>Node</dt><dd>${node}</dd><dt>CPU</dt><dd>${coresOf(machine)} ${coresOf(machine) === 1 ? 'core' : 'cores'}${running ? `, ${percent(use.cpu)}` : ''}</dd><dt>Memory</dt><dd>${gib(memoryOf(machine))}${running ? `, ${percent(use.mem / memoryOf(machine))}` : ''}</dd><dt>Disk</dt><dd>${gib(bootDisk(machine)?.bytes ?? 0)}</dd>
<dt>IP</dt><dd>${address || '–'}</dd><dt>IP filter</dt><dd>${filterText(state, machine)}</dd><dt>Network</dt><dd>${/link_down=1/.test(config.net0 ?? '') ? markup`<span class="failed">link down</span>` : 'link up'}, ${config.onboot === '1' ? 'starts at boot' : 'does not start at boot'}</dd>
${config.lock ? markup`<dt>Lock</dt><dd class="pending">${config.lock}</dd>` : ''}${running ? markup`<dt>Up</dt><dd>${lasting(Math.max(0, Math.floor((now() - machine.startedAt) / 1000)))}</dd>` : ''}<dt>Tags</dt><dd>${config.tags || '–'}</dd></dl>
<div class="row">${Object.entries(machineActs).filter(([, { fits }]) => fits(machine, state)).map(([act, { label }]) => button(`machines/${vmid}/${act}`, label, act === 'start' || act === 'unlock' ? 'main' : 'bad'))}</div></div>`
}

const taskRow = (task: SimTask, now: number) => markup`<tr><td class="num">${time(task.starttime)}</td><td>${task.type} ${task.id}</td><td>${task.node}</td><td>${task.endtime === null ? markup`<span class="pending">running, ${lasting(Math.max(0, Math.floor(now / 1000 - task.starttime)))}</span>` : markup`<span class="${task.exitstatus === 'OK' ? 'ok' : 'failed'}">${task.exitstatus}</span>`}</td><td>${task.endtime === null ? button(`tasks/${task.pid}`, 'Abort', 'bad') : ''}</td></tr>`

function faultsCard({ state, faults }: PageDeps): Markup {
  const none: Readonly<Record<string, unknown>> = { ...noProxmoxFaults }
  const set = Object.entries(faults.current).filter(([name, value]) => value !== none[name])
  const on = state.clusterFirewall.enable === '1'
  return markup`<div class="card"><p>${set.length ? markup`<span class="failed">${set.map(([name, value]) => `${name}: ${value}`).join(' · ')}</span>` : markup`<span class="ok">No fault is set.</span>`}</p><div class="row">${Object.entries(presets).map(([name, { label }]) => button(`faults/${name}`, label, 'bad'))}${set.length ? button('faults/clear', 'Clear all faults', 'main') : ''}</div>
<p>The datacenter's firewall is <span class="${on ? 'ok' : 'failed'}">${on ? 'on' : 'off'}</span>${on ? '' : ': no IP filter has an effect'}.</p><div class="row">${button('firewall', `Switch it ${on ? 'off' : 'on'}`, on ? 'bad' : 'main')}</div></div>`
}

function overview(deps: PageDeps): string {
  const { state, now } = deps
  const all = Object.values(state.machines)
  const machines = all.filter(({ config }) => !config.template)
  const shared = state.storages.map((storage, at) => ({ storage, at })).filter(({ storage }) => storage.node === null)
  const tasks = state.tasks.slice(-15).reverse()
  const working = state.tasks.some(({ endtime }) => endtime === null)
  return page({ title: 'Proxmox VE', system: 'Proxmox VE (simulator)', home: '/', refreshSeconds: working ? 3 : 10, body: markup`<h1>Datacenter <span class="soft">Proxmox VE ${state.version}</span></h1>
<div class="cards">${state.nodes.map(node => nodeCard(deps, node))}${shared.map(({ storage, at }) => markup`<div class="card"><h3>${storage.storage} <span class="soft">shared, ${storage.type}</span></h3>${bar('Storage', storageUse(state, storage), storage.total)}<div class="row">${fillButton(storage, at)}</div></div>`)}</div>
<h2>Machines</h2>${machines.length ? markup`<div class="cards">${machines.map(machine => machineCard(deps, machine))}</div>` : markup`<div class="card">No machine yet. Order a VPS in Gardu and pay it: it is built here.</div>`}<p class="soft">Templates: ${all.filter(({ config }) => config.template).map(({ vmid, config }) => `${vmid} ${config.name}`).join(', ')}</p>
<h2>Tasks</h2>${tasks.length ? markup`<div class="card scroll"><table><tr><th>Started (UTC)</th><th>Task</th><th>Node</th><th>Result</th><th></th></tr>${tasks.map(task => taskRow(task, now()))}</table></div>` : markup`<div class="card">No task yet.</div>`}
<h2>What may go wrong</h2>${faultsCard(deps)}` })
}

/** Looks at the data centre and does to it what its administrator, or bad luck, would. Plain forms; the page renews itself. */
export const machinePages = (deps: PageDeps) => (request: SimRequest): SimReply | null => {
  if (request.path === home && request.method === 'GET') return html(200, overview(deps))
  if (!request.path.startsWith(`${home}/`)) return null
  if (request.method === 'POST' && perform(deps, request.path.slice(home.length + 1).split('/'))) return redirect(home)
  return html(404, page({ title: 'Gone', system: 'Proxmox VE (simulator)', home: '/', body: markup`<p>There is no such page.</p><p><a href="${home}">To the datacenter</a></p>` }))
}
