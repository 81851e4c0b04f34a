export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, letter => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' })[letter] ?? letter)

/** Markup whose inserted values are escaped; nested results of `markup` and `raw` stay as they are. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
type Insert = string | number | Markup | null | undefined | false | readonly Markup[]
const insert = (value: Insert): string => {
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof Markup) return value.text
  if (Array.isArray(value)) return (value as readonly Markup[]).map(part => part.text).join('')
  return escapeHtml(String(value))
}
export const markup = (strings: TemplateStringsArray, ...values: Insert[]): Markup => new Markup(strings.reduce((all, part, i) => all + part + (i < values.length ? insert(values[i]) : ''), ''))

const style = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#16202e;--soft:#5b6b80;--line:#dde3ea;--accent:#0f6b5c;--accent-ink:#fff;--bad:#b3261e;--warn:#8a5a00}
@media (prefers-color-scheme:dark){:root{--bg:#10161d;--card:#18212b;--ink:#e8edf3;--soft:#9fb0c3;--line:#2b3846;--accent:#3fb8a2;--accent-ink:#06231e;--bad:#ff8a80;--warn:#f0c060}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:64rem;margin:0 auto;padding:1.25rem 1rem 3rem}main.narrow{max-width:30rem}
header.top{background:var(--card);border-bottom:1px solid var(--line)}header.top>div{max-width:64rem;margin:0 auto;padding:.7rem 1rem;display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:baseline}
header.top b{font-size:1.05rem}.tag{font-size:.75rem;border:1px solid var(--line);border-radius:99px;padding:.1rem .6rem;color:var(--soft)}
h1{font-size:1.35rem;margin:.75rem 0}h2{font-size:1.05rem;margin:1.25rem 0 .5rem}p{margin:.5rem 0}.soft{color:var(--soft)}.num{font-variant-numeric:tabular-nums;white-space:nowrap}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem;margin:.75rem 0}.big{font-size:1.6rem;font-weight:650}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.45rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}th{color:var(--soft);font-weight:600;font-size:.85rem}
button,.button{font:inherit;cursor:pointer;border:1px solid var(--line);background:var(--card);color:var(--ink);border-radius:8px;padding:.5rem .9rem;text-decoration:none;display:inline-block}
button.main,.button.main{background:var(--accent);border-color:var(--accent);color:var(--accent-ink);font-weight:600}button.bad{color:var(--bad)}form{display:inline}
.methods{display:grid;gap:.5rem}.methods form,.methods button{display:block;width:100%}.methods button{text-align:left;padding:.8rem 1rem}.row{display:flex;flex-wrap:wrap;gap:.5rem}
code,.code{font-family:ui-monospace,monospace}.code{font-size:1.3rem;letter-spacing:.05em;word-break:break-all}a{color:var(--accent)}img.qr{width:15rem;max-width:100%;background:#fff;padding:.75rem;border-radius:8px}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}pre{white-space:pre-wrap;word-break:break-word}textarea,input{font:inherit;width:100%;padding:.5rem;border:1px solid var(--line);border-radius:8px;background:var(--bg);color:var(--ink)}
.cards{display:grid;gap:.75rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr))}.cards .card{margin:0}.card h3{font-size:1rem;margin:0 0 .5rem;overflow-wrap:anywhere}dl{display:grid;grid-template-columns:auto 1fr;gap:.15rem .75rem;margin:0 0 .75rem}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
progress{width:100%;height:.5rem;accent-color:var(--accent)}.settlement,.capture,.ok{color:var(--accent);font-weight:600}.pending{color:var(--warn);font-weight:600}.expire,.cancel,.deny,.failed{color:var(--bad);font-weight:600}`

/** A whole page without anything from outside. `home` is where the name in the header leads. */
export function page(options: { title: string, system: string, home?: string, lang?: 'id' | 'en', narrow?: boolean, refreshSeconds?: number, body: Markup }): string {
  return `<!doctype html>${markup`<html lang="${options.lang ?? 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${options.title}</title>${options.refreshSeconds ? markup`<meta http-equiv="refresh" content="${options.refreshSeconds}">` : ''}<link rel="icon" href="data:,"><style>${new Markup(style)}</style></head>
<body><header class="top"><div><b>${options.home ? markup`<a href="${options.home}">${options.system}</a>` : options.system}</b><span class="tag">${options.lang === 'id' ? 'Simulator – bukan uang sungguhan' : 'Simulator'}</span></div></header><main class="${options.narrow ? 'narrow' : ''}">${options.body}</main></body></html>`.text}`
}

export const rupiah = (amount: string | number | bigint): string => `Rp ${String(amount).replace(/\.\d+$/, '').replace(/\B(?=(\d{3})+(?!\d))/g, '.')}`
