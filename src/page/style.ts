/** The look of the page; colours are told apart by lightness too. */
export const style = `
:root { color-scheme: light dark; --back: #fbfbf9; --card: #ffffff; --text: #1c1c1a; --quiet: #5d5d58; --line: #dededa;
  --main: #1f63b5; --second: #c4570c; --third: #7a3f9d; --bar: #d3d8e0; --density: #6f8fb5; }
@media (prefers-color-scheme: dark) {
  :root { --back: #161618; --card: #1e1e21; --text: #ececea; --quiet: #a9a9a4; --line: #38383c;
    --main: #74aef5; --second: #f0965a; --third: #c79be6; --bar: #3f4652; --density: #6d86a6; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .25rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 0 0 .25rem; }
p { margin: .25rem 0 .75rem; max-width: 46rem; }
.quiet, figure p { color: var(--quiet); }
figure p { font-size: .9rem; }
a { color: var(--main); }
nav ul, .legend, .tiles { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .35rem 1.25rem; margin: .5rem 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1rem 0 1.5rem; }
.tiles li { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .7rem .9rem; font-size: .85rem; color: var(--quiet); }
.tiles strong { display: block; font-size: 1.5rem; line-height: 1.25; color: var(--text); font-variant-numeric: tabular-nums; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; }
svg { display: block; width: 100%; min-width: 27rem; height: auto; }
svg text { font-size: 13px; fill: var(--text); }
svg .tick, svg .axis { fill: var(--quiet); font-size: 12px; }
.grid { stroke: var(--line); } .zero { stroke: var(--quiet); }
.target { stroke: var(--quiet); stroke-width: 1.5; stroke-dasharray: 5 4; fill: none; }
.stroke { fill: none; stroke-width: 2.5; stroke-linejoin: round; } .stroke.thin { stroke-width: 1; }
.stroke.main { stroke: var(--main); } .stroke.second { stroke: var(--second); } .stroke.third { stroke: var(--third); }
.dot { stroke: var(--card); stroke-width: 1.5; }
.dot.main, .fill.main { fill: var(--main); } .dot.second { fill: var(--second); } .dot.third { fill: var(--third); }
.bar { fill: var(--bar); } .density { fill: var(--density); }
.legend { font-size: .85rem; }
.legend li { display: flex; align-items: center; gap: .45rem; }
.key { display: inline-block; width: 1.4rem; }
.key.line { border-top: 3px solid; } .key.box { height: .8rem; border-radius: 2px; background: var(--bar); }
.key.line.main { color: var(--main); } .key.line.second { color: var(--second); } .key.line.third { color: var(--third); }
.key.line.target { border-top-style: dashed; border-top-width: 2px; color: var(--quiet); } .key.box.main { background: var(--main); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; width: 100%; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child { text-align: left; } thead th { color: var(--quiet); font-weight: 600; } tbody th { font-weight: 500; }
.apart { margin-top: 1.75rem; }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; color: var(--quiet); max-width: 46rem; }
.estimators tbody tr:last-child > * { font-weight: 700; }
details { margin-top: .5rem; font-size: .9rem; } summary { cursor: pointer; color: var(--quiet); }
@media print { details { display: none; } figure, .tiles li { break-inside: avoid; } }
`;
