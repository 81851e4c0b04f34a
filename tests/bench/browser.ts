import { gzipSync } from 'node:zlib'
import { median } from './measure.ts'
import type { Line } from './measure.ts'

/** All JavaScript that the home page loads, by itself and when it wakes, gzipped. */
export async function benchJavaScript(url: string): Promise<Line> {
  const html = await (await fetch(`${url}/`)).text()
  const files = new Set([...html.matchAll(/"(\/_nuxt\/[^"]+\.js)"/g)].map(match => match[1] ?? ''))
  let bytes = 0
  for (const file of files) bytes += gzipSync(Buffer.from(await (await fetch(url + file)).arrayBuffer()), { level: 9 }).length
  return { name: 'JavaScript of the home page, gzipped', value: bytes / 1000, unit: 'kB', atMost: 200, note: `${files.size} files` }
}

/** Lighthouse's four scores in the system's Chromium: per page the median of five runs for each, and the lowest of the four. */
export async function benchLighthouse(url: string, chromium: string): Promise<Line[]> {
  const { launch } = await import('chrome-launcher')
  const { default: lighthouse } = await import('lighthouse')
  const chrome = await launch({ chromePath: chromium, chromeFlags: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'] })
  const categories = ['performance', 'accessibility', 'best-practices', 'seo']
  const lines: Line[] = []
  try {
    for (const path of ['/', '/vps', '/domains']) {
      const runs: { scores: number[], shift: number }[] = []
      for (let i = 0; i < 5; i++) {
        const result = await lighthouse(url + path, { port: chrome.port, output: 'json', logLevel: 'silent', onlyCategories: categories })
        runs.push({ scores: categories.map(name => Math.round((result?.lhr.categories[name]?.score ?? 0) * 100)), shift: result?.lhr.audits['cumulative-layout-shift']?.numericValue ?? Number.NaN })
      }
      const scores = categories.map((_, i) => runs.map(run => run.scores[i] ?? 0))
      const [performance = []] = scores
      lines.push({ name: `Lighthouse ${path}: lowest of four`, value: Math.min(...scores.map(median)), unit: '', atLeast: 95, note: `${categories.map((name, i) => `${name} ${median(scores[i] ?? [])}`).join(', ')}; performance ${Math.min(...performance)}–${Math.max(...performance)}` })
      lines.push({ name: `layout shift ${path}`, value: Math.max(...runs.map(run => run.shift)), unit: '', atMost: 0.001 })
    }
  } finally {
    await chrome.kill()
  }
  return lines
}
