import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cDefinitions } from '../../../src/source/cDefinitions';
import { tokenize } from '../../../src/source/tokens';

function definitions(text: string): string[] {
  return cDefinitions('a.c', tokenize(new TextEncoder().encode(text))).definitions.map(
    (one) => `${one.kind} ${one.key}:${one.line}`,
  );
}

function first(text: string) {
  const [definition] = cDefinitions('a.c', tokenize(new TextEncoder().encode(text))).definitions;
  assert.ok(definition);
  return definition;
}

test('functions in all the ways of writing them', () => {
  assert.deepEqual(definitions('int a(void)\n{\n}\n'), ['function a:1']);
  assert.deepEqual(
    definitions('static struct page *\nb(struct page *page,\n  int (*fn)(int))\n{\n\treturn 0;\n}\n'),
    ['function b:2'],
  );
  assert.deepEqual(definitions('static __always_inline void c(void) { d(); }\n'), ['function c:1']);
  assert.deepEqual(definitions('__printf(1, 2) static noinline int e(const char *f, ...)\n{\n}\n'), [
    'function e:1',
  ]);
  assert.deepEqual(definitions('void g(void)\n\t__releases(&lock)\n\t__acquires(&lock)\n{\n}\n'), [
    'function g:1',
  ]);
  assert.deepEqual(definitions('struct x h(void)\n{\n}\nint i(void)\n{\n}\n'), [
    'function h:1',
    'function i:4',
  ]);
  assert.deepEqual(definitions('EXPORT_SYMBOL(z);\nMODULE_LICENSE("GPL")\nint j(void)\n{\n}\n'), [
    'function j:3',
  ]);
  assert.deepEqual(definitions('extern "C" {\nint k(void)\n{\n}\n}\n'), ['function k:2']);
  assert.deepEqual(definitions('static const int l(void) __attribute__((pure));\nint m(void)\n{\n}\n'), [
    'function m:2',
  ]);
});

test('prototypes, calls, comments, strings, types and tables define nothing', () => {
  assert.deepEqual(
    definitions(`
int a(int x);
/* int b(void) { } */
char *s = "int c(void) { }";
struct d { int (*e)(int); };
struct ops f = { .g = h, .i = j(1) };
enum { K = L(1), };
#if 0
int m(void)
{
}
#endif
static DEFINE_MUTEX(n);
`),
    [],
  );
});

test('marks and parameters are kept', () => {
  const definition = first(
    'static __always_inline int a(struct b *c, int (*fn)(void *, int), unsigned long d[])\n{\n}\n',
  );
  assert.deepEqual(
    [definition.isStatic, definition.isInline, definition.isNoinline, definition.parameters],
    [true, true, false, ['c', 'fn', 'd']],
  );
  assert.equal(first('void __weak a(void)\n{\n}\n').isWeak, true);
  assert.equal(first('static noinline void a(void)\n{\n}\n').isNoinline, true);
});

test('branches of #ifdef leave the braces unbalanced and the next function findable', () => {
  assert.deepEqual(
    definitions(`
#ifdef CONFIG_A
int a(int x)
{
#else
int a(long x)
{
#endif
	if (x) {
#ifdef CONFIG_B
		if (y) {
#endif
	}
}

int b(void)
{
}
`),
    ['function a:3', 'function b:16'],
  );
});

test('system calls, entries and BPF functions are defined by macros', () => {
  assert.deepEqual(
    definitions('SYSCALL_DEFINE3(read, unsigned int, fd, char __user *, buf, size_t, count)\n{\n}\n'),
    ['syscall syscall:read:1'],
  );
  assert.deepEqual(definitions('COMPAT_SYSCALL_DEFINE1(x, int, y)\n{\n}\n'), ['syscall syscall:compat_x:1']);
  assert.deepEqual(definitions('DEFINE_IDTENTRY_RAW_ERRORCODE(exc_page_fault)\n{\n}\n'), [
    'function DEFINE_IDTENTRY_RAW_ERRORCODE:1',
    'function exc_page_fault:1',
  ]);
  assert.deepEqual(definitions('BPF_CALL_2(bpf_x, int, a, int, b)\n{\n}\n'), ['wrapped bpf_x:1']);
});

test('trace events', () => {
  assert.deepEqual(
    definitions(`
DECLARE_EVENT_CLASS(mm_page,
	TP_PROTO(struct page *page),
	TP_fast_assign( __entry->pfn = page ? page_to_pfn(page) : -1UL; ),
);
DEFINE_EVENT(mm_page, mm_page_free,
	TP_PROTO(struct page *page));
TRACE_EVENT(mm_alone, TP_PROTO(int a));
`),
    [
      'event class:mm_page:2',
      'event event:mm_page_free:6',
      'event event:mm_alone:8',
      'event class:mm_alone:8',
    ],
  );
});

test('functions whose names a macro pastes', () => {
  const text = `
#define FULL_PROXY_FUNC(name, ret_type, proto)	\\
static ret_type full_proxy_ ## name(proto)	\\
{						\\
	return real->name();			\\
}
FULL_PROXY_FUNC(read, ssize_t, int a);

FULL_PROXY_FUNC(write, ssize_t, int a);
#define from_user(f, g)	\\
int f(int x)		\\
{			\\
	return g(x);	\\
}
from_user(kstrtoint_from_user, kstrtoint);
#define WRAPPED(func)	static void __##func(int x); void func(int x) { __##func(x); } static void __##func(int x)
WRAPPED(sysvec_x)
{
}
`;
  const found = definitions(text).filter((one) => !one.startsWith('macro'));
  assert.deepEqual(found, [
    'generated full_proxy_read:7',
    'generated full_proxy_write:9',
    'generated kstrtoint_from_user:15',
    'generated sysvec_x:17',
    'function __sysvec_x:17',
  ]);
});

test('macros that stand for calls', () => {
  assert.deepEqual(
    definitions('#define put(x) __put(x)\n#define get try_get\n#define LIMIT 7\n#define A_B C_D\n'),
    ['macro put:1', 'macro get:2'],
  );
});

test('text made to take time takes little', () => {
  const started = performance.now();
  for (const unit of [
    '(',
    'f(',
    'f(a)',
    'f() {',
    '\n{',
    '#define f(',
    '#define f(a) a##b(\n',
    'A(',
    'x = {',
    '= ',
  ]) {
    definitions(unit.repeat(400_000 / unit.length));
  }
  assert.ok(performance.now() - started < 10_000);
});
