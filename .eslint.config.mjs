import path from 'node:path';
import tseslint from 'typescript-eslint';

/** The walls of the rooms: which of our own folders a folder may not import from, and no editor in the core. */
function room(name, closed, { node = false } = {}) {
  const patterns = closed.map((other) => ({
    group: [`**/${other}/**`],
    message: `${name}/ must not know ${other}/ (see the rooms in README).`,
  }));
  const paths = [{ name: 'vscode', message: `${name}/ must not know the editor.` }];
  if (!node) {
    patterns.push({ regex: '^node:', message: `${name}/ also runs in a browser worker: no Node modules.` });
  }
  return {
    files: [`src/${name}/**/*.ts`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns, paths }] },
  };
}

export default tseslint.config(
  // AssemblyScript has types of its own, which its compiler checks.
  { ignores: ['dist/', 'out/', 'node_modules/', 'test/fixtures/', 'src/capture/loop/assembly/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './src/webview/tsconfig.json', './src/web/tsconfig.json'],
        tsconfigRootDir: path.resolve(import.meta.dirname ?? '.'),
      },
    },
    rules: {
      // Columns and interned tables are indexed by ids that are in range by construction.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Typed-array columns hold enum values as plain numbers.
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  room('capture', ['holders', 'source', 'engine', 'views', 'webview', 'cli']),
  room('holders', ['source', 'engine', 'views', 'webview', 'cli']),
  room('source', ['capture', 'holders', 'engine', 'views', 'webview', 'cli']),
  room('engine', ['views', 'webview', 'cli', 'node']),
  room('engine/node', ['views', 'webview', 'cli'], { node: true }),
  room('cli', ['views', 'webview'], { node: true }),
  room('webview', ['capture', 'holders', 'source', 'views', 'cli']),
  {
    // The page is told everything: of the engine it knows only what messages look like.
    files: ['src/webview/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "ImportDeclaration[source.value=/\\u002fengine\\u002f/][importKind!='type']",
          message: 'webview/ knows types of the protocol alone.',
        },
      ],
    },
  },
  {
    // What notifications name comes from captures and folders: one place breaks what looks like a link in it.
    files: ['src/**/*.ts'],
    ignores: ['src/views/notifications.ts', 'src/webview/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'MemberExpression[property.name=/^(show(Information|Warning|Error)Message|setStatusBarMessage)$/]',
          message:
            'Notifications and what the status bar says for a moment are shown by views/notifications.ts.',
        },
        {
          selector: 'MemberExpression[object.property.name="ProgressLocation"][property.name="Notification"]',
          message: 'Work is shown in a notification by views/notifications.ts.',
        },
      ],
    },
  },
  {
    // Build and test scripts: plain Node, without types.
    files: ['**/*.mjs'],
    extends: [tseslint.configs.recommended],
    rules: { eqeqeq: 'error', 'prefer-const': 'error' },
  },
  {
    files: ['test/**/*.ts'],
    rules: { 'no-console': 'off', '@typescript-eslint/no-floating-promises': 'off' },
  },
);
