import type { FaultBox } from '../support/faults.ts'
import { markup, page } from '../support/html.ts'
import type { Markup } from '../support/html.ts'
import { html, redirect } from '../support/server.ts'
import type { SimReply, SimRequest } from '../support/server.ts'
import { noWhmFaults } from './faults.ts'
import type { WhmFaults } from './faults.ts'
import type { SimAccount, WhmState } from './state.ts'

export interface PageDeps { readonly state: WhmState, readonly faults: FaultBox<WhmFaults>, readonly now: () => number, readonly changed: () => void }

const home = '/whm'
const button = (path: string, label: string, look = '') => markup`<form method="post" action="${home}/${path}"><button class="${look}">${label}</button></form>`

/** What a person may make go wrong with one click; each lasts until it has struck as often as it says, or is taken back. */
export const presets: Readonly<Record<string, { readonly label: string, readonly faults: Partial<WhmFaults> }>> = {
  'refuse': { label: 'Say no to changes', faults: { refuseCalls: '^(createacct|suspendacct|unsuspendacct|removeacct|changepackage|passwd)$', refuseReason: 'The license of this server has expired.' } },
  'lie': { label: 'Say done and do nothing', faults: { lieAbout: '^(createacct|suspendacct|unsuspendacct|removeacct|changepackage|passwd)$' } },
  'lose-answer': { label: 'Lose the next answer after the act', faults: { hangAfterAct: 1, match: '^POST ' } },
  'slow': { label: 'Answer slowly (3 s)', faults: { latencyMs: 3000, match: '' } },
  'down': { label: 'Cut every connection', faults: { down: true, match: '' } },
}

type AccountAct = (deps: PageDeps, account: SimAccount) => void
/** Done in WHM itself, as its administrator could: Gardu is not told. */
export const accountActs: Readonly<Record<string, { readonly label: string, readonly fits: (account: SimAccount, state: WhmState) => boolean, readonly act: AccountAct }>> = {
  suspend: { label: 'Suspend', fits: ({ suspended }) => !suspended, act: ({ now }, account) => void Object.assign(account, { suspended: true, suspendreason: 'Spam', suspendtime: Math.floor(now() / 1000) }) },
  unsuspend: { label: 'Unsuspend', fits: ({ suspended }) => suspended, act: (_, account) => void Object.assign(account, { suspended: false, suspendreason: 'not suspended', suspendtime: 0, locked: false }) },
  repackage: { label: 'Put on another package', fits: ({ plan }, { packages }) => packages.some(({ name }) => name !== plan), act({ state }, account) {
    account.plan = state.packages.find(({ name }) => name !== account.plan)?.name ?? account.plan
  } },
  remove: { label: 'Remove', fits: () => true, act: ({ state }, { user }) => void Reflect.deleteProperty(state.accounts, user) },
}

function accountCard({ state }: PageDeps, account: SimAccount): Markup {
  return markup`<div class="card"><h3>${account.user} <span class="${account.suspended ? 'pending' : 'ok'}">${account.suspended ? `suspended (${account.suspendreason})` : 'running'}</span></h3>
<dl><dt>Domain</dt><dd>${account.domain}</dd><dt>Package</dt><dd>${account.plan}</dd><dt>Owner</dt><dd>${account.owner}</dd><dt>Disk</dt><dd>${account.diskUsedMiB} MiB</dd></dl>
<div class="row">${Object.entries(accountActs).filter(([, { fits }]) => fits(account, state)).map(([act, { label }]) => button(`accounts/${account.user}/${act}`, label, act === 'unsuspend' ? 'main' : 'bad'))}</div></div>`
}

function faultsCard({ faults }: PageDeps): Markup {
  const none: Readonly<Record<string, unknown>> = { ...noWhmFaults }
  const set = Object.entries(faults.current).filter(([name, value]) => value !== none[name])
  return markup`<div class="card"><p>${set.length ? markup`<span class="failed">${set.map(([name, value]) => `${name}: ${value}`).join(' · ')}</span>` : markup`<span class="ok">No fault is set.</span>`}</p><div class="row">${Object.entries(presets).map(([name, { label }]) => button(`faults/${name}`, label, 'bad'))}${set.length ? button('faults/clear', 'Clear all faults', 'main') : ''}</div></div>`
}

function overview(deps: PageDeps): string {
  const { state } = deps
  const accounts = Object.values(state.accounts)
  return page({ title: 'WHM', system: 'cPanel & WHM (simulator)', home: '/', refreshSeconds: 10, body: markup`<h1>${state.hostname} <span class="soft">WHM ${state.version}, ${accounts.length} of ${state.maxUsers} accounts</span></h1>
<h2>Accounts</h2><div class="cards">${accounts.map(account => accountCard(deps, account))}</div>
<h2>Packages</h2><div class="cards">${state.packages.map(each => markup`<div class="card"><h3>${each.name}</h3><p>${each.QUOTA} MiB disk, ${each.BWLIMIT} MiB bandwidth, ${each.MAXPOP} mailboxes, ${each.MAXSQL} databases</p></div>`)}</div>
<h2>What may go wrong</h2>${faultsCard(deps)}` })
}

/** Carries out what a form asks; false: there is no such act. What no longer fits (the page was old) is left alone. */
function perform(deps: PageDeps, [kind, what = '', act = '']: readonly (string | undefined)[]): boolean {
  const { state, faults } = deps
  const preset = Object.hasOwn(presets, what) ? presets[what] : undefined
  const accountAct = Object.hasOwn(accountActs, act) ? accountActs[act] : undefined
  if (kind === 'faults' && what === 'clear') faults.clear()
  else if (kind === 'faults' && preset) faults.set(preset.faults)
  else if (kind === 'accounts' && accountAct) {
    const account = Object.hasOwn(state.accounts, what) ? state.accounts[what] : undefined
    if (account && accountAct.fits(account, state)) accountAct.act(deps, account)
  } else return false
  deps.changed()
  return true
}

/** Looks at the server and does to it what its administrator, or bad luck, would. Plain forms; the page renews itself. */
export const serverPages = (deps: PageDeps) => (request: SimRequest): SimReply | null => {
  if (request.path === home && request.method === 'GET') return html(200, overview(deps))
  if (!request.path.startsWith(`${home}/`)) return null
  if (request.method === 'POST' && perform(deps, request.path.slice(home.length + 1).split('/'))) return redirect(home)
  return html(404, page({ title: 'Gone', system: 'cPanel & WHM (simulator)', home: '/', body: markup`<p>There is no such page.</p><p><a href="${home}">To the server</a></p>` }))
}
