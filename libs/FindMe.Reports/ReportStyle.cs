namespace FindMe.Reports;

/// <summary>How the page of a report looks. It lies in the page, so that one file is enough.</summary>
internal static class ReportStyle
{
    public const string Css = """

        :root { color-scheme: light dark; --ink: #241813; --soft: #67554a; --line: #d9cab3; --paper: #fffdf9; --mark: #a32612; }
        @media (prefers-color-scheme: dark) { :root { --ink: #f7ebdc; --soft: #c0ac9b; --line: #4a3b33; --paper: #15100e; --mark: #ff8d6e; } }
        *, *::before, *::after { box-sizing: border-box; }
        html { font: 100%/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif; color: var(--ink); background: var(--paper); }
        body { max-width: 62rem; margin: 0 auto; padding: 2rem 1.2rem 3rem; overflow-wrap: anywhere; }
        h1 { font: 700 2.4rem/1.1 Georgia, "Iowan Old Style", "Noto Serif", serif; margin: 0 0 .4rem; }
        h2 { font: 700 1.3rem/1.2 Georgia, "Iowan Old Style", "Noto Serif", serif; margin: 2rem 0 .8rem; padding-top: .6rem; border-top: 2px solid var(--line); break-after: avoid; }
        p { margin: 0; }
        .event { font-size: 1.25rem; }
        .days, .source, .note, .copies { color: var(--soft); }
        .cover { display: block; max-width: 100%; max-height: 32rem; width: auto; height: auto; margin: 1.4rem 0 0; border-radius: 6px; }
        .totals { display: flex; flex-wrap: wrap; gap: .4rem 2rem; margin: 1.2rem 0; }
        .totals div { display: flex; flex-direction: column-reverse; }
        .totals dt { color: var(--soft); font-size: .9rem; }
        .totals dd { margin: 0; font: 700 1.7rem/1 Georgia, serif; }
        .timeline { display: block; width: 100%; max-width: 34rem; height: auto; margin: 1rem 0; fill: var(--mark); font: 12px system-ui, sans-serif; }
        .timeline text { fill: var(--soft); }
        .timeline path { stroke: var(--line); }
        ol { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.6rem 1.4rem; align-items: start; }
        .short ol { grid-template-columns: minmax(0, 1fr); }
        li { break-inside: avoid; min-width: 0; }
        figure { margin: 0; }
        .link-only { padding: .5rem .8rem .7rem; border: 1px solid var(--line); border-radius: 6px; }
        .photo { display: block; max-width: 100%; max-height: 26rem; width: auto; height: auto; border-radius: 4px; }
        .short .photo { max-height: 42rem; }
        figcaption { padding-top: .4rem; font-size: .92rem; }
        .caption { font-weight: 650; font-size: 1rem; }
        .text { white-space: pre-line; }
        footer { margin-top: 2.4rem; padding-top: .8rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .9rem; }
        .link { font-size: .82rem; }
        .link a { color: var(--mark); }
        @media (max-width: 34rem) { ol { grid-template-columns: minmax(0, 1fr); } h1 { font-size: 1.9rem; } }
        @page { margin: 15mm 14mm 16mm; @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; color: #555; } }
        @media print {
          :root { color-scheme: light; --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --mark: #8c1f0d; }
          html { font-size: 10.5pt; }
          body { max-width: none; padding: 0; }
          header { break-after: page; }
          .short header { break-after: auto; }
          .cover { max-height: 130mm; }
          ol { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 7mm 6mm; }
          .short ol { grid-template-columns: minmax(0, 1fr); }
          .photo { max-height: 95mm; }
          .short .photo { max-height: 150mm; }
          .timeline rect { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
          h2 { margin-top: 8mm; }
          main > h2:first-child { margin-top: 0; }
          .link a { text-decoration: none; }
        }

        """;
}
