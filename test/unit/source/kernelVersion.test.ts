/** What a release says of the version of a tree, and what it does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOtherVersion } from '../../../src/source/kernelVersion';

const told = (release: string, version: string): string => `${release} ${version}`;

test('another version is said where both are known', () => {
  for (const [release, version] of [
    ['6.1.192-pagelab', '6.1.176'],
    ['6.1.192', '6.2.0'],
    ['6.1.0-43-amd64', '6.6.8'],
    ['6.7-amd64', '6.8.1'],
    ['6.1.0', '6.1.176'],
    ['6.1.0+', '6.1.176'],
    ['6.8.0-rc3', '6.8.0-rc4'],
    ['6.8.0-rc3+', '6.8.0'],
    ['6.8.2', '6.8.0-rc3'],
    ['6.1.192-rt', '6.1.19'],
  ] as const) {
    assert.equal(isOtherVersion(release, version), true, told(release, version));
  }
});

test('nothing is said of the same version, and of releases that do not show theirs', () => {
  for (const [release, version] of [
    ['6.1.192-pagelab', '6.1.192'],
    ['6.1.192+', '6.1.192'],
    ['6.1.192', '6.1.192-local'],
    ['6.8.0-rc3-next-20240216', '6.8.0-rc3'],
    ['6.1.0-43-amd64', '6.1.176'],
    ['6.1.0-rpi7-rpi-v8', '6.1.63'],
    ['5.15.0-91-generic', '5.15.131'],
    ['6.7-amd64', '6.7.9'],
    ['6.1.5', '6.1'],
    ['', '6.1.176'],
    ['unknown', '6.1.176'],
  ] as const) {
    assert.equal(isOtherVersion(release, version), false, told(release, version));
  }
});
