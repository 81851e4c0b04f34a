import { gzipSync } from 'node:zlib'
import type { Line } from './measure.ts'

/** All JavaScript that the home page loads by itself, gzipped. */
export async function benchJavaScript(url: string): Promise<Line> {
  const html = await (await fetch(`${url}/`)).text()
  const files = new Set([...html.matchAll(/<(?:script[^>]+src|link[^>]+rel="modulepreload"[^>]+href)="(\/_nuxt\/[^"]+\.js)"/g)].map(match => match[1] ?? ''))
  let bytes = 0
  for (const file of files) bytes += gzipSync(Buffer.from(await (await fetch(url + file)).arrayBuffer()), { level: 9 }).length
  return { name: 'JavaScript of the home page, gzipped', value: bytes / 1000, unit: 'kB', atMost: 200, note: `${files.size} files` }
}

/** Lighthouse's four scores in the system's Chromium, the lowest of them per page. */
export async function benchLighthouse(url: string, chromium: string): Promise<Line[]> {
  const { launch } = await import('chrome-launcher')
  const { default: lighthouse } = await import('lighthouse')
  const chrome = await launch({ chromePath: chromium, chromeFlags: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'] })
  const lines: Line[] = []
  try {
    for (const path of ['/', '/vps', '/domains']) {
      const result = await lighthouse(url + path, { port: chrome.port, output: 'json', logLevel: 'silent', onlyCategories: ['performance', 'accessibility', 'best-practices', 'seo'] })
      const scores = Object.values(result?.lhr.categories ?? {}).map(category => ({ title: category.title, score: Math.round((category.score ?? 0) * 100) }))
      lines.push({ name: `Lighthouse ${path}: lowest of four`, value: Math.min(...scores.map(s => s.score)), unit: '', atLeast: 95, note: `${scores.map(s => `${s.title} ${s.score}`).join(', ')}; layout shift ${result?.lhr.audits['cumulative-layout-shift']?.displayValue ?? '?'}` })
    }
  } finally {
    await chrome.kill()
  }
  return lines
}
