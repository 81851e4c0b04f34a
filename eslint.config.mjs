// @ts-check
import withNuxt from './.nuxt/eslint.config.mjs'

const modules = 'server/{audit,billing,catalog,clients,domains,identity,infrastructure,kernel,notifications,ordering,payments,provisioning,reports}/**/*.ts'

export default withNuxt(
  { ignores: ['db/migrations/**', '.data/**', '.output/**'] },
  {
    files: ['server/utils/**', 'shared/{utils,types}/**'],
    rules: { 'no-restricted-syntax': ['error', { selector: 'Program', message: 'auto-imported folder: put it in a named module and import it' }] },
  },
  {
    files: ['server/{api,routes}/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 25, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    // Decisions are functions of what they are given: no ambient time, randomness, environment or network.
    files: [modules, 'shared/**/*.ts'],
    rules: {
      'complexity': ['error', 15],
      'no-restricted-globals': ['error', 'process', 'fetch', '$fetch', 'setTimeout', 'setInterval', 'crypto'],
      'no-restricted-syntax': ['error',
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'take the time from a Clock' },
        { selector: 'CallExpression[callee.object.name="Date"][callee.property.name="now"]', message: 'take the time from a Clock' },
        { selector: 'CallExpression[callee.object.name="Math"][callee.property.name="random"]', message: 'take randomness from a port' },
      ],
    },
  },
  {
    files: ['**/*.{ts,vue}'],
    rules: {
      'vue/multi-word-component-names': 'off',
      'no-console': 'error',
      '@stylistic/member-delimiter-style': 'off',
      '@stylistic/max-statements-per-line': ['error', { max: 2 }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  { files: ['scripts/**/*.ts', 'tests/bench/**/*.ts'], rules: { 'no-console': 'off' } },
)
