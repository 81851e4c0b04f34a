import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

/** Draws the modules and what they import into docs/architecture.md, from the code. */
const picture = execFileSync('node_modules/.bin/depcruise', ['--config', '.dependency-cruiser.cjs', '--output-type', 'mermaid', '--collapse', '^(server/[^/]+|[^/]+)', '--exclude', '^(node_modules|tests|simulators|scripts|i18n|\\.nuxt)|^#', 'pages', 'components', 'composables', 'layouts', 'middleware', 'shared', 'server', 'db'], { encoding: 'utf8' })
const file = 'docs/architecture.md'
const text = readFileSync(file, 'utf8')
const [before] = text.split('<!-- picture:begin -->')
const [, after] = text.split('<!-- picture:end -->')
writeFileSync(file, `${before}<!-- picture:begin -->\n\`\`\`mermaid\n${picture.trim()}\n\`\`\`\n<!-- picture:end -->${after}`)
