import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSymbolName, sourceName, stripSuffixes } from '../../../src/source/symbolName';

test('compiler suffixes and the padding prefix are no part of the name', () => {
  for (const [symbol, base] of [
    ['vfs_write', 'vfs_write'],
    ['simple_attr_write_xsigned.constprop.0.isra.0', 'simple_attr_write_xsigned'],
    ['bprm_execve.part.0', 'bprm_execve'],
    ['copy_process.cold', 'copy_process'],
    ['do_one.llvm.8234567890123', 'do_one'],
    ['do_one.__uniq.123.llvm.9', 'do_one'],
    ['flush.lto_priv.0', 'flush'],
    ['warned.5', 'warned'],
    ['__pfx_vfs_read', 'vfs_read'],
  ] as const) {
    assert.equal(stripSuffixes(symbol), base);
  }
});

test('system calls of all wrappers lead to their macro', () => {
  for (const symbol of [
    '__x64_sys_clone',
    '__ia32_sys_clone',
    '__se_sys_clone',
    '__do_sys_clone',
    '__arm64_sys_clone',
    'sys_clone',
    'SyS_clone',
    'SYSC_clone',
  ]) {
    assert.ok(sourceName(symbol).keys.includes('syscall:clone'), symbol);
  }
  assert.ok(sourceName('__ia32_compat_sys_ioctl').keys.includes('syscall:compat_ioctl'));
  assert.deepEqual(sourceName('__x64_sys_clone').wrapped, ['__do_sys_clone', '__se_sys_clone']);
  assert.deepEqual(sourceName('__se_sys_clone').wrapped, ['__do_sys_clone']);
  assert.deepEqual(sourceName('__do_sys_clone').wrapped, []);
  assert.deepEqual(sourceName('ksys_write').keys, ['ksys_write']);
});

test('generated trace functions lead to their event or class', () => {
  assert.ok(
    sourceName('trace_event_raw_event_page_ref_mod_template').keys.includes('class:page_ref_mod_template'),
  );
  assert.ok(sourceName('perf_trace_mm_page').keys.includes('class:mm_page'));
  assert.ok(sourceName('__bpf_trace_mm_page').keys.includes('class:mm_page'));
  assert.ok(sourceName('__traceiter_mm_page_free').keys.includes('event:mm_page_free'));
  assert.ok(sourceName('trace_mm_page_free_rcuidle').keys.includes('event:mm_page_free'));
  assert.ok(sourceName('asm_exc_page_fault').keys.includes('idtentry:exc_page_fault'));
});

test('addresses and tracer words are no names', () => {
  for (const text of ['0xffffffff81234567', '0', "[unknown/kretprobe'd]", '[FTRACE TRAMPOLINE]', '']) {
    assert.equal(isSymbolName(text), false);
  }
  assert.equal(isSymbolName('foo.isra.0'), true);
});
