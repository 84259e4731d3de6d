"""How an HTML page looks: light and dark, on a desk, on a phone and on paper. The grounds are those of the pictures."""

STYLE = """\
:root { color-scheme: light dark; --line: #8884; --bar: #3b82f6; --ground: #fff; background: var(--ground); }
@media (prefers-color-scheme: dark) { :root { --ground: #0d1117; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
p, ul, dl { max-width: 60rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; }
.wide { overflow-x: auto; width: max-content; min-width: 100%; max-width: calc(100vw - 3rem); }
.wide { margin-left: 50%; transform: translateX(-50%); }  /* a table wider than the text reaches beyond both sides */
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th, td { white-space: nowrap; }
.long { min-width: 16rem; white-space: normal; }
.n { text-align: right; }
.share { background: linear-gradient(var(--bar) 0 0) no-repeat bottom right / var(--share) 3px; }
tfoot td { font-weight: 600; }
figure { margin: 1rem 0; } figure svg { display: block; margin: 0 auto; }
figcaption { text-align: center; } figcaption, summary { opacity: .75; font-size: .9em; }
summary { cursor: pointer; } details { margin: .5rem 0 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
dt, .notes { opacity: .75; } dd { margin: 0; }
h1, h2, p, li, dd, code { overflow-wrap: anywhere; }
@media (max-width: 40rem) {  /* a phone: what a row is of stays in sight while the others scroll */
  body { margin: 1rem auto; } dl { display: block; } dd { margin-bottom: .4rem; }
  tr > :first-child { position: sticky; left: 0; max-width: 35vw; white-space: normal;
    overflow-wrap: break-word; background: var(--ground); }
}
@media print {
  :root { color-scheme: light; --ground: #fff; } body { max-width: none; margin: 0; font-size: 9pt; }
  nav { display: none; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; }
  .wide { overflow: visible; width: auto; max-width: none; margin: 0; transform: none; }
  th, td, .long { min-width: 0; white-space: normal; }
}
"""
