/** Signs of the timeline are told from what is behind them, in the colours that VS Code's themes have. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { contrastOf, LEAST_CONTRAST, signColour } from '../../../src/webview/signColour';

/** By the theme: background, foreground, and the colours of charts. */
const THEMES: Readonly<Record<string, readonly [string, string, Readonly<Record<string, string>>]>> = {
  'Light Modern': [
    '#FFFFFF',
    '#3B3B3B',
    {
      orange: 'rgba(234, 92, 0, 0.33)',
      yellow: '#BF8803',
      red: '#E51400',
      green: '#388A34',
      blue: '#0063D3',
    },
  ],
  'Dark Modern': [
    '#1F1F1F',
    '#CCCCCC',
    { orange: '#ea5c0055', yellow: '#CCA700', red: '#F14C4C', green: '#89D185', purple: '#652D90' },
  ],
  'Dark High Contrast': ['#000000', '#FFFFFF', { orange: '#ab5a00', purple: '#652D90' }],
  'Light High Contrast': ['#FFFFFF', '#292929', { orange: '#0F4A85', yellow: '#895503' }],
};

for (const [theme, [background, foreground, charts]] of Object.entries(THEMES)) {
  for (const [name, colour] of Object.entries(charts)) {
    test(`${name} in ${theme} is seen`, () => {
      const drawn = signColour(colour, background, foreground);
      const contrast = contrastOf(drawn, background);
      assert.ok(contrast >= LEAST_CONTRAST, `${drawn} on ${background}: ${contrast}`);
      assert.doesNotMatch(drawn, /rgba|#\w{8}/, 'nothing shines through');
    });
  }
}

test('a colour that is seen well enough stays what it is, and one that is not keeps what it can', () => {
  assert.equal(signColour('rgba(234, 92, 0, 0.33)', '#ffffff', '#3b3b3b'), 'rgb(234, 92, 0)');
  assert.equal(signColour('#e51400', '#fff', '#000'), 'rgb(229, 20, 0)');
  assert.match(signColour('#ffee00', '#fff', '#000'), /^rgb\((\d+), \d+, 0\)$/);
});

test('what is no colour stays as it is', () => {
  assert.equal(signColour('color(srgb 1 0 0)', '#fff', '#000'), 'color(srgb 1 0 0)');
  assert.equal(contrastOf('red', '#fff'), 1);
});
