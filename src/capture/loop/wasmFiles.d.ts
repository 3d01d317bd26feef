/** The bytes of a WebAssembly module, which the bundler compiles. */
declare module '*.wasm' {
  const code: Uint8Array<ArrayBuffer>;
  export default code;
}
