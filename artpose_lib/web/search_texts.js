// Sphinx' search fetches each page that it has found, for a line of its text. From a disk no browser allows that, so the
// texts of all pages come along in this script, and are given instead.
function keepTexts(texts) {
  const fetch = window.fetch;
  window.fetch = (address, ...rest) => {
    const text = texts[String(address).replace(/^\.\//, "")];
    return text ? Promise.resolve(new Response(text)) : fetch(address, ...rest);
  };
}
