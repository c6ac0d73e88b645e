/** Tags that are not closed in the order in which they were opened; for documents whose text holds no bare `<`. */
const VOID = new Set(['meta', 'link', 'br', 'hr', 'img', 'input']);

export function unbalancedTags(page: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  const body = page
    .replaceAll(/<style>.*?<\/style>/gs, '')
    .replace('<!doctype html>', '')
    .replace(/<\?xml.*?\?>/, '');
  for (const [tag, close, name = '', selfClosed] of body.matchAll(/<(\/?)([a-zA-Z][\w-]*)(?:"[^"]*"|[^">])*?(\/?)>/g)) {
    if (close === '/') {
      if (open.pop() !== name) wrong.push(tag);
    } else if (selfClosed !== '/' && !VOID.has(name)) open.push(name);
  }
  const stray = body.replaceAll(/<(?:"[^"]*"|[^">])*>/g, '').match(/[<>]/g) ?? [];
  return [...wrong, ...open, ...stray];
}
