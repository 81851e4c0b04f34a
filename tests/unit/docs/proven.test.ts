import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const rows = readFileSync('tests/README.md', 'utf8').split('\n').map(line => line.split('|').map(cell => cell.trim())).filter(cells => cells.length === 5 && /\.ts$/.test(cells[2] ?? '')).map(([, what = '', file = '', name = '']) => ({ what, file, name }))

it('the tables of what is proven where name only tests that exist, and every defect of the main job is in them', () => {
  const missing = rows.filter(({ file, name }) => !readFileSync(`tests/${file}`, 'utf8').replaceAll('\\\'', '\'').includes(name))
  expect(missing).toEqual([])
  expect(rows.length).toBeGreaterThan(70)
  for (let n = 1; n <= 20; n++) expect(rows.some(({ what }) => new RegExp(`^D${n}\\b`).test(what)), `D${n}`).toBe(true)
})
