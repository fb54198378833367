import { personas } from './personas.ts'
import type { Look } from './surface.ts'

/** The simulated consent page: who are you, and what do you say? Works in a person's browser and without scripts. */
export function consentPage({ look, action }: { look: Look; action: string }): string {
  const { name } = look
  const buttons = personas.map(
    ({ id, ko, en, decision }) =>
      `<button name="persona" value="${id}" class="${decision}"><span lang="ko">${ko}</span> <small lang="en">${en}</small></button>`,
  )
  return page(
    look,
    `<h1><span lang="ko">${name.ko} 로그인</span> <small lang="en">Sign in with ${name.en}</small></h1>
<p><span lang="ko">연습용 화면입니다. 진짜 ${name.ko} 로그인 화면이 아닙니다.</span> <br><span lang="en">A simulation: nothing leaves this machine. Who are you?</span></p>
<form method="post" action="${escaped(action)}">
${buttons.join('\n')}
</form>`,
  )
}

/** What a provider shows where it cannot send the browser back: unknown client, address, scope. */
export function errorPage(look: Look, code: string): string {
  return page(
    look,
    `<h1><span lang="ko">로그인할 수 없습니다</span> <small lang="en">Sign-in is not possible</small></h1>
<p><code>${escaped(code)}</code></p>`,
  )
}

/** Kakao's "log out with the Kakao account": the person chooses, both ways lead back. */
export function logoutPage(look: Look, returnTo: string): string {
  return page(
    look,
    `<h1><span lang="ko">${look.name.ko} 계정 로그아웃</span> <small lang="en">Sign out of ${look.name.en}</small></h1>
<p><a class="allow" href="${escaped(returnTo)}"><span lang="ko">계정도 로그아웃</span> <small lang="en">Sign out here too</small></a></p>
<p><a class="deny" href="${escaped(returnTo)}"><span lang="ko">이 서비스만 로그아웃</span> <small lang="en">Stay signed in here</small></a></p>`,
  )
}

function page(look: Look, body: string): string {
  return `<!doctype html>
<html lang="ko">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${look.name.en} (simulated)</title>
<link rel="icon" href="data:,">
<style>
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:${look.page};color:#1f1f1f;font:16px/1.5 system-ui,sans-serif}
main{width:min(26rem,calc(100vw - 2rem));margin:1rem;padding:2rem 1.5rem;background:#fff;border-radius:16px;border-top:12px solid ${look.background};box-shadow:0 8px 32px #0002}
h1{font-size:1.35rem;margin:0 0 .75rem}
small{display:block;font-weight:400;font-size:.85em}
p{margin:0 0 1rem}
form{display:grid;gap:.6rem}
button,a.allow,a.deny{display:block;width:100%;padding:.75rem 1rem;border:1px solid #0003;border-radius:10px;background:${look.background};color:${look.foreground};font:inherit;text-align:left;text-decoration:none;cursor:pointer}
button.deny,button.down,a.deny{background:#fff;color:#1f1f1f}
button:hover,a:hover{filter:brightness(.96)}
:focus-visible{outline:3px solid #1a56db;outline-offset:2px}
</style>
</head>
<body><main>
${body}
</main></body>
</html>
`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
