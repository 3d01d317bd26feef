/** Shell text, bundled as a string. */
declare module '*.sh' {
  const text: string;
  export default text;
}
