import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cDefinitions } from '../../../src/source/cDefinitions';
import { callSites, type CallSite } from '../../../src/source/callSites';
import { LineTable } from '../../../src/source/lineTable';
import { tokenize } from '../../../src/source/tokens';

function sites(body: string): readonly CallSite[] {
  const bytes = new TextEncoder().encode(`void f(int a)\n{\n${body.replace(/^/gm, '\t')}\n}\n`);
  const [definition] = cDefinitions('a.c', tokenize(bytes)).definitions;
  assert.ok(definition);
  return callSites(definition, bytes, new LineTable(bytes));
}

/** Calls without mentions, with lines counted from the first of the body. */
function calls(body: string): string[] {
  return sites(body)
    .filter((site) => site.how !== 'mention')
    .map((site) => `${site.how} ${site.name}:${site.line - 2}`);
}

function lastCalls(body: string): string[] {
  return sites(body)
    .filter((site) => site.isLast)
    .map((site) => site.name);
}

test('calls by name, through members, tables and pointers', () => {
  assert.deepEqual(
    calls('a(1);\nb->ops->fault(vmf);\nc.d(e);\ntable[nr](regs);\n(*fn)(x);\n(*ops->fn)(y);'),
    ['name a:1', 'member fault:2', 'member d:3', 'table table:4', 'pointer fn:5', 'member fn:6'],
  );
});

test('keywords, casts, declarations of pointers, comments, strings and assembly are no calls', () => {
  assert.deepEqual(
    calls(`if (x) while (y) for (;;) return (z);
sizeof(int); (void)(p); /* a(1) */ s = "b(2)";
int (*fn)(int) = g;
asm volatile("call x" : "=r" (a) : "r" (b));`),
    [],
  );
});

test('a local variable that is called is a pointer', () => {
  assert.deepEqual(calls('int (*threadfn)(void *) = create->threadfn;\nret = threadfn(data);'), [
    'pointer threadfn:2',
  ]);
  assert.deepEqual(calls('work_func_t fn = w->fn;\nfn(w);'), ['pointer fn:2']);
});

test('the line is that of the first token of the called expression', () => {
  assert.deepEqual(calls('a(b,\n  c);'), ['name a:1']);
  assert.deepEqual(calls('x->y\n  ->z(1);'), ['member z:1']);
  assert.deepEqual(calls('if (a &&\n    b(c))\n  d();'), ['name b:2', 'name d:3']);
});

test('a call that is a whole argument has the line of the call around it', () => {
  assert.deepEqual(calls('a(b,\n  c(d),\n  e(f) + 1);'), ['name a:1', 'name c:1', 'name e:3']);
});

test('the uses around a call are kept, for those that are macros', () => {
  const [, inner] = sites('WARN_ON(x &&\n  y(z));');
  assert.deepEqual(inner && [inner.name, inner.uses.map((use) => use.name)], ['y', ['WARN_ON']]);
});

test('a function named as an argument is mentioned', () => {
  const mentions = sites('kthread_run(kswapd, &data, "x");').filter((site) => site.how === 'mention');
  assert.deepEqual(
    mentions.map((site) => site.name),
    ['kswapd', 'data'],
  );
});

test('guards call what their names say', () => {
  assert.deepEqual(
    calls('guard(mutex)(&m);\nstruct x *p __free(kfree) = NULL;').filter((one) => /guard:[a-z]/.test(one)),
    ['name guard:mutex:1', 'name guard:kfree:2'],
  );
});

test('calls that end their function', () => {
  assert.deepEqual(lastCalls('a();\nreturn b();'), ['b']);
  assert.deepEqual(lastCalls('a();\nb();'), ['b']);
  assert.deepEqual(lastCalls('if (x) {\n a();\n} else {\n b();\n}'), ['a', 'b']);
  assert.deepEqual(lastCalls('if (x)\n a();\nelse if (y)\n b();\nelse\n c();'), ['a', 'b', 'c']);
  assert.deepEqual(lastCalls('switch (x) {\ncase 1:\n a();\n break;\ndefault:\n b();\n}'), ['a', 'b']);
  assert.deepEqual(lastCalls('if (x) {\n a();\n return;\n}\nb();\nout:\n;'), ['a']);
  assert.deepEqual(lastCalls('ret = a();\nreturn ret;'), ['a']);
});

test('calls that something follows do not', () => {
  assert.deepEqual(lastCalls('while (x) {\n a();\n}'), []);
  assert.deepEqual(lastCalls('for_each(x) {\n a();\n}'), []);
  assert.deepEqual(lastCalls('a();\nx = 1;'), []);
  assert.deepEqual(lastCalls('return a() + 1;'), []);
  assert.deepEqual(lastCalls('ret = a();\nreturn other;'), []);
});

test('text made to take time takes little', () => {
  const started = performance.now();
  for (const unit of [
    'f(',
    'f(a,',
    'a->',
    '(*a)(',
    'a[b](',
    'if (x) f(); else ',
    'f();',
    '{',
    'case 1: f(); break; ',
  ]) {
    sites(unit.repeat(300_000 / unit.length));
  }
  assert.ok(performance.now() - started < 10_000);
});
