/** The report's style sheet: one column of text, figures and tables a little wider, set for screen, phone and paper. */
import { DRAWING_STYLE, paletteStyle } from './palette.ts';
export const PAGE_STYLE = `${paletteStyle(':root')}
${DRAWING_STYLE}
*{box-sizing:border-box}
html{background:var(--paper);color:var(--ink);-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:60rem;padding:1.75rem 1.25rem 5rem;font:1.0625rem/1.6 Charter,"Bitstream Charter","Sitka Text",Cambria,Georgia,serif}
header{border-bottom:1px solid var(--rule);padding-bottom:.9rem}header p{margin:.4rem 0;max-width:none}
h1,h2,h3,.cell-heading,table,.key,.numbers,.note,.eyebrow,.facts,nav,summary{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
.eyebrow{margin:0;color:var(--muted);font-size:.8125rem;letter-spacing:.04em}
h1{margin:.3rem 0 .5rem;font-size:clamp(1.6rem,1.2rem + 2vw,2.2rem);line-height:1.15;letter-spacing:-.015em;overflow-wrap:anywhere}
h2{margin:3.5rem 0 1rem;font-size:1.35rem;line-height:1.25;letter-spacing:-.01em}
main>section:first-child>h2{margin-top:1.5rem}
h3{margin:2.25rem 0 .75rem;font-size:1.05rem}
p,figcaption,.facts{max-width:44rem}
p{margin:.75rem 0;overflow-wrap:break-word}
.cell-heading{margin:0 0 .35rem;font-size:.875rem;font-weight:600;line-height:1.35;overflow-wrap:anywhere}
nav{margin-top:.7rem;font-size:.875rem}
nav a{color:inherit;margin-right:1.1rem;text-underline-offset:.2em;text-decoration-color:var(--rule)}
nav a:hover{text-decoration-color:currentColor}
:focus-visible{outline:2px solid var(--ensemble);outline-offset:2px}
.verdict{max-width:none;margin:.8rem 0 1.2rem;padding:.6rem 1.15rem;line-height:1.45;background:var(--panel);border-left:.3rem solid var(--level);border-radius:.2rem}
.verdict>p,.verdict>ul{max-width:54rem;margin:.3rem 0}.verdict>ul{padding-left:1.3rem}
.verdict strong{color:var(--level)}
.standing{font-weight:600;white-space:nowrap}.standing::before{content:"\\25cf\\a0" / ""}.standing.yes{color:var(--good)}.standing.roughly{color:var(--care)}.standing.roughly::before{content:"\\25d0\\a0" / ""}.standing.no{color:var(--bad)}.standing.no::before{content:"\\25cb\\a0" / ""}.standing.unknown{color:var(--muted)}.standing.unknown::before{content:"?\\a0" / ""}
.trust{--level:var(--good)}.care{--level:var(--care)}.none{--level:var(--bad)}
.numbers{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:1rem 1.5rem;margin:1.5rem 0}
.numbers dt{color:var(--muted);font-size:.8125rem}
.numbers dd{margin:0;font-size:1.25rem;font-weight:600;font-variant-numeric:tabular-nums}
.numbers dd.note{font-size:.75rem;font-weight:400;line-height:1.35}
.scroll{overflow-x:auto;margin:1.5rem 0}
table{border-collapse:collapse;width:100%;font-size:.875rem;line-height:1.4}
table.fit{width:auto;min-width:min(100%,34rem)}
caption{text-align:left;color:var(--muted);font-size:.8125rem;padding-bottom:.6rem}caption{position:sticky;left:0}caption>span{display:block;max-width:min(44rem,calc(100vw - 2.5rem))}
th,td{text-align:left;padding:.45rem 1rem .45rem 0;vertical-align:baseline;border-bottom:1px solid var(--rule)}
th:last-child,td:last-child{padding-right:0}
thead th{font-weight:600;font-size:.8125rem;vertical-align:bottom;border-bottom:1.5px solid var(--ink)}
tbody th{font-weight:600}
tfoot th,tfoot td{border-bottom:0}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
thead .number{white-space:normal}
.strong{font-weight:700}
.below{display:block;color:var(--muted);font-size:.75rem;font-weight:400;line-height:1.3}
code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
figure{margin:2rem 0 2.5rem}
figcaption{margin-top:.9rem;font-size:.9375rem;line-height:1.5;color:var(--muted)}
figcaption b{color:var(--ink)}
.files{display:block;margin-top:.35rem;font-size:.8125rem}
.files a{color:inherit}
.key{display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;list-style:none;margin:0 0 .9rem;padding:0;font-size:.8125rem}
.key li{display:flex;align-items:center;gap:.5rem}
.mark{flex:none;width:1.5rem;height:.75rem;position:relative}
.mark::before,.interval::after{content:"";position:absolute;inset:0;margin:auto}
.line::before{height:0;border-top:2px solid var(--colour)}
.thin::before{border:solid var(--colour);border-width:1px 0}
.tick::before{width:0;border-left:1.2px solid var(--colour)}
.dashed::before{height:0;border-top:2px dashed var(--colour)}
.broad::before{height:0;border-top:5px solid var(--colour);opacity:.5}
.band::before{background:linear-gradient(var(--colour),var(--colour)) center/100% 45% no-repeat;opacity:.55;box-shadow:inset 0 0 0 1rem color-mix(in srgb,var(--colour) 35%,transparent)}
.dot::before{width:.5rem;height:.5rem;border-radius:50%;background:var(--colour)}
.hollow::before{width:.5rem;height:.5rem;border-radius:50%;border:1.5px solid var(--colour)}
.reference::before{width:0;border-left:2px solid var(--colour)}
.interval::before{height:0;border-top:2px solid var(--colour)}
.interval::after{width:.5rem;height:.5rem;border-radius:50%;border:2px solid var(--colour);background:var(--paper)}
.cells{display:grid;gap:1.75rem 2rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr))}
.cells.small{grid-template-columns:repeat(auto-fill,minmax(min(100%,16rem),1fr))}
.cells.one{grid-template-columns:1fr}
.cells.one>.cell>.drawing{max-width:30rem}
.cell{min-width:0}
.small>.cell{max-width:26rem}
.note a{color:inherit}
.note{margin:.2rem 0 0;color:var(--muted);font-size:.8125rem;line-height:1.4}
.narrow{display:none}
.facts{margin:1rem 0 1.5rem;font-size:.875rem}
.facts>div{display:grid;grid-template-columns:9rem 1fr;gap:.25rem 1rem;padding:.35rem 0;border-bottom:1px solid var(--rule)}
.facts dt{color:var(--muted)}
.facts dd{margin:0;overflow-wrap:anywhere}
details{margin:1.5rem 0}
summary{cursor:pointer;font-size:.9375rem;font-weight:600}
pre{max-height:36rem;overflow:auto;padding:1rem;background:var(--panel);border-radius:.2rem;line-height:1.45}
.name{white-space:nowrap}.name .below{white-space:normal}
@media (min-width:60rem){.name .below{white-space:nowrap}}
@media (max-width:40rem){body{padding-top:1.5rem;font-size:1rem}.wide{display:none}.narrow{display:block}.facts>div{grid-template-columns:1fr}nav{display:none}.size{display:block;font-weight:400;font-size:.75rem}th,td{padding-right:.75rem}}
@page{margin:14mm 12mm}
@media print{body{max-width:none;padding:0;font-size:10pt}nav,.files{display:none}.cell,.key,figcaption,tr,.verdict,.numbers,.facts>div{break-inside:avoid}h2{margin-top:2rem}.facts{font-size:8.5pt}h2,h3,.key,caption,.cell-heading{break-after:avoid}table{font-size:8pt}table.dense{font-size:6.5pt}.below{font-size:.9em}thead th{font-size:1em}caption,.note{font-size:8pt}table.fit{min-width:0}th,td{padding-right:.5rem;padding-top:.25rem;padding-bottom:.25rem}.number,.standing{white-space:normal}figcaption{break-before:avoid;font-size:8.5pt;line-height:1.35;max-width:none}.key,.cell-heading{font-size:8pt}figure{margin:1rem 0 1.5rem}.cells{grid-template-columns:1fr 1fr;gap:.8rem 1.2rem}.cells.small{grid-template-columns:1fr 1fr 1fr}.cells.one{grid-template-columns:1fr}.scroll{overflow:visible}pre{max-height:none;white-space:pre-wrap;font-size:6.5pt;columns:2}details::details-content{content-visibility:visible;height:auto}.verdict{border:1px solid var(--rule);border-left:.3rem solid var(--level)}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}`;
